"""Schedules from the command line, on a real server."""

import json

import pytest

from flows.__main__ import schedule_add
from tests.flows.conftest import run_file

pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture
def given(tmp_path, worker, model_url):
    """The words of a good command."""
    path = run_file(tmp_path, model_url)
    words = ["schedule", path, "--flow", "incremental", "--out", tmp_path / "out"]
    return [*words, "--cron", "0 2 * * *", "--pool", "labeler"]


def listed(server):
    return {
        one["name"]: one for one in json.loads(server.labeler("schedule", "list", "--json").stdout)
    }


def test_a_schedule_is_added_listed_paused_resumed_and_removed(server, given, tmp_path):
    name = f"incremental/{tmp_path.name}"
    added = server.labeler(*given, "--timezone", "Europe/Berlin")
    assert added.stdout.splitlines()[-1] == (
        f"{name}: scheduled 0 2 * * * (Europe/Berlin) on pool labeler"
    )
    one = listed(server)[name]
    assert (one["cron"], one["timezone"], one["active"]) == ("0 2 * * *", "Europe/Berlin", True)
    assert (one["pool"], one["out"]) == ("labeler", str(tmp_path / "out"))
    server.labeler("schedule", "pause", name)
    assert listed(server)[name]["active"] is False
    server.labeler("schedule", "resume", tmp_path.name)
    assert listed(server)[name]["active"] is True
    server.labeler("schedule", "remove", name)
    assert name not in listed(server)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"cron": "61 * * * *"}, "--cron '61 * * * *': not a valid cron; write for example"),
        ({"cron": "* * * * * *"}, "--cron '* * * * * *': not a valid cron; write for example"),
        ({"timezone": "Mars"}, "--timezone 'Mars': not a valid timezone; write for example"),
        ({"pool": "gone"}, "--pool gone: the server has no such work pool (it has: labeler)"),
        ({"flow": "nap"}, "--flow nap: choose among label, incremental, refresh, publish, audit"),
        ({"flow": "audit", "settings": ["sample=["]}, "--set sample: not YAML ("),
        ({"settings": ["sede=1"]}, "unknown key 'sede'; did you mean 'seed'?"),
    ],
)
def test_a_mistake_is_one_line_with_its_remedy(server, given, change, said, monkeypatch, capsys):
    """In this process, for speed; the command starts the same function."""
    good = {"flow": "incremental", "cron": "0 2 * * *", "timezone": "UTC", "pool": "labeler"}
    files = {"config": str(given[1]), "out": str(given[5])}
    monkeypatch.setenv("PREFECT_API_URL", server.url)
    with pytest.raises(SystemExit) as ended:
        schedule_add(**files, **{"name": None, "settings": []} | good | change)
    lines = capsys.readouterr().err.splitlines()
    assert ended.value.code == 2
    assert [line for line in lines if said in line] == lines[-1:]
    assert lines[-1].startswith("labeler: ")


def test_a_second_schedule_that_writes_the_same_dataset_is_refused(server, given, tmp_path):
    server.labeler(*given)
    line = server.refused(*given, "--name", "second")
    name = f"incremental/{tmp_path.name}"
    assert line == (
        f"labeler: schedule {name} writes {tmp_path / 'out'} already; "
        f"`labeler schedule remove {name}` first, or choose another --out"
    )
    server.labeler("schedule", "remove", name)


def test_a_name_that_is_no_schedule(server):
    assert "nix: no such schedule; choose among:" in server.refused("schedule", "pause", "nix")
