"""The commands about versions, statistics and the report, as a user meets them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from labeler.cli import main
from tests.test_dataset import commit_run

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def labeler(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command in this process: exit code, output, errors."""

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["labeler", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        shown = capsys.readouterr()
        return int(ended.value.code or 0), shown.out, shown.err

    return run


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    commit_run(tmp_path / "d", "run-1", 1)
    commit_run(tmp_path / "d", "run-2", 2)
    return tmp_path / "d"


def test_versions_are_listed_with_their_tags(labeler: Command, dataset: Path) -> None:
    assert labeler("tag", dataset, "v1", "--version", 0) == (0, "v1: version 0\n", "")
    assert labeler("tag", dataset, "v1", "--version", 0)[0] == 0
    assert labeler("tag", dataset, "--json") == (0, '{"v1": 0}\n', "")
    code, out, _ = labeler("versions", dataset, "--json")
    found = [(v["version"], v["tags"], v["run"]["run_id"]) for v in json.loads(out)["versions"]]
    assert (code, found) == (0, [(0, ["v1"], "run-1"), (1, [], "run-2")])
    lines = labeler("versions", dataset)[1].splitlines()
    assert [line.split()[0] for line in lines] == ["0", "1"]
    assert lines[0].endswith("run run-1  1 n_problems [v1]")


def test_diff_takes_versions_and_tags(labeler: Command, dataset: Path) -> None:
    labeler("tag", dataset, "v1", "--version", 0)
    code, out, _ = labeler("diff", dataset, "v1", 1, "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["n_same"], found["added"], found["removed"]) == (1, {"run": 1}, {})
    assert "added: 1 solutions\n    1  run\n" in labeler("diff", dataset, 0, 1)[1]


def test_stats_of_a_version_a_tag_and_against_another(labeler: Command, dataset: Path) -> None:
    labeler("tag", dataset, "v1", "--version", 0)
    assert json.loads(labeler("stats", dataset, "--json")[1])["n_solutions"] == 2
    assert json.loads(labeler("stats", dataset, "--tag", "v1", "--json")[1])["n_solutions"] == 1
    moved = json.loads(labeler("stats", dataset, "--against", 0, "--json")[1])
    assert (moved["old_version"], moved["new_version"]) == (0, 1)
    priced = labeler("stats", dataset, "--usd-prompt", 1, "--usd-completion", 2, "--json")[1]
    assert json.loads(priced)["cost"]["usd"]["total"] == 0
    assert "problems" in labeler("stats", dataset)[1]
    assert "solutions kept" in labeler("stats", dataset, "--against", 0)[1]


def test_the_report_is_one_file(labeler: Command, dataset: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    code, out, _ = labeler("report", dataset, "-o", page, "--version", 0)
    assert (code, out) == (
        0, f"{page}: version 0 of {dataset}, {page.stat().st_size:,} bytes\n"
    )  # fmt: skip
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["versions", "."], "{here}: no labelled dataset is there; `labeler run` writes one"),
        (["stats", "d", "--version", 7], "{here}/d: has no version 7; latest is 1"),
        (["stats", "d", "--against", 7], "{here}/d: has no version 7; latest is 1"),
        (
            ["stats", "d", "--usd-prompt", 1],
            "--usd-prompt and --usd-completion: give both prices or none",
        ),
        (["stats", "d", "--version", 0, "--tag", "v1"], "{here}/d: --version 0 and --tag v1: "),
        (["diff", "d", "v1", 1], "{here}/d: has no tag 'v1'; tags: none yet; `labeler tag`"),
        (["diff", "d", 0, 9], "{here}/d: has no version 9; latest is 1"),
        (["tag", "d", "1.0"], "{here}/d: '1.0' is no tag: a letter, then letters, digits"),
        (["report", "d", "-o", "gone/report.html"], "cannot write {here}/gone/report.html: "),
    ],
)
def test_bad_input_is_one_line(
    labeler: Command, dataset: Path, tmp_path: Path, words: list[object], complaint: str
) -> None:
    paths = {".": tmp_path, "d": dataset, "gone/report.html": tmp_path / "gone" / "report.html"}
    code, out, err = labeler(*(paths.get(str(word), word) for word in words))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"labeler: {complaint.format(here=tmp_path)}")
    assert not (tmp_path / "gone").exists()
