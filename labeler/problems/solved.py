"""Reads solutions that exist already, with what people said of their steps.

What a record holds tells its form (`labeler.problems.forms.table` lists them: ProcessBench, PRM800K
and a dozen other sets), in JSON, JSON lines, Parquet, CSV or a data set of the Hub. Any other
record has problem, steps, and, where known, label (or first_error: 0-based, -1 none), labels (one
per step: 1 right, 0 neutral, -1 wrong, null), gold_answer (or answer), final_answer_correct,
reference_solution, context, tests, domain, id. `solution` stands for `steps` where a whole text is
to be split. Steps that lost what stood between them get a delimiter.

The same problem with several solutions is one problem; for ids that come again see `reused`. Does
not cover datasets of this package (`labeler.dataset`). A record that is none is a `Rejection`,
never a guess.
"""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import isnan
from pathlib import Path
from typing import Any

from labeler.errors import ConfigError, DataError
from labeler.problems.base import is_unicode, lists_of, reject, unknown_domain
from labeler.problems.forms.base import Form, listed
from labeler.problems.forms.messages import TRAJECTORY
from labeler.problems.forms.table import AUTO, FORMS, form_of, nearest
from labeler.problems.known import known_of
from labeler.problems.reused import UsedIds, used_ids
from labeler.problems.rows import Place, located_records, renamed, typed
from labeler.problems.written import NOT_UNICODE, Digits, Faulty, Unfit, agreed, text_of
from labeler.records import (
    Domain,
    Generator,
    Problem,
    Rejection,
    Sampling,
    Solution,
    Source,
    Verdict,
    short_hash,
)
from labeler.steps.auto import split_auto

DELIMITER = "\n\n"

FIELDS = (
    "problem", "text", "steps", "solution", "label", "first_error", "labels", "notes",
    "gold_answer", "answer", "final_answer", "final_answer_correct", "reference_solution",
    "context", "tests", "domain", "id", "problem_id", "generator", "gold_answers", "aliases",
    "gold_calls", "entities",
)  # fmt: skip
"""That a plain record may have, and so what `columns` may name."""


@dataclass(frozen=True, slots=True)
class SolutionRecord:
    """One solution of one problem; `first_error` is the human's (-1 none), None where unknown.

    `labels` are what people said of each step (1, 0, -1, None where nobody spoke), `notes` why;
    both are empty where nobody said anything.
    """

    problem: Problem
    solution: Solution
    first_error: int | None
    labels: tuple[int | None, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """How records are read: their form by name, "auto" to know them by their fields, and which
    column holds which field, where a file calls them otherwise.
    """

    form: str = AUTO
    columns: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        """Raises `ConfigError` for a form or field that there is not."""
        if self.form != AUTO:
            FORMS.find(self.form, "form:")
        known = {*FIELDS, *(name for form in FORMS.values() for name in form.fields)}
        for field in self.columns or {}:
            if field not in known:
                close = difflib.get_close_matches(field, sorted(known), n=1)
                meant = f"did you mean {close[0]!r}? " if close else ""
                raise ConfigError(
                    f"columns: no field {field!r}; {meant}fields are {', '.join(FIELDS)}"
                )


def read_solutions(
    place: Place | Path, how: Reading | None = None
) -> Iterator[SolutionRecord | Rejection]:
    """Solutions of a file or data set, in its order; one without any is an error."""
    where = Place(str(place)) if isinstance(place, Path) else place
    how = how or Reading()
    source, records = located_records(where)
    reason, n_read, fields = "it is empty", 0, dict[str, None]()
    with used_ids() as ids:
        for location, record in records:
            fields |= dict.fromkeys(record if isinstance(record, Mapping) else ())
            for read in _read(record, location, source, how):
                one = read
                if isinstance(read, SolutionRecord):
                    one = _of_its_own(read, location, ids)
                if isinstance(one, Rejection):
                    reason = one.reason
                else:
                    n_read += 1
                yield one
    if not n_read:
        _refuse(where.path, reason, list(fields), how)


def _refuse(path: str, reason: str, fields: list[str], how: Reading) -> None:
    missing = sorted(column for column in (how.columns or {}).values() if column not in fields)
    if fields and missing and "." not in missing[0]:
        raise DataError(
            f"{path}: has no column {missing[0]!r}; its columns are {', '.join(fields)}"
        )
    told = nearest(fields) if fields else ""
    seen = f"; {told}" if told not in reason else ""
    raise DataError(f"{path}: no solution in it ({reason}); a record has problem and steps{seen}")


def _read(
    record: Any, location: str, source: Source, how: Reading
) -> list[SolutionRecord | Rejection]:
    """The record's solutions, or why there is none in it."""
    if isinstance(record, Faulty):
        return [reject(location, record.reason)]
    if not isinstance(record, Mapping):
        return [reject(location, "not an object")]
    try:
        named = typed(renamed(record, how.columns or {}))
        form = form_of(named) if how.form == AUTO else _fitting(named, how.form)
        plain = form.read(named)
        return [_one(each, location, source, list(record)) for each in plain]
    except Unfit as unfit:
        return [reject(location, str(unfit))]


def _fitting(record: Mapping[str, Any], name: str) -> Form:
    form = FORMS[name]
    lacking = [field for field in form.fields if field not in record]
    if lacking:
        raise Unfit(f"form {name} has a field {lacking[0]}; {nearest(list(record))}")
    return form


def _one(
    record: Mapping[str, Any], location: str, source: Source, fields: list[str]
) -> SolutionRecord | Rejection:
    try:
        return _solution(record, location, source, fields)
    except Unfit as unfit:
        return reject(location, str(unfit))


def _solution(
    record: Mapping[str, Any], location: str, source: Source, fields: list[str]
) -> SolutionRecord | Rejection:
    text = agreed(record, "problem", "text")
    if not text.strip():
        # Of a record that has the one or the other, the reason alone says what it lacks.
        hint = "" if record.keys() & {"problem", "text", "steps"} else f"; {nearest(fields)}"
        return reject(location, f"no problem text{hint}")
    whole = _steps(record)
    if isinstance(whole, str):
        return reject(location, whole)
    first_error = _marked(record, len(whole))
    labels = _labels(record, len(whole), first_error)
    if first_error is None and labels:
        first_error = _first_error(labels)
    if not_known := unknown_domain(text_of(record, "domain") or Domain.MATH):
        return reject(location, not_known)
    lists = lists_of(record, location)
    if isinstance(lists, Rejection):
        return lists
    gold = agreed(record, "gold_answer", "answer") or None
    problem = Problem(
        problem_id=text_of(record, "problem_id") or short_hash(text),
        domain=text_of(record, "domain") or Domain.MATH,
        text=text,
        gold_answer=gold,
        source=source,
        known=known_of(record, gold),
        **lists,
    )
    outcome = _judged(record)
    unknown = outcome is Verdict.UNKNOWN
    solution = Solution(
        solution_id=text_of(record, "id") or short_hash(problem.problem_id, *whole),
        problem_id=problem.problem_id,
        steps=whole,
        final_answer=text_of(record, "final_answer") or None,
        outcome=outcome,
        outcome_reason="the file does not say" if unknown else "",
        generator=Generator(text_of(record, "generator"), "", Sampling(), 0, ""),
        trajectory=record.get(TRAJECTORY),
    )
    solved = SolutionRecord(problem, solution, first_error, labels, _notes(record, labels))
    return solved if is_unicode(solved) else reject(location, NOT_UNICODE)


def _steps(record: Mapping[str, Any]) -> tuple[str, ...] | str:
    """The steps, or why there are none."""
    steps = record.get("steps")
    if steps is None and isinstance(record.get("solution"), str):
        return split_auto(record["solution"], "") or "no steps"
    if isinstance(steps, str):
        return "steps is one text; name it solution, and it is split (--column solution=NAME)"
    if not isinstance(steps, list) or not all(isinstance(step, str) for step in steps):
        return "steps is not a list of texts"
    if not steps or not "".join(steps).strip():
        return "no steps"
    return _delimited(steps)


def _labels(record: Mapping[str, Any], n_steps: int, first: int | None) -> tuple[int | None, ...]:
    """What people said of each step; () where nobody said anything. Raises `Unfit`.

    A first error says that the steps before it are right, and nothing of those behind it.
    """
    name = "labels" if record.get("labels") is not None else "ratings"
    if record.get(name) is None:
        if first is None:
            return ()
        before = n_steps if first == -1 else first
        return tuple(1 if t < before else -1 if t == first else None for t in range(n_steps))
    given = [int(one) if isinstance(one, float) else one for one in listed(record, name)]
    given = [{True: 1, False: -1}[one] if isinstance(one, bool) else one for one in given]
    if len(given) != n_steps:
        raise Unfit(f"{name} has {len(given)} entries for {n_steps} steps")
    if unknown := [one for one in given if one not in (1, 0, -1, None)]:
        raise Unfit(f"{name} holds {reprlib.repr(unknown[0])}, which is none of 1, 0, -1, null")
    labels = tuple(given)
    found = _first_error(labels)
    if first is not None and found is not None and found != first:
        raise Unfit(f"{name} say that the first error is {found}, and it is said to be {first}")
    return labels if any(one is not None for one in labels) else ()


def _first_error(labels: tuple[int | None, ...]) -> int | None:
    """The first step that is wrong, -1 for none; None where one before it was not judged."""
    for t, label in enumerate(labels):
        if label is None:
            return None
        if label == -1:
            return t
    return -1


def _notes(record: Mapping[str, Any], labels: tuple[int | None, ...]) -> tuple[str, ...]:
    given = record.get("notes")
    if given is None or not labels:
        return ()
    notes = listed(record, "notes")
    if len(notes) != len(labels) or not all(isinstance(one, str | None) for one in notes):
        raise Unfit("notes is not a list of texts, one for each step")
    return tuple(one or "" for one in notes) if any(notes) else ()


def _marked(record: Mapping[str, Any], n_steps: int) -> int | None:
    """The first error that somebody marked: -1 for none, None where nobody did. Raises `Unfit`."""
    said = [(name, record[name]) for name in ("label", "first_error") if name in record]
    marks = [(name, _whole(value)) for name, value in said]
    marks = [(name, value) for name, value in marks if value is not None]
    for name, value in marks:
        if isinstance(value, bool) or not isinstance(value, int):
            raise Unfit(f"{name} {reprlib.repr(value)} is no index of a step")
        if not -1 <= value < n_steps:
            raise Unfit(f"{name} {value} is no index of one of {n_steps} steps")
        if value != marks[0][1]:
            raise Unfit(f"label says {marks[0][1]} and first_error {value}; keep the right one")
    return marks[0][1] if marks else None


def _whole(value: Any) -> Any:
    """A column of whole numbers that has gaps is one of floats in tables, with NaN in the gaps."""
    if not isinstance(value, float) or isinstance(value, Digits):
        return value
    if isnan(value):
        return None
    return int(value) if value.is_integer() else value


def _judged(record: Mapping[str, Any]) -> Verdict:
    """What the file says of the final answer. Raises `Unfit` for what is neither true nor false."""
    match record.get("final_answer_correct"):
        case None:
            return Verdict.UNKNOWN
        case bool(judged):
            return Verdict.CORRECT if judged else Verdict.WRONG
        case other:
            said = reprlib.repr(other)
            raise Unfit(f"final_answer_correct {said} is neither true nor false; say one of them")


def _of_its_own(read: SolutionRecord, location: str, ids: UsedIds) -> SolutionRecord | Rejection:
    """The solution under an id that no other of the file has, if its problem's id is clear."""
    if clash := ids.clash(read.problem, location):
        return clash
    solution = ids.distinct(read.solution, location)
    return solution if isinstance(solution, Rejection) else replace(read, solution=solution)


def _delimited(steps: list[str]) -> tuple[str, ...]:
    """Steps whose joining keeps them apart."""
    return (*(s if s.endswith("\n") else s + DELIMITER for s in steps[:-1]), steps[-1])
