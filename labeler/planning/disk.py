"""What a sample's journal and rows take on the disk, split into a part that is there once (headers,
an empty table) and one that grows with the problems."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from labeler.driver.journal import Journal


@dataclass(frozen=True, slots=True)
class Stored:
    """Bytes by problem and once, under the names journal_bytes and dataset_bytes."""

    by_problem: list[dict[str, float]]
    once: dict[str, float]


@dataclass(frozen=True, slots=True)
class Staged:
    """One problem's rows: bytes of a file of their own, and of their values, not compressed."""

    file_bytes: int
    value_bytes: int


def staged_rows(file: Path) -> Staged:
    """Looks at the shard of one problem."""
    from pyarrow import parquet

    return Staged(file.stat().st_size, parquet.read_table(file).nbytes)


def on_disk(out: Path, calls: Sequence[float], staged: Sequence[Staged]) -> Stored:
    """Looks at a committed run; `calls` and `staged` are by problem.

    The growing part of the journal is shared out by calls, that of the dataset by the size of
    values. A problem's rows add less to a file of many than they take in a file of their own, so
    their part is the difference of the two.
    """
    n = len(calls)
    journal = _journal_bytes(out / "_work" / "journal.sqlite")
    with tempfile.TemporaryDirectory() as folder:
        Journal(Path(folder) / "empty.sqlite").close()
        empty = min(_journal_bytes(Path(folder) / "empty.sqlite"), journal)
    # The rows only: the log beside them hardly grows.
    files = [file for file in out.rglob("*.parquet") if "_work" not in file.parts]
    dataset = sum(file.stat().st_size for file in files)
    alone = sum(one.file_bytes for one in staged) / n
    values = sum(one.value_bytes for one in staged) or 1
    growing = n * (dataset - alone) / (n - 1) if n > 1 else float(dataset)
    growing = min(max(growing, 0.0), float(dataset))
    by_problem = [
        {
            "journal_bytes": (journal - empty) * of_calls / (sum(calls) or 1),
            "dataset_bytes": growing * rows.value_bytes / values,
        }
        for of_calls, rows in zip(calls, staged, strict=True)
    ]
    return Stored(by_problem, {"journal_bytes": float(empty), "dataset_bytes": dataset - growing})


def _journal_bytes(path: Path) -> int:
    return path.stat().st_size
