"""Rows of earlier runs, decided together with those of a run by a rule that learns from both.

So that a dataset that grows day by day is, row by row, what one run on all of it gives. That costs
more every day; where earlier labels are kept instead, new rows are decided by what the newest
`TAUGHT_BY` teach, and a day costs the same however large the dataset is. Does not cover rules that
learn nothing: what they say of a row is the same whenever it came.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from labeler.consensus.base import Learner, Rule
from labeler.dataset.reader import Dataset, open_dataset
from labeler.dataset.rewrite import replace_rows
from labeler.dataset.shards import read_shards
from labeler.dataset.storage import Location
from labeler.dataset.store import CommitInfo, has_log
from labeler.errors import DatasetError
from labeler.recompute.rows import Read, decided_by
from labeler.recompute.version import was_recomputed

if TYPE_CHECKING:
    import pyarrow as pa


EarlierLabels = Literal["apart", "anew", "kept"]
"""What a rule that learns does with rows of earlier runs: nothing; it decides them `anew`, as if
all were of one run; or it learns from the newest, which keep their labels.
"""

TAUGHT_BY = 20_000
"""Solutions: as many as `fusion` looks at, however many there are (its `fit_limit`)."""


def earlier_rows(out: Location, rule: Rule, labels: EarlierLabels) -> Dataset | None:
    """The dataset as it is, if its rows are to be decided anew: not where the rule learns nothing,
    and not where somebody has chosen another rule for them.
    """
    if labels != "anew" or not isinstance(rule, Learner) or not has_log(out) or was_recomputed(out):
        return None
    return open_dataset(out)


def all_rows(earlier: Dataset | None, staged: Sequence[Path]) -> Read:
    """Reads the rows of a dataset, if one is given, and those that are staged."""
    old = [] if earlier is None else earlier.files()
    return lambda: chain(read_shards(old, remedy="restore it from a copy"), read_shards(staged))


def taught_by(
    out: Location, labels: EarlierLabels, earlier: Dataset | None, staged: Sequence[Path]
) -> Read:
    """Reads the rows that a rule learns from before it decides those that are staged."""
    return newest_rows(out, staged) if labels == "kept" else all_rows(earlier, staged)


def newest_rows(out: Location, staged: Sequence[Path], n: int = TAUGHT_BY) -> Read:
    """Reads the staged rows, and before them the newest of a dataset, up to `n` in all."""
    dataset = open_dataset(out) if has_log(out) else None
    names = [] if dataset is None else dataset.data_files()
    files: list[Path] = []
    room = n - sum(map(_n_rows, staged))
    while dataset is not None and names and room > 0:
        files.insert(0, dataset.local(names.pop()))
        room -= _n_rows(files[0])

    def read() -> Iterator[pa.RecordBatch]:
        too_many = max(0, -room)
        for batch in read_shards(files, remedy="restore it from a copy"):
            skipped = min(too_many, batch.num_rows)
            too_many -= skipped
            yield batch.slice(skipped)
        yield from read_shards(staged)

    return read


def _n_rows(file: Path) -> int:
    import pyarrow.parquet as pq

    return int(pq.read_metadata(file).num_rows)


def commit_together(
    out: Location, rule: Rule, earlier: Dataset, staged: Sequence[Path], info: CommitInfo
) -> int:
    """One version of all rows, earlier ones and staged ones; its number.

    Raises `DatasetError` where another version was committed meanwhile.
    """
    rows = decided_by(rule, all_rows(earlier, staged))
    version = replace_rows(out, earlier.version, rows, lambda: info, info.run_id)
    if version is None:
        raise DatasetError(f"{out}: the commit of run {info.run_id} is not in the log")
    return version
