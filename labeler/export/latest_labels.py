"""Solutions that several runs of a dataset labelled: the newest labels are the ones exported.

Rows stand in the order in which they were committed. A solution is its problem and its steps,
whose last prefix id is a hash of both; its own id may be another's in another file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from labeler.records import LabeledSolution

if TYPE_CHECKING:
    import polars as pl

    from labeler.dataset import Dataset

LABELLED_AGAIN = "labelled again by a later run"


class LatestLabels:
    """Tells of each row, asked in the order of the dataset, whether no later one replaces it."""

    def __init__(self, times: dict[str, int]) -> None:
        self._left = dict(times)

    def is_latest(self, labeled: LabeledSolution) -> bool:
        """Counts this row; rows of different problems may come in any order."""
        if not labeled.steps:
            return True
        whole = labeled.steps[-1].prefix_id
        if whole not in self._left:
            return True
        self._left[whole] -= 1
        return self._left[whole] == 0


def times_labelled(dataset: Dataset) -> dict[str, int]:
    """How often each solution stands in the dataset, of those that do so more than once."""
    import numpy as np
    import polars as pl

    def wholes() -> Iterator[pl.Series]:
        """The last prefix ids, some rows at a time."""
        for flat in dataset.columns("steps.prefix_id"):
            lengths = flat.lengths["steps"].astype(np.int64)
            last = (np.cumsum(lengths) - 1)[lengths > 0]
            yield pl.Series("whole", flat.columns["steps.prefix_id"].take(last), dtype=pl.String)

    # Hashes of all take little room, and few solutions are labelled twice.
    hashes = np.concatenate(
        [np.zeros(0, np.uint64), *(some.hash().to_numpy() for some in wholes())]
    )
    found, times = np.unique(hashes, return_counts=True)
    again = pl.Series(found[times > 1])
    if not len(again):
        return {}
    counts: Counter[str] = Counter()
    for some in wholes():
        counts.update(some.filter(some.hash().is_in(again.implode())).to_list())
    return {name: n for name, n in counts.items() if n > 1}
