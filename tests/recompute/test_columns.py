"""Rows decoded by columns, and decisions put back: as if each row were taken apart and remade."""

import math
from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labeler.dataset.decoded import decoded, solutions_of
from labeler.dataset.shards import record_batches
from labeler.errors import DatasetError
from labeler.recompute.columns import with_decisions
from labeler.records import Consensus, LabeledSolution, Verdict
from labeler.schema import arrow_schema, row
from tests.consensus.simulation import simulate
from tests.test_schema import PROVENANCE, labeled_solutions

ROWS = st.lists(labeled_solutions(), min_size=1, max_size=4)


def batch_of(rows):
    [batch] = record_batches(row(one, PROVENANCE) for one in rows)
    return batch


@given(ROWS, st.integers(0, 3))
@settings(deadline=None, max_examples=60)
def test_rows_come_back_from_columns_as_they_went_in(rows, start):
    batch = batch_of(rows).slice(start)
    assert decoded(batch) == rows[start:]
    assert repr(decoded(batch)) == repr(rows[start:]), "enums come back as enums"


def test_many_rows_are_decoded_in_their_order(monkeypatch):
    monkeypatch.setattr("labeler.dataset.decoded.ROWS_AT_ONCE", 3)
    rows = [one for batch in range(2) for one in [labelled(f"{batch}{i}") for i in range(7)]]
    batches = [batch_of(rows[:7]), batch_of(rows[7:])]
    assert list(solutions_of(batches)) == rows


def labelled(name):
    [(one, _), *_] = simulate(1, seed=3)
    return replace(one, solution=replace(one.solution, solution_id=name))


def decided(one: LabeledSolution, probability: float | None, keeps: bool) -> LabeledSolution:
    """Other labels, another outcome, and (unless `keeps`) less evidence."""
    steps = tuple(
        replace(
            step,
            label=-1 if i % 2 else None,
            probability=probability,
            evidence=step.evidence if keeps else step.evidence[1:],
        )
        for i, step in enumerate(one.steps)
    )
    solution = replace(one.solution, outcome=Verdict.WRONG, outcome_reason="said so")
    first = 0 if steps else None
    return LabeledSolution(one.problem, solution, steps, first, Consensus("new", True, ""))


@given(ROWS, st.integers(0, 3), st.none() | st.floats(0, 1, width=32), st.booleans())
@settings(deadline=None, max_examples=60)
def test_decisions_put_into_columns_are_the_rows_remade(rows, start, probability, keeps):
    batch, rows = batch_of(rows).slice(start), rows[start:]
    before = decoded(batch)
    after = [decided(one, probability, keeps) for one in before]
    made = with_decisions(batch, before, after)
    made.validate(full=True)
    remade = pa.RecordBatch.from_pylist(
        [row(one, PROVENANCE) for one in after], schema=arrow_schema()
    )
    assert made.equals(remade)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"probability": math.nan}, r"step 1: nan is no score"),
        ({"label": 2}, r"step 1: label 2 is not"),
    ],
)
def test_labels_that_would_not_come_back_are_refused(wrong, says):
    batch = batch_of([labelled("a")])
    before = decoded(batch)
    first, *others = before[0].steps
    after = [replace(before[0], steps=(replace(first, **wrong), *others))]
    with pytest.raises(DatasetError, match=says):
        with_decisions(batch, before, after)
