"""Takes rows out of a dataset: one new version without them; older versions still show them.

For labels that another run has replaced. Writes the rows that stay anew, in their order (Delta has
no smaller unit than a file, and readers rely on the order of files), and puts the whole change into
the log in one step. Does not cover freeing the space: nothing is ever vacuumed here.
How rows are replaced is `rewrite`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from labeler.dataset.reader import Dataset, open_dataset
from labeler.dataset.rewrite import replace_rows
from labeler.dataset.shards import read_shards
from labeler.dataset.storage import Location
from labeler.records import Problem, short_hash

if TYPE_CHECKING:
    import pyarrow as pa

Rows = Callable[[], Iterator["pa.RecordBatch"]]
"""Reads rows from the beginning, each time that it is called."""

JUDGED = (*(field.name for field in fields(Problem)), "run_id")
"""The columns that a row is judged by: its problem, and the run that wrote it."""


def withdraw(
    path: Location,
    stale: Callable[[Mapping[str, Any]], bool],
    note: Callable[[str], None] = lambda run_id: None,
    decide: Callable[[Rows], Iterator[pa.RecordBatch]] = lambda read: read(),
) -> int | None:
    """The new version without the rows that are `stale`, None where there are none.

    `note` is told by which id the version will be known, before it is there; `decide` makes the
    rows that stay what they are now that the others are gone. Raises `DatasetError` where another
    process commits meanwhile, or where the commit fails.
    """
    dataset = open_dataset(path)
    n_stale = sum(not staying for batch in _rows(dataset) for staying in _stay(batch, stale))
    if not n_stale:
        return None
    entries = [entry.info for entry in dataset.versions() if entry.info is not None]
    info = replace(
        entries[-1],
        run_id=short_hash("withdrawal", entries[-1].run_id, str(dataset.version + 1)),
        counts={"withdrawn": n_stale},
        cost={"calls": 0, "prompt_tokens": 0, "completion_tokens": 0},
    )
    note(info.run_id)
    staying = decide(lambda: _staying(dataset, stale))
    return replace_rows(path, dataset.version, staying, lambda: info, "withdrawal")


def _rows(dataset: Dataset) -> Iterator[pa.RecordBatch]:
    return read_shards(dataset.files(), remedy="restore it from a copy")


def _stay(batch: pa.RecordBatch, stale: Callable[[Mapping[str, Any]], bool]) -> list[bool]:
    return [not stale(row) for row in batch.select(list(JUDGED)).to_pylist()]


def _staying(
    dataset: Dataset, stale: Callable[[Mapping[str, Any]], bool]
) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    for batch in _rows(dataset):
        yield batch.filter(pa.array(_stay(batch, stale)))
