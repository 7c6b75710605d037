"""Recomputes labels of rows from evidence that is there: no model is asked.

Rows pass through a few at a time. Rules that learn see all rows first (one pass), then decide them
(another). What people said of steps stays in force (`labeler.consensus.human`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from labeler.consensus.base import Rule, RuleKind, fitted
from labeler.consensus.human import apply_human_reviews
from labeler.consensus.label import recompute_solution
from labeler.dataset.shards import plain_rows, record_batches
from labeler.records import LabeledSolution
from labeler.schema import labeled_solution, provenance_of, row

if TYPE_CHECKING:
    import pyarrow as pa

Read = Callable[[], Iterator["pa.RecordBatch"]]
"""Reads all rows from the beginning, each time that it is called."""


def fitted_to(rule: RuleKind, read: Read) -> RuleKind:
    """The rule, ready to decide these rows."""
    return fitted(rule, labelled_rows(read))


def labelled_rows(read: Read) -> Iterator[LabeledSolution]:
    """The rows as records."""
    return (labeled_solution(columns) for columns in plain_rows(read()))


def decided_by(rule: Rule, read: Read) -> Iterator[pa.RecordBatch]:
    """All rows, decided by the rule after it has learned from all of them."""
    return recomputed_rows(read(), fitted_to(rule, read))


def recomputed_rows(
    batches: Iterable[pa.RecordBatch],
    rule: Rule,
    on_row: Callable[[LabeledSolution, LabeledSolution], None] = lambda before, after: None,
) -> Iterator[pa.RecordBatch]:
    """The rows in their order, labels recomputed by `rule`; `on_row` sees each before and after."""

    def recomputed(columns: Mapping[str, Any]) -> dict[str, Any]:
        before = labeled_solution(columns)
        after = apply_human_reviews(recompute_solution(before, rule))
        on_row(before, after)
        return row(after, provenance_of(columns))

    return record_batches(map(recomputed, plain_rows(batches)))
