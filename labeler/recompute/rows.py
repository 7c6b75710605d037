"""Recomputes labels of rows from evidence that is there: no model is asked.

Rows pass through a few at a time. Rules that learn see all rows first (one pass), then decide them
(another). What people said of steps stays in force (`labeler.consensus.human`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from labeler.consensus.base import Rule, RuleKind, fitted
from labeler.consensus.human import apply_human_reviews
from labeler.consensus.label import recompute_solution
from labeler.dataset.decoded import decoded, slices, solutions_of
from labeler.recompute.columns import with_decisions
from labeler.records import LabeledSolution

if TYPE_CHECKING:
    import pyarrow as pa

Read = Callable[[], Iterator["pa.RecordBatch"]]
"""Reads all rows from the beginning, each time that it is called."""


def fitted_to(rule: RuleKind, read: Read) -> RuleKind:
    """The rule, ready to decide these rows."""
    return fitted(rule, labelled_rows(read))


def labelled_rows(read: Read) -> Iterator[LabeledSolution]:
    """The rows as records."""
    return solutions_of(read())


def decided_by(rule: Rule, read: Read) -> Iterator[pa.RecordBatch]:
    """All rows, decided by the rule after it has learned from all of them."""
    return recomputed_rows(read(), fitted_to(rule, read))


def recomputed_rows(
    batches: Iterable[pa.RecordBatch],
    rule: Rule,
    on_row: Callable[[LabeledSolution, LabeledSolution], None] = lambda before, after: None,
) -> Iterator[pa.RecordBatch]:
    """The rows in their order, labels recomputed by `rule`; `on_row` sees each before and after."""

    for batch in slices(batches):
        before = decoded(batch)
        after = [apply_human_reviews(recompute_solution(one, rule)) for one in before]
        for pair in zip(before, after, strict=True):
            on_row(*pair)
        yield with_decisions(batch, before, after)
