"""Schedules from the command line, on a real server."""

import asyncio
import json

import pytest

from flows.__main__ import schedule_add
from flows.schedule import add_schedule, change
from flows.schedule_list import listed as listed_here
from labeler.errors import ConfigError
from tests.flows.conftest import deliver, run_file

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
    assert not known(name).active
    asyncio.run(change(tmp_path.name, "resume"))
    assert known(name).active
    asyncio.run(change(name, "remove"))
    assert name not in {one.name for one in asyncio.run(listed_here())}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"cron": "61 * * * *"}, "--cron '61 * * * *': not a valid cron; write for example"),
        ({"cron": "* * * * * *"}, "--cron '* * * * * *': not a valid cron; write for example"),
        ({"timezone": "Mars"}, "--timezone 'Mars': not a valid timezone; write for example"),
        ({"pool": "gone"}, "--pool gone: the server has no such work pool (it has: "),
        ({"flow": "nap"}, "--flow nap: choose among label, incremental, refresh, publish, audit"),
        ({"flow": "audit", "settings": ["sample=["]}, "--set sample: not YAML ("),
        ({"settings": ["sede=1"]}, "unknown key 'sede'; did you mean 'seed'?"),
        (
            {"flow": "audit", "settings": ["min_accuracy=1.5"]},
            "--set min_accuracy=1.5: must be at least 0 and at most 1",
        ),
        ({"flow": "audit", "settings": ["sample=0"]}, "--set sample=0: must be at least 1"),
        ({"flow": "audit", "settings": ["sample=many"]}, "--set sample: Input should be a valid"),
        ({"settings": ["problems.path=gone"]}, "gone does not exist; make the folder that is to"),
        ({"settings": ["problems.path=run.yaml"]}, "unknown ending '.yaml'; use .jsonl or"),
        ({"settings": ["policy.model=other"]}, "no model 'other' at "),
        ({"settings": ["policy.urls=['http://127.0.0.1:9/v1']"]}, "no server answers at http"),
        ({"out": "{0}/run.yaml"}, "run.yaml: is a file; name a folder"),
        ({"out": "{0}/inbox"}, "inbox: holds 0.jsonl and no dataset; name an empty folder"),
        ({"flow": "publish"}, "--set repository=namespace/name is missing"),
        (
            {"flow": "publish", "settings": ["repository=steps"]},
            "'steps': a repository is namespace/name, such as me/my-steps",
        ),
        (
            {"flow": "publish", "settings": ["repository=me/steps", "licence=mine"]},
            "licence mine: no licence identifier that the Hub knows",
        ),
        (
            {"flow": "publish", "settings": ["repository=me/steps", "splits={train: 0.5}"]},
            "--splits: shares must be positive and sum to 1",
        ),
    ],
)
def test_a_mistake_is_one_line_with_its_remedy(server, given, change, said, monkeypatch, capsys):
    """In this process, for speed; the command starts the same function."""
    good = {"flow": "incremental", "cron": "0 2 * * *", "timezone": "UTC", "pool": "labeler"}
    deliver(given[1].parent, 0, 1)
    files = {"config": str(given[1]), "out": str(given[5])}
    change = change | {k: v.format(given[1].parent) for k, v in change.items() if k == "out"}
    monkeypatch.setenv("PREFECT_API_URL", server.url)
    with pytest.raises(SystemExit) as ended:
        schedule_add(**files | {"name": None, "settings": []} | good | change)
    lines = capsys.readouterr().err.splitlines()
    # A model that is not there is not the user's mistake alone.
    is_of_model = any(one.startswith("policy.") for one in change.get("settings", []))
    assert ended.value.code == (3 if is_of_model else 2)
    assert [line for line in lines if said in line] == lines[-1:]
    assert lines[-1].startswith("labeler: ")


def test_a_second_schedule_that_writes_the_same_dataset_is_refused(server, given, tmp_path):
    add(given)
    line = server.refused(*given, "--name", "second")
    name = f"incremental/{tmp_path.name}"
    assert line == (
        f"labeler: schedule {name} writes {tmp_path / 'out'} already; "
        f"`labeler schedule remove {name}` first, or choose another --out"
    )
    asyncio.run(change(name, "remove"))


def add(given, **changes):
    """Adds a schedule in this process, for speed: the command calls the same function.

    No worker can run it: here the flows are the checkout's `flows`, packaged they are another's.
    """
    usual = {"config": str(given[1]), "out": str(given[5]), "flow": "incremental", "name": None}
    when = {"cron": "0 2 * * *", "timezone": "UTC", "pool": "labeler", "settings": []}
    asyncio.run(add_schedule(**usual | when | changes))


def known(name):
    """One schedule as the list has it."""
    return next(one for one in asyncio.run(listed_here()) if one.name == name)


def test_a_name_is_not_taken_over_by_another_output(given, tmp_path):
    name = f"incremental/{tmp_path.name}"
    add(given)
    with pytest.raises(ConfigError) as refused:
        add(given, out=str(tmp_path / "other"))
    assert str(refused.value) == (
        f"schedule {name} exists and is for {tmp_path / 'out'}; add --name to this one "
        f"to keep both, or `labeler schedule remove {name}` first"
    )
    assert known(name).out == str(tmp_path / "out")
    asyncio.run(change(name, "remove"))


def test_a_schedule_that_is_added_again_rests_on(given, tmp_path, capsys):
    name = f"incremental/{tmp_path.name}"
    add(given)
    asyncio.run(change(name, "pause"))
    add(given, cron="30 3 * * *")
    assert capsys.readouterr().out.splitlines()[-1] == (
        f"{name}: scheduled 30 3 * * * (UTC) on pool labeler; "
        f"it is paused, as before (`labeler schedule resume {name}`)"
    )
    one = known(name)
    assert (one.cron, one.active, one.next_run) == ("30 3 * * *", False, None)
    asyncio.run(change(name, "remove"))


def test_a_list_tells_source_output_version_and_the_next_run_in_its_own_zone(
    server, worker, given, tmp_path
):
    name = f"incremental/{tmp_path.name}"
    # By the command: the worker runs the flow under the name of the package that added it.
    assert server.labeler(*given, "--timezone", "Asia/Kolkata").returncode == 0
    one = known(name)
    assert (one.source, one.version) == (f"plain {tmp_path / 'inbox'}", None)
    assert one.next_run.partition("T")[2] == "02:00:00+05:30"
    deliver(tmp_path, 0, 2)
    run = server.start_run("incremental", tmp_path.name)
    server.completed(run)
    one = known(name)
    assert (one.version, one.last_state) == (0, "Completed")
    assert one.last_message.startswith("version 0 of out: 2 problems, ")
    assert server.named(run) == f"new problems of {tmp_path.name} into out, version 0"
    asyncio.run(change(name, "remove"))


@pytest.mark.parametrize("action", ["pause", "remove"])
def test_what_waits_when_a_schedule_is_paused_or_removed_is_not_run(
    server, given, tmp_path, action
):
    """On a pool without a worker, so that it does wait."""
    server.post("work_pools/", name=f"nobody-{action}", type="process")
    add(given, pool=f"nobody-{action}")
    waiting = server.start_run("incremental", tmp_path.name)
    asyncio.run(change(tmp_path.name, action))
    assert server.state_of(waiting) == "CANCELLED"
    assert server.said(waiting) == f"its schedule was {action.rstrip('e')}ed"


def test_a_name_that_is_no_schedule(server):
    assert "nix: no such schedule; choose among:" in server.refused("schedule", "pause", "nix")
