"""`labeler export` as people type it: what it prints, and one line for every mistake."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from labeler.cli import app
from labeler.dataset import set_tag
from labeler.errors import UserError

from .datasets import ALL, RIGHT, dataset_of


@pytest.fixture
def call(tmp_path: Path) -> Callable[..., Result]:
    dataset_of(tmp_path, *ALL)

    def called(*words: object) -> Result:
        return CliRunner().invoke(app, ["export", str(tmp_path / "d"), *map(str, words)])

    return called


def test_it_says_what_it_wrote_and_what_is_lost(
    call: Callable[..., Result], tmp_path: Path
) -> None:
    done = call("-f", "processbench", "-o", tmp_path / "out", "--splits", "train=1")
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[:4] == [
        f"{tmp_path}/out: processbench, version 0: train 3",
        "left out: 1 (dropped by consensus)",
        "left out: 1 (its first error is undecided)",
        "left out: 1 (its outcome is unknown)",
    ]
    assert "not expressed: every label but the place of the first error" in done.output


def test_json_holds_the_same_figures(call: Callable[..., Result], tmp_path: Path) -> None:
    done = call("-f", "trl", "-o", tmp_path / "out", "--splits", "train=1", "--json")
    found = json.loads(done.output)
    assert (found["format"], found["examples"], found["positives"]) == (
        "trl", {"train": 5}, {"train": 4},
    )  # fmt: skip
    assert list(found["files"]) == ["train.jsonl"]


def test_a_version_and_a_tag_name_what_is_exported(
    call: Callable[..., Result], tmp_path: Path
) -> None:
    set_tag(tmp_path / "d", "first")
    dataset_of(tmp_path, RIGHT, run="run-2")
    counts = {}
    for words in (("--version", 0), ("--tag", "first"), ()):
        out = tmp_path / f"out-{'-'.join(map(str, words))}"
        done = call("-f", "outcome_rm", "-o", out, "--json", *words)
        counts[words[:1]] = json.loads(done.output)["n_solutions"]
    assert counts == {("--version",): 6, ("--tag",): 6, (): 7}


def test_list_tells_all_formats(call: Callable[..., Result]) -> None:
    assert "trl            TRL stepwise supervision" in call("-f", "list").output


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["-f", "magic", "-o", "x"], "--format magic: choose among trl, math_shepherd, prm800k"),
        (["-f", "trl"], "--out is missing: name the folder to make"),
        (["-f", "trl", "-o", "x", "--labels", "firm"], "--labels firm: choose among hard, soft"),
        (["-f", "trl", "-o", "x", "--splits", "train"], "--splits train: write NAME=VALUE"),
        (["-f", "trl", "-o", "x", "--splits", "train=all"], "--splits train=all: a share is a"),
        (["-f", "trl", "-o", "x", "--version", "7"], "has no version 7; latest is 0"),
        (["-f", "trl", "-o", "x", "--tag", "gone"], "has no tag 'gone'"),
        (["-f", "openr", "-o", "x", "--balance"], "openr has no positives and negatives"),
        (["-f", "trl", "-o", "x", "--labels", "soft"], "trl has no soft labels"),
    ],
)
def test_mistakes(
    words: list[str], line: str, call: Callable[..., Result], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    done = call(*words)
    assert isinstance(done.exception, UserError)
    assert line in str(done.exception)
    assert not (tmp_path / "x").exists()


def test_a_mistake_ends_the_process_with_one_line(tmp_path: Path) -> None:
    words = ["export", tmp_path, "-f", "trl", "-o", tmp_path / "x"]
    done = subprocess.run(
        [sys.executable, "-m", "labeler.cli", *words],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"labeler: {tmp_path}: no labelled dataset is there; `labeler run` writes one\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_one_line_and_leaves_nothing(
    call: Callable[..., Result], tmp_path: Path
) -> None:
    (part,) = (tmp_path / "d").glob("*.parquet")
    part.write_bytes(part.read_bytes()[:-50])
    done = call("-f", "trl", "-o", tmp_path / "out")
    assert isinstance(done.exception, UserError), done.exception
    assert "\n" not in str(done.exception)
    assert not list(tmp_path.glob("*out*"))
