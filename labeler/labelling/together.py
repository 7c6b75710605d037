"""Rows of earlier runs, decided together with those of a run by a rule that learns from both.

So that a dataset that grows day by day is, row by row, what one run on all of it gives. Does not
cover rules that learn nothing: what they say of a row is the same whenever it came.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from labeler.consensus.base import Learner, Rule
from labeler.dataset.reader import Dataset, open_dataset
from labeler.dataset.rewrite import replace_rows
from labeler.dataset.shards import read_shards
from labeler.dataset.storage import Location
from labeler.dataset.store import CommitInfo, has_log
from labeler.errors import DatasetError
from labeler.recompute.rows import Read, decided_by
from labeler.recompute.version import was_recomputed


def earlier_rows(out: Location, rule: Rule) -> Dataset | None:
    """The dataset as it is, if its rows are to be decided anew: not where the rule learns nothing,
    and not where somebody has chosen another rule for them.
    """
    if not isinstance(rule, Learner) or not has_log(out) or was_recomputed(out):
        return None
    return open_dataset(out)


def all_rows(earlier: Dataset | None, staged: Sequence[Path]) -> Read:
    """Reads the rows of a dataset, if one is given, and those that are staged."""
    old = [] if earlier is None else earlier.files()
    return lambda: chain(read_shards(old, remedy="restore it from a copy"), read_shards(staged))


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
