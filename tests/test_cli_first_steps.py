"""What somebody types first: version, a first run file, what it would do, names mistyped."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

import labeler.cli  # noqa: F401, registers the commands
from labeler.cli.base import app
from labeler.config.load import load_config
from labeler.errors import ConfigError
from labeler.version import __version__

RUN = {
    "problems": {"kind": "solved", "path": "set.jsonl"},
    "labelers": [{"kind": "tool_check"}],
}
SOLVED = [
    {"problem": "1 + 1?", "steps": ["So.", "1 + 1 = 3.", "2 + 2 = 5."], "answer": "2"},
    {"problem": "2 + 2?", "steps": ["2 + 2 = 4.", "So 4."], "answer": "4"},
    {"problem": "3 + 3?", "steps": [], "answer": "6"},
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("set.jsonl").write_text("".join(json.dumps(one) + "\n" for one in SOLVED))
    Path("run.yaml").write_text(yaml.safe_dump(RUN))
    return tmp_path


def typed(*words: object) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, (words, result.output, result.exception)
    return result.output


def test_it_says_which_it_is_and_helps_in_short_and_as_a_module() -> None:
    assert typed("--version") == f"labeler {__version__}\n"
    assert typed("run", "-h") == typed("run", "--help")
    module = subprocess.run(
        [sys.executable, "-m", "labeler", "--version"], capture_output=True, text=True, check=True
    )
    assert module.stdout == f"labeler {__version__}\n"


def test_completion_is_there_for_the_shells_that_typer_knows() -> None:
    assert "--install-completion" in typed("--help")


def test_init_writes_a_run_file_that_says_what_was_asked_for(folder: Path) -> None:
    name = 'a "quoted": model # 7'
    typed("init", "my.yaml", "--problems", "set.jsonl", "--model", name, "--url", "http://h:1/v1")
    found = load_config("my.yaml")
    assert found.problems.path == str(folder / "set.jsonl")  # type: ignore[attr-defined]
    assert found.policy is not None
    assert (found.policy.model, found.policy.urls) == (name, ["http://h:1/v1"])
    assert [one.kind for one in found.labelers] == ["bisect", "spare", "judge", "tool_check"]
    assert "did you" not in Path("my.yaml").read_text()


def test_init_overwrites_nothing_unless_told(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"run\.yaml: is there already; name another file"):
        CliRunner().invoke(app, ["init", "run.yaml"], catch_exceptions=False)
    typed("init", "run.yaml", "--force")
    assert load_config("run.yaml").name == "run"


def test_a_dry_run_tells_what_would_be_done_and_writes_nothing(folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    said = json.loads(typed("run", "run.yaml", "--out", "out", "--dry-run", "--json"))
    assert said == {
        "problems": 2,
        "rejected": {"no steps": 1},
        "solutions": 2,
        "labelers": {"tool_check": []},
        "rule": "fusion",
        "models": {},
        "searches": False,
        "needs_sandbox": False,
        "shards": 2,
        "out": "out",
        "next_version": 0,
    }
    assert "would write  out, version 0" in typed("run", "run.yaml", "--out", "out", "--dry-run")
    assert sorted(folder.rglob("*")) == before


def test_a_wrong_step_is_told_by_all_commands_alike(folder: Path) -> None:
    """Tools alone leave the first error undecided: a step is wrong, and nobody judged the first."""
    rule = ["--set", "consensus.rule=each_step"]
    ran = json.loads(typed("run", "run.yaml", "--out", "out", "--json", *rule).splitlines()[-1])
    assert (ran["version"], ran["n_solutions"], ran["rejections"]) == (0, 2, {"read": 1})
    assert typed("run", "run.yaml", "--out", "out", "--dry-run").endswith("out, version 1\n")
    counted = json.loads(typed("stats", "out", "--json"))
    assert counted["first_error_histogram"] == {"undecided": 2}
    assert counted["wrong_where_undecided"] == {"1": 1}
    assert "step 2 or before" in typed("stats", "out")
    shown = json.loads(typed("show", "out", "--errors", "--json"))
    assert [[step["label"] for step in one["steps"]] for one in shown] == [[None, -1, -1]]
    assert " x 2. 1 + 1 = 3." in typed("show", "out", "--errors")
    Path("people.jsonl").write_text(json.dumps(SOLVED[1] | {"steps": ["2 + 2 = 5."], "label": -1}))
    flagged = typed("eval", "people.jsonl", "--labeler", "tool_check", "--flags")
    assert "step 1 (a right solution)" in flagged


def test_lists_come_as_json_too(folder: Path) -> None:
    formats = json.loads(typed("export", "x", "--format", "list", "--json"))
    assert "nothing that is current" in formats["trl"]["read_by"]
    [problem] = json.loads(typed("problems", "show", "run.yaml", "--n", 1, "--json"))
    assert (problem["text"], problem["gold_answer"]) == ("1 + 1?", "2")


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        ("labelers.0.kind=toolcheck", "key 'labelers.0': kind toolcheck: did you mean tool_check?"),
        ("consensus.rule=fushion", "key 'consensus': rule fushion: did you mean fusion?"),
        ("problems.kind=solvd", "key 'problems': kind solvd: did you mean solved?"),
        ("answers=markd", "answers: markd: did you mean marked?"),
    ],
)
def test_a_name_that_is_none_is_answered_with_the_nearest(
    folder: Path, setting: str, line: str
) -> None:
    words = ["run", "run.yaml", "--out", "out", "--dry-run", "--set", "consensus.rule=all"]
    result = CliRunner().invoke(app, [*words, "--set", setting])
    assert line in str(result.exception)


def test_a_run_file_of_ours_is_named_without_a_path_and_the_nearest_is_told(folder: Path) -> None:
    assert load_config("quickstart").name == "quickstart"
    Path("quickstart").write_text(yaml.safe_dump(RUN | {"name": "mine"}))
    assert load_config("quickstart").name == "mine"
    with pytest.raises(ConfigError, match=r"did you mean benchmark\?"):
        load_config("benchmrk")
