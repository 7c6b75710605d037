"""What a rule decided, put into the columns of the rows: all others stay as they are.

A rule decides labels and probabilities, the first error, whether a solution is kept, an outcome
that nobody knew, and which evidence is about a solution at all. Nothing else is written anew, so
nothing else costs anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Any

from labeler.records import LabeledSolution, LabeledStep
from labeler.schema import SCHEMA_VERSION, plain, refuse_broken_labels

if TYPE_CHECKING:
    import pyarrow as pa


def with_decisions(
    batch: pa.RecordBatch, before: Sequence[LabeledSolution], after: Sequence[LabeledSolution]
) -> pa.RecordBatch:
    """The rows of a batch, which were decoded as `before`, as `after` has them.

    Raises `DatasetError` for labels that would not come back as they are.
    """
    import pyarrow as pa

    for one in after:
        refuse_broken_labels(one)
    decided = {
        "outcome": [str(one.solution.outcome) for one in after],
        "outcome_reason": [one.solution.outcome_reason for one in after],
        "first_error": [one.first_error for one in after],
        "consensus": [plain(one.consensus) for one in after],
        "schema_version": [SCHEMA_VERSION] * len(after),
    }
    columns = {name: pa.array(decided[name], batch.schema.field(name).type) for name in decided}
    columns["steps"] = _steps(batch.column("steps"), before, after)
    arrays = [columns.get(name, batch.column(name)) for name in batch.schema.names]
    return pa.RecordBatch.from_arrays(arrays, schema=batch.schema)


def _steps(
    column: pa.Array, before: Sequence[LabeledSolution], after: Sequence[LabeledSolution]
) -> pa.Array:
    import pyarrow as pa

    steps, items = column.flatten(), [step for one in after for step in one.steps]
    kind = steps.type
    decided = {
        "label": pa.array([item.label for item in items], kind.field("label").type),
        "probability": pa.array(
            [item.probability for item in items], kind.field("probability").type
        ),
        "evidence": _evidence(
            steps.field("evidence"), [step for one in before for step in one.steps], items
        ),
    }
    fields = list(kind)
    arrays = [decided.get(field.name, steps.field(field.name)) for field in fields]
    return _list(
        [len(one.steps) for one in after],
        pa.StructArray.from_arrays(arrays, fields=fields),
        column.type,
    )


def _evidence(
    column: pa.Array, before: Sequence[LabeledStep], after: Sequence[LabeledStep]
) -> pa.Array:
    """What is still about each step: some of what was, in its order."""
    lengths = [len(step.evidence) for step in after]
    if sum(lengths) == len(column.flatten()):
        return column
    kept = (
        map({id(piece) for piece in now.evidence}.__contains__, map(id, then.evidence))
        for then, now in zip(before, after, strict=True)
    )
    return _list(lengths, column.flatten().filter(list(chain.from_iterable(kept))), column.type)


def _list(lengths: Sequence[int], items: pa.Array, kind: Any) -> pa.Array:
    import pyarrow as pa

    offsets = pa.array(list(accumulate(lengths, initial=0)), pa.int32())
    return pa.ListArray.from_arrays(offsets, items, type=kind)
