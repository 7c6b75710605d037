"""Single columns, read ahead by a thread: the same in any batches, and nothing is left running."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from labeler.dataset import columns, commit, open_dataset, read_shards
from labeler.errors import DatasetError
from tests.test_dataset import info, shard, solved


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    staged = shard(tmp_path / "a.parquet", *map(solved, range(7)))
    commit(tmp_path / "d", read_shards([staged]), info("run-1"))
    return tmp_path / "d"


@pytest.mark.parametrize("n_rows", [1, 3, 100])
def test_batches_of_any_size_hold_the_same(
    n_rows: int, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columns, "ROWS_PER_BATCH", n_rows)
    flats = list(open_dataset(dataset).columns("solution_id", "steps.text"))
    assert [flat.n_rows for flat in flats] == {
        1: [1] * 7,
        3: [3, 3, 1],
        100: [7],
    }[n_rows]
    ids = [one for flat in flats for one in flat.columns["solution_id"].to_pylist()]
    texts = [one for flat in flats for one in flat.columns["steps.text"].to_pylist()]
    assert ids == [f"s{number}" for number in range(7)]
    assert texts == [text for number in range(7) for text in (f"try {number}. ", "So 2.")]


def test_long_texts_come_fewer_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [solved(number, rationale=f"{number}" * 100_000) for number in range(6)]
    commit(tmp_path / "d", read_shards([shard(tmp_path / "a.parquet", *rows)]), info("run-1"))
    monkeypatch.setattr(columns, "BYTES_PER_BATCH", 250_000)
    opened = open_dataset(tmp_path / "d")
    assert [flat.n_rows for flat in opened.columns("consensus.kept")] == [6]
    assert [flat.n_rows for flat in opened.columns("steps.evidence.rationale")] == [2, 2, 2]


def test_reading_may_stop_midway(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "ROWS_PER_BATCH", 1)
    flats = open_dataset(dataset).columns("solution_id")
    assert next(flats).columns["solution_id"].to_pylist() == ["s0"]
    flats.close()  # type: ignore[attr-defined]
    assert [one.name for one in threading.enumerate() if one.name.startswith("columns")] == []


def test_a_damaged_file_is_told_to_the_reader_not_to_the_thread(dataset: Path) -> None:
    [file] = dataset.glob("*.parquet")
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(DatasetError, match=f"{file}: missing or damaged; restore it from a copy"):
        list(open_dataset(dataset).columns("solution_id"))
