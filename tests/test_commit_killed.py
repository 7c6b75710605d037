"""A committer killed at any moment: readers always see a whole version, the old or the new.

Each kill comes at a random moment of the time that a commit takes. LABELER_KILLS=50 runs the whole
test; a few kills are the default.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from labeler.dataset import Dataset, commit, open_dataset, read_shards, write_shard
from labeler.schema import Provenance, row
from tests.test_dataset import info, shard, solved

N_KILLS = int(os.environ.get("LABELER_KILLS", "3"))
N_ROWS = 4000

COMMITTER = """
import sys
from pathlib import Path
import deltalake, polars, pyarrow.parquet
from labeler.dataset import commit, open_dataset, read_shards, store
from labeler.dataset.amend import amend
from labeler.dataset.rewrite import replace_rows
from labeler.dataset.withdraw import withdraw
from tests.test_dataset import info

store.BYTES_PER_FILE = 1  # a file for each row group: more moments to die between
kind, dataset, given, run = sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4]
print("ready", flush=True)
if kind == "append":
    commit(dataset, read_shards([Path(given)]), info(run))
if kind == "rewrite":
    newest = open_dataset(dataset).version
    replace_rows(dataset, newest, read_shards([Path(given)]), lambda: info(run))
if kind == "withdraw":
    withdraw(dataset, lambda row: row["run_id"] == given)
if kind == "amend":
    rows = [one for one in open_dataset(dataset).rows() if one["run_id"] == given]
    amend(dataset, [one | {"shard": run} for one in rows], info(run))
print("done", flush=True)
"""


@contextmanager
def committing(
    kind: str, dataset: Path, given: object, run: str
) -> Iterator[subprocess.Popen[str]]:
    """A process that is about to commit."""
    words = [sys.executable, "-c", COMMITTER, kind, str(dataset), str(given), run]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process


def seconds_of(kind: str, dataset: Path, given: object) -> float:
    """How long a commit takes that nobody kills."""
    with committing(kind, dataset, given, "run-timed") as process:
        started = time.monotonic()
        assert process.wait(120) == 0
        return time.monotonic() - started


def killed(
    kind: str, dataset: Path, given: object, run: str, after_s: float
) -> tuple[bool, Dataset]:
    """Whether the kill came in time, and what readers see then."""
    with committing(kind, dataset, given, run) as process:
        time.sleep(after_s)
        process.send_signal(signal.SIGKILL)
        was_killed = process.wait(120) == -signal.SIGKILL
    return was_killed, open_dataset(dataset)


def ids(dataset: Dataset) -> list[str]:
    return [row["solution_id"] for row in dataset.rows()]


def wholly(numbers: Sequence[int]) -> list[str]:
    return [f"s{number}" for number in numbers]


def test_a_commit_that_is_killed_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    rng = random.Random(N_KILLS)
    dataset = tmp_path / "d"
    old = shard(tmp_path / "old.parquet", *map(solved, range(5)))
    staged = shard(tmp_path / "new.parquet", *map(solved, range(5, 5 + N_ROWS)))
    commit(dataset, read_shards([old]), info("run-old"))
    whole_s = seconds_of("append", tmp_path / "other", staged)

    version, expected, n_killed = 0, wholly(range(5)), 0
    for kill in range(N_KILLS):
        after_s = rng.uniform(0, 1.1) * whole_s
        was_killed, seen = killed("append", dataset, staged, f"run-{kill}", after_s)
        n_killed += was_killed
        assert seen.version in (version, version + 1)
        if seen.version > version:
            expected += wholly(range(5, 5 + N_ROWS))
        version = seen.version
        assert ids(seen) == expected
    assert n_killed > 0, "no kill came in time"

    assert commit(dataset, read_shards([staged]), info("run-last")) == version + 1
    assert ids(open_dataset(dataset)) == expected + wholly(range(5, 5 + N_ROWS))
    assert ids(open_dataset(dataset, 0)) == wholly(range(5))


def test_rows_that_are_replaced_are_the_old_or_the_new_ones(tmp_path: Path) -> None:
    rng = random.Random(N_KILLS)
    dataset = tmp_path / "d"
    rows = [range(N_ROWS), range(1, N_ROWS + 2)]
    staged = [
        shard(tmp_path / f"{n}.parquet", *map(solved, numbers)) for n, numbers in enumerate(rows)
    ]
    commit(dataset, read_shards([staged[0]]), info("run-old"))
    whole_s = seconds_of("rewrite", dataset, staged[1])

    version, held, n_killed = 1, 1, 0
    for kill in range(N_KILLS):
        after_s = rng.uniform(0, 1.1) * whole_s
        was_killed, seen = killed("rewrite", dataset, staged[1 - held], f"run-{kill}", after_s)
        n_killed += was_killed
        assert seen.version in (version, version + 1)
        held = 1 - held if seen.version > version else held
        version = seen.version
        assert ids(seen) == wholly(rows[held])
    assert n_killed > 0, "no kill came in time"
    assert ids(open_dataset(dataset, 0)) == wholly(rows[0])


def of_runs(path: Path, n_runs: int, n_rows: int) -> Path:
    """Rows of several runs; solutions are numbered through."""
    write_shard(
        path,
        (
            row(solved(run * n_rows + number), Provenance(f"run-{run}", "c0ffee", "0.1.0", "old"))
            for run in range(n_runs)
            for number in range(n_rows)
        ),
    )
    return path


LONG = pytest.mark.skipif("LABELER_LONG_TESTS" not in os.environ, reason="LABELER_LONG_TESTS=1")


@pytest.mark.parametrize("kind", ["withdraw", pytest.param("amend", marks=LONG)])
def test_rows_of_one_run_that_go_or_change_do_so_all_at_once(kind: str, tmp_path: Path) -> None:
    rng = random.Random(N_KILLS)
    dataset, n_rows = tmp_path / "d", 1000
    staged = of_runs(tmp_path / "rows.parquet", N_KILLS + 1, n_rows)
    commit(dataset, read_shards([staged]), info("run-old"))

    def expected(done: set[int]) -> list[tuple[str, str]]:
        gone = done if kind == "withdraw" else set()
        return [
            (f"s{run * n_rows + number}", names.get(run, "old"))
            for run in range(N_KILLS + 1)
            for number in range(n_rows)
            if run not in gone
        ]

    names = {N_KILLS: "run-timed"}
    whole_s = seconds_of(kind, dataset, f"run-{N_KILLS}")
    version, done, n_killed = 1, {N_KILLS}, 0
    for run in range(N_KILLS):
        after_s = rng.uniform(0, 1.1) * whole_s
        was_killed, seen = killed(kind, dataset, f"run-{run}", f"by-{run}", after_s)
        n_killed += was_killed
        assert seen.version in (version, version + 1)
        if seen.version > version:
            done.add(run)
            names[run] = f"by-{run}"
        version = seen.version
        assert [(one["solution_id"], one["shard"]) for one in seen.rows()] == expected(done)
    assert n_killed > 0, "no kill came in time"
    assert ids(open_dataset(dataset, 0)) == wholly(range((N_KILLS + 1) * n_rows))
