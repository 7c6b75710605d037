"""Solutions that several runs of a dataset labelled: the newest labels are the ones exported.

Rows stand in the order in which they were committed. A solution is its problem and its steps,
whose last prefix id is a hash of both; its own id may be another's in another file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeler.records import LabeledSolution

if TYPE_CHECKING:
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
    import polars as pl

    whole = pl.col("steps").list.last().struct.field("prefix_id").alias("whole")
    counted = dataset.scan().select(whole).group_by("whole").len().filter(pl.col("len") > 1)
    return {name: n for name, n in dataset.collect(counted).iter_rows() if name is not None}
