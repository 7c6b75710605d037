"""The Arrow schema of one dataset row, derived from the records, and rows to and from records.

One row is one labelled solution. The schema is fixed by the type annotations below and in
`labeler.records`, never guessed from data; `python -m labeler.schema` prints it as the contract
kept in `schemas/labeled_solutions.v4.json`. A released version is never edited: a change of
columns takes the next `SCHEMA_VERSION` and a new file.

Does not cover reading and writing files (`labeler.dataset`) or deciding labels
(`labeler.consensus`). Source: Arrow columnar format, nested types; Delta Lake names for list items.
"""

from __future__ import annotations

import json
import math
import types
import typing
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from labeler.errors import DatasetError
from labeler.records import (
    Consensus,
    Generator,
    Known,
    LabeledSolution,
    LabeledStep,
    Problem,
    ProblemSamples,
    Solution,
    Source,
    Trajectory,
    Verdict,
)

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA_VERSION = 4

NARROW = {
    "label": "int8",
    "first_error": "int32",
    "schema_version": "int32",
    "probability": "float",
}
"""Fields stored narrower than Python's int (int64) and float (double); "float" is 32 bits."""

MEANING = {
    "text": "the problem as put to the policy",
    "outcome": "verdict on the final answer: correct, wrong or unknown",
    "steps.label": "1 right, 0 neutral, -1 wrong, null undecided",
    "steps.probability": "consensus probability that the step is right; null where it has none",
    "steps.prefix_id": "identity of the problem with all text up to and including this step",
    "steps.evidence.asks": "value: can the policy still get there; correctness: is it right",
    "steps.evidence.verdict": "correct, wrong or unknown (an error is unknown, with its reason)",
    "steps.evidence.score": "0 to 1, higher is better; null where the labeler gave none",
    "steps.evidence.signal": "a real number on the labeler's own scale, higher is better; a score"
    " without a verdict; null where the labeler gave none, and in rows of versions 1 and 2",
    "first_error": "0-based index of the first wrong step; -1 none, null undecided",
    "shard": "which shard of the run wrote the row",
    "samples": "all samples of the problem that its run drew, equal texts included; null where none"
    " were, and in rows of version 1",
    "logprobs": "natural logarithms of the policy's probability of each token of each step, as it"
    " was sampled; null where they were not asked for, and in rows of versions 1 and 2",
    "known": "answers as good as the gold one, right calls and entities, where they are known; null"
    " where none are, and in rows of versions 1 to 3",
    "trajectory": "what an agent's steps are made of, one turn per step; null for other solutions,"
    " and in rows of versions 1 to 3",
    "trajectory.tools": "what the policy could call, as JSON text in OpenAI's form",
    "trajectory.turns.calls.arguments": "JSON text as the policy wrote it",
    "trajectory.turns.observations": "what tools, or the user, answered: not the policy's words",
    "trajectory.turns.observations.call": "0-based index of the call it answers; null for none",
    "trajectory.turns.observations.reason": "the kind of failure, empty where the call succeeded",
}
"""Words for the columns whose names do not say enough; part of the contract."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Which run wrote a row, precisely enough to run it again."""

    run_id: str
    config_sha: str
    code_version: str
    shard: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the dataset, column by column: a problem, one solution, its labels, its origin."""

    problem_id: str
    domain: str
    text: str
    gold_answer: str | None
    reference_solution: tuple[str, ...]
    tests: tuple[str, ...]
    context: tuple[str, ...]
    source: Source
    solution_id: str
    final_answer: str | None
    outcome: Verdict
    outcome_reason: str
    generator: Generator
    steps: tuple[LabeledStep, ...]
    first_error: int | None
    consensus: Consensus
    shard: str
    run_id: str
    config_sha: str
    code_version: str
    schema_version: int
    # Columns that came later stand last, as they do in tables that they were added to.
    samples: ProblemSamples | None
    logprobs: tuple[tuple[float, ...], ...] | None
    known: Known | None
    trajectory: Trajectory | None


def row(labeled: LabeledSolution, provenance: Provenance) -> dict[str, Any]:
    """The columns of one row, as plain lists and dicts. Probabilities are stored as 32-bit floats.

    Raises `DatasetError` for a record that would not come back as it went in (NaN, steps at odds).
    """
    _refuse_broken(labeled)
    problem, solution = labeled.problem, labeled.solution
    columns = {field.name: getattr(problem, field.name) for field in fields(Problem)}
    columns |= {field.name: getattr(solution, field.name) for field in fields(Solution)}
    columns |= {"steps": labeled.steps, "first_error": labeled.first_error}
    columns |= {"consensus": labeled.consensus, "schema_version": SCHEMA_VERSION}
    columns |= {field.name: getattr(provenance, field.name) for field in fields(Provenance)}
    whole: dict[str, Any] = plain(Row(**columns))
    return whole


def labeled_solution(columns: Mapping[str, Any]) -> LabeledSolution:
    """The record a row was made from."""
    whole = from_plain(Row, columns)
    texts = tuple(step.text for step in whole.steps)
    problem = Problem(**{field.name: getattr(whole, field.name) for field in fields(Problem)})
    written = {field.name: getattr(whole, field.name) for field in fields(Solution)}
    solution = Solution(**(written | {"steps": texts}))
    return LabeledSolution(problem, solution, whole.steps, whole.first_error, whole.consensus)


def provenance_of(columns: Mapping[str, Any]) -> Provenance:
    """Which run wrote this row."""
    return from_plain(Provenance, columns)


def _refuse_broken(labeled: LabeledSolution) -> None:
    solution, steps = labeled.solution, labeled.steps
    where = f"solution {solution.solution_id}"
    if solution.problem_id != labeled.problem.problem_id:
        raise DatasetError(f"{where}: belongs to another problem; the run mixed up its records")
    if solution.steps != tuple(step.text for step in steps):
        raise DatasetError(f"{where}: labelled steps differ from its text; label it again")
    refuse_broken_labels(labeled)
    told = solution.logprobs or ()
    if told and len(told) != len(steps):
        raise DatasetError(f"{where}: log-probabilities of {len(told)} steps; it has {len(steps)}")
    if not all(math.isfinite(x) for of_step in told for x in of_step):
        raise DatasetError(f"{where}: a log-probability is not finite; leave them out")
    if solution.trajectory and len(solution.trajectory.turns) != len(steps):
        n_turns = len(solution.trajectory.turns)
        raise DatasetError(f"{where}: has {n_turns} turns and {len(steps)} steps; label it again")
    for index, step in enumerate(steps):
        for item in step.evidence:
            _refuse_infinite(where, index, item.score, item.signal)


def refuse_broken_labels(labeled: LabeledSolution) -> None:
    """Raises `DatasetError` for labels that would not come back as they are."""
    where, steps = f"solution {labeled.solution.solution_id}", labeled.steps
    if labeled.first_error is not None and not -1 <= labeled.first_error < len(steps):
        raise DatasetError(f"{where}: first_error {labeled.first_error} is no index of a step")
    for index, step in enumerate(steps):
        if step.label not in (1, 0, -1, None):
            raise DatasetError(
                f"{where}, step {index + 1}: label {step.label} is not 1, 0, -1 or null"
            )
        _refuse_infinite(where, index, step.probability)


def _refuse_infinite(where: str, index: int, *numbers: float | None) -> None:
    for number in numbers:
        if number is not None and not math.isfinite(number):
            raise DatasetError(f"{where}, step {index + 1}: {number} is no score; unknown is null")


Kind = TypeVar("Kind")


@cache
def types_of(kind: Hashable) -> dict[str, Any]:
    """What the fields of a record hold, in their order."""
    return typing.get_type_hints(kind)


def kind_of(hint: Any) -> Any:
    """What a field holds where it holds something: the annotation without `| None`."""
    if isinstance(hint, types.UnionType):
        (hint,) = (arg for arg in typing.get_args(hint) if arg is not type(None))
    return hint


def is_list(kind: Any) -> bool:
    """Whether this is a tuple of any length, which Arrow has as a list."""
    return typing.get_origin(kind) is tuple


def item_of(kind: Any) -> Any:
    """What such a tuple holds."""
    return typing.get_args(kind)[0]


def plain(value: Any) -> Any:
    """Records as dicts, tuples as lists, enums as text: what Arrow and JSON take and give back."""
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, StrEnum) else value


def from_plain(kind: Callable[..., Kind], value: Mapping[str, Any]) -> Kind:
    """The record that `plain` was given; columns the record does not have are left out."""
    return kind(**{name: _typed(hint, value[name]) for name, hint in types_of(kind).items()})


def _typed(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    kind = kind_of(hint)
    if is_dataclass(kind):
        return from_plain(typing.cast(type, kind), value)
    if is_list(kind):
        return tuple(_typed(item_of(kind), item) for item in value)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind(value)
    return value


def arrow_schema(kind: type = Row) -> pa.Schema:
    """The Arrow schema of a record; a field may be null only where its annotation says `| None`."""
    import pyarrow as pa

    return pa.schema([_arrow_field(name, hint) for name, hint in types_of(kind).items()])


def _arrow_field(name: str, hint: Any) -> pa.Field:
    import pyarrow as pa

    nullable, inner = isinstance(hint, types.UnionType), kind_of(hint)
    if is_list(inner):
        # Delta calls the items of a list "element"; another name would make two unequal schemas.
        kind = pa.list_(_arrow_field("element", item_of(inner)))
    elif is_dataclass(inner):
        nested = types_of(typing.cast(type, inner)).items()
        kind = pa.struct([_arrow_field(child, child_hint) for child, child_hint in nested])
    elif name in NARROW:
        kind = pa.type_for_alias(NARROW[name])
    elif issubclass(inner, str):
        kind = pa.string()
    else:
        kind = {bool: pa.bool_(), int: pa.int64(), float: pa.float64()}[inner]
    return pa.field(name, kind, nullable=nullable)


def contract() -> str:
    """The schema as JSON text, one file per released version."""
    described = [_described(field, field.name) for field in arrow_schema()]
    whole = {"name": "labeled_solutions", "version": SCHEMA_VERSION, "columns": described}
    return json.dumps(whole, indent=2) + "\n"


def _described(field: pa.Field, path: str) -> dict[str, Any]:
    import pyarrow as pa

    about: dict[str, Any] = {"name": field.name, "type": str(field.type), "null": field.nullable}
    item = field.type.value_field if pa.types.is_list(field.type) else field
    if pa.types.is_struct(item.type):
        about["fields"] = [_described(child, f"{path}.{child.name}") for child in item.type]
    if pa.types.is_list(field.type):
        about["type"] = "list<struct>" if "fields" in about else f"list<{item.type}>"
    elif "fields" in about:
        about["type"] = "struct"
    return about | ({"meaning": MEANING[path]} if path in MEANING else {})


if __name__ == "__main__":
    print(contract(), end="")
