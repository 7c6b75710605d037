"""A folder is there whole or not at all, and what killed processes left is removed by the next."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from labeler.errors import DatasetError
from labeler.export.staging import sweep, whole_folder

DEAD = 2**22 + 1
"""No process has this number: Linux allows up to 2^22."""

WRITING = """
import sys, time
from pathlib import Path
from labeler.export.staging import whole_folder
with whole_folder(Path(sys.argv[1])) as folder:
    (folder / "train.jsonl").write_text("{}")
    print("writing", flush=True)
    time.sleep(60)
"""


def write(path: Path) -> None:
    with whole_folder(path) as folder:
        (folder / "train.jsonl").write_text("{}\n")


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def leave(folder: Path, name: str, *files: str) -> Path:
    """What a killed process leaves."""
    left = folder / name
    left.mkdir(parents=True)
    for file in files:
        (left / file).write_text("{")
    return left


@pytest.mark.parametrize(
    ("name", "files"),
    [
        (f".out.{DEAD}.tmp", ("train.jsonl", "README.md", "export.json")),
        (f".out.{DEAD}.tmp", ()),
        (f".another.{DEAD}.tmp", ("bucket-000.jsonl",)),
        (f".two\nlines [x].{DEAD}.tmp", ("train.jsonl",)),
        (f".out.{os.getpid()}.tmp", ("train.jsonl",)),
    ],
    ids=["files", "empty", "another", "two lines", "its own"],  # no process ids
)
def test_the_next_export_sweeps_what_a_killed_one_left(
    tmp_path: Path, name: str, files: tuple[str, ...]
) -> None:
    leave(tmp_path, name, *files)
    write(tmp_path / "out")
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize(
    ("name", "files"),
    [
        (f".out.{DEAD}.tmp", ("thesis.tex",)),
        (".out.tmp", ("train.jsonl",)),
        ("out.12.tmp", ("train.jsonl",)),
        (f".out.{os.getppid()}.tmp", ("train.jsonl",)),
    ],
    ids=["other files", "no process", "not hidden", "alive"],
)
def test_what_is_not_surely_left_over_stays(
    tmp_path: Path, name: str, files: tuple[str, ...]
) -> None:
    leave(tmp_path, name, *files)
    write(tmp_path / "out")
    assert names(tmp_path) == sorted([name, "out"])


def test_an_export_that_runs_is_not_swept_and_a_killed_one_is(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITING, str(tmp_path / "slow")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        running.stdout.readline()
        staged = f".slow.{running.pid}.tmp"
        # Old enough that its lock alone tells.
        os.utime(tmp_path / staged, (0, 0))
        write(tmp_path / "quick")
        assert names(tmp_path) == sorted([staged, "quick"])
        running.send_signal(signal.SIGKILL)
    assert [path.name for path in sweep(tmp_path)] == [staged]
    assert names(tmp_path) == ["quick"]


def test_a_thousand_leftovers_are_gone_at_once(tmp_path: Path) -> None:
    for number in range(1000):
        leave(tmp_path, f".out.{DEAD + number}.tmp", "train.jsonl")
    write(tmp_path / "out")
    assert names(tmp_path) == ["out"]


def test_an_error_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), whole_folder(tmp_path / "out"):
        raise ZeroDivisionError
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("")
    with pytest.raises(DatasetError, match="is there already"):
        write(tmp_path / "full")
    assert names(tmp_path) == ["full"]
