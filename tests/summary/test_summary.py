"""What a version holds, added up from its files, is what its rows hold, whatever happened."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from labeler.consensus.first_zero import FirstZero
from labeler.dataset import CommitInfo, Dataset, commit, open_dataset, shards, store
from labeler.dataset.amend import amend
from labeler.dataset.shards import record_batches
from labeler.dataset.summary import Summary, summary_of
from labeler.dataset.summary.file import FileSummary
from labeler.dataset.withdraw import withdraw
from labeler.errors import DatasetError
from labeler.recompute.version import recompute_version
from labeler.records import LabeledSolution
from labeler.schema import Provenance, row
from labeler.stats import label_statistics
from tests.stats.test_recount import solutions

INFO = CommitInfo("run-1", "", "", "tiny", "sha", 0)


@pytest.fixture
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven rows a file: problems and their prefixes lie across the seams."""
    monkeypatch.setattr(shards, "ROWS_PER_GROUP", 7)
    monkeypatch.setattr(shards, "ROWS_AT_ONCE", 7)
    monkeypatch.setattr(store, "BYTES_PER_FILE", 1)


def written(path: Path, runs: Sequence[Sequence[LabeledSolution]]) -> Dataset:
    for number, mine in enumerate(runs):
        origin = Provenance(f"run-{number}", "", "", "0")
        rows = (row(one, origin) for one in mine)
        commit(path, record_batches(rows), replace(INFO, run_id=f"run-{number}"))
    return open_dataset(path)


def afresh(dataset: Dataset) -> Summary:
    """Counted again from all rows."""
    shutil.rmtree(dataset.path / "_summaries")
    return summary_of(dataset)


@pytest.mark.parametrize("seed", range(6))
def test_rows_in_many_files_amount_to_what_they_do_in_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    rows = solutions(seed, 60)
    whole = summary_of(written(tmp_path / "one", [rows]))
    monkeypatch.setattr(shards, "ROWS_PER_GROUP", 7)
    monkeypatch.setattr(shards, "ROWS_AT_ONCE", 7)
    monkeypatch.setattr(store, "BYTES_PER_FILE", 1)
    torn = written(tmp_path / "many", [rows])
    assert len(torn.data_files()) == 9
    assert whole.counts.total("shared") > (0,)
    assert summary_of(torn) == whole


def test_a_problem_in_a_hundred_files_is_counted_like_one_in_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [one for one in solutions(3, 300) if one.problem.problem_id == "q1"]
    whole = summary_of(written(tmp_path / "one", [rows]))
    monkeypatch.setattr(shards, "ROWS_PER_GROUP", 2)
    monkeypatch.setattr(shards, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(store, "BYTES_PER_FILE", 1)
    torn = written(tmp_path / "many", [rows])
    assert len(torn.data_files()) > 15
    assert summary_of(torn) == whole


@pytest.mark.usefixtures("small_files")
def test_what_is_kept_stays_right_through_all_that_changes_rows(tmp_path: Path) -> None:
    path = tmp_path / "d"
    written(path, [[one for one in solutions(seed, 30) if one.steps] for seed in (1, 2)])

    def right() -> bool:
        kept = [summary_of(open_dataset(path, n)) for n in range(open_dataset(path).version + 1)]
        shutil.rmtree(path / "_summaries")
        return kept == [summary_of(open_dataset(path, n)) for n in range(len(kept))]

    assert right()
    amended = [
        one | {"outcome": "unknown"}
        for one in open_dataset(path).rows()
        if one["run_id"] == "run-0" and one["problem_id"] == "q2"
    ]
    # A key names one row: of equal solutions the last one stands for all.
    amend(path, amended, replace(INFO, run_id="review"))
    assert right()
    recompute_version(path, FirstZero(), {"rule": "first_zero"})
    assert right()
    withdraw(path, lambda one: one["run_id"] == "run-1")
    assert right()
    assert open_dataset(path).version == 4


def test_only_files_that_nobody_has_counted_are_read(tmp_path: Path) -> None:
    path = tmp_path / "d"
    old = written(path, [solutions(1, 30)])
    [file] = old.stored_files()
    of_old, times = file.read_bytes(), (file.stat().st_atime_ns, file.stat().st_mtime_ns)
    before = summary_of(old)
    file.write_bytes(bytes(len(of_old)))
    os.utime(file, ns=times)

    assert summary_of(open_dataset(path)) == before
    both = written(path, [solutions(1, 30), solutions(2, 30)])
    found = summary_of(both)
    file.write_bytes(of_old)
    assert (both.version, found) == (1, afresh(both))


def test_a_file_that_was_damaged_since_is_not_answered_for(tmp_path: Path) -> None:
    dataset = written(tmp_path / "d", [solutions(1, 30)])
    [file] = dataset.stored_files()
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(DatasetError, match="missing or damaged; restore it from a copy"):
        label_statistics(dataset)


def documents(dataset: Dataset) -> list[Path]:
    return sorted((dataset.path / "_summaries").iterdir())


def test_a_damaged_summary_is_made_again(tmp_path: Path, small_files: None) -> None:
    dataset = written(tmp_path / "d", [solutions(1, 20)])
    right, rng = summary_of(dataset), random.Random(0)
    names = [file.name for file in documents(dataset)]
    assert [sum(name.startswith(kind) for name in names) for kind in ("part", "seam", "ver")] == [
        3, 4, 1
    ]  # fmt: skip
    for _ in range(5):
        for file in documents(dataset):
            content = bytearray(file.read_bytes())
            file.write_bytes(content[: rng.randrange(len(content))])
        assert summary_of(dataset) == right
    assert [file.name for file in documents(dataset)] == names


def test_a_summary_of_another_file_is_not_taken_for_this_ones(tmp_path: Path) -> None:
    dataset = written(tmp_path / "d", [solutions(1, 20), solutions(2, 20)])
    right = summary_of(dataset)
    one, other, *versions = documents(dataset)
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)
    for version in versions:
        version.unlink()
    assert summary_of(dataset) == right


def test_where_the_dataset_may_not_be_written_the_cache_holds_what_was_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABELER_CACHE", str(tmp_path / "cache"))
    dataset = written(tmp_path / "d", [solutions(1, 20)])
    right = afresh(dataset)
    shutil.rmtree(tmp_path / "d" / "_summaries")
    # A file stands where the folder would: even root cannot write there.
    (tmp_path / "d" / "_summaries").write_text("")
    assert summary_of(dataset) == right
    assert len(list((tmp_path / "cache").rglob("version-*.json"))) == 1
    assert summary_of(dataset) == right


SUMMARISE = """
import sys
import labeler.dataset.summary.file, polars, pyarrow.parquet
from labeler.dataset import open_dataset
from labeler.dataset.summary import summary_of
dataset = open_dataset(sys.argv[1])
print("ready", flush=True)
summary_of(dataset)
"""


def killed(path: Path, after_s: float) -> bool:
    words = [sys.executable, "-c", SUMMARISE, str(path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(after_s)
        process.send_signal(signal.SIGKILL)
        return process.wait(120) == -signal.SIGKILL


def whole(dataset: Dataset) -> Iterator[bool]:
    """Of each file's summary whether it can be read, and is that of its file."""
    identities = {file.name.removesuffix(".parquet"): file for file in dataset.data_files()}
    for document in documents(dataset):
        if document.name.startswith("part") and not document.name.startswith("."):
            known = identities[document.name[: len("part-000000-00000")]]
            content = document.read_bytes()
            identity = f"{known.name} {known.identity}"
            found = FileSummary.from_bytes(content, f"{_head()}\n{identity}")
            yield found is not None


def _head() -> str:
    from labeler.dataset.summary.keeping import FORMAT
    from labeler.version import library_version

    return f"format {FORMAT}, polars {library_version('polars')}"


def test_killed_at_any_moment_a_summary_is_right_or_absent(
    tmp_path: Path, small_files: None
) -> None:
    n_kills = int(os.environ.get("LABELER_KILLS", "2"))
    dataset = written(tmp_path / "d", [solutions(1, 60)])
    right, rng = summary_of(dataset), random.Random(n_kills)
    started = time.monotonic()
    afresh(dataset)
    whole_s = time.monotonic() - started
    n_killed = 0
    while n_killed < n_kills:
        shutil.rmtree(tmp_path / "d" / "_summaries")
        if killed(tmp_path / "d", rng.uniform(0, 1) * whole_s):
            n_killed += 1
        else:
            whole_s *= 0.8  # it was done already
        if (tmp_path / "d" / "_summaries").exists():
            assert all(whole(dataset))
        assert summary_of(dataset) == right
