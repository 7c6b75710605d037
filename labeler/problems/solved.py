"""Reads solutions that exist already, with the human's first error where somebody marked it.

One record is one solution; what it holds tells its form, in a JSON array or JSON lines:

- ProcessBench (arXiv 2412.06559): problem, steps, label (0-based first error, -1 none),
  final_answer_correct. Steps are kept as they are; they lost the blank lines between them, so a
  delimiter is put back.
- PRM800K (arXiv 2305.20050): question and label with the ratings of each step's completions, see
  `prm800k`. The decoded form with `ratings` reads, too.
- any other: problem, steps, and, where known, label (or first_error), gold_answer (or answer),
  reference_solution, context, tests, domain, id.

The same problem with several solutions is one problem; for ids that come again see `reused`. Does
not cover datasets of this package (`labeler.dataset`). A record that is none is a `Rejection`,
never a guess.
"""

from __future__ import annotations

import codecs
import json
import reprlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from labeler.errors import DataError
from labeler.problems.base import (
    NOT_UNICODE,
    TOO_DEEP,
    content_revision,
    is_unicode,
    json_lines,
    lists_of,
    reject,
    text_of,
    unknown_domain,
)
from labeler.problems.prm800k import is_prm800k, plain_record
from labeler.problems.reused import UsedIds, used_ids
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

DELIMITER = "\n\n"


@dataclass(frozen=True, slots=True)
class SolutionRecord:
    """One solution of one problem; `first_error` is the human's (-1 none), None where unknown."""

    problem: Problem
    solution: Solution
    first_error: int | None


def read_solutions(path: Path) -> Iterator[SolutionRecord | Rejection]:
    """Solutions of a `.json` or `.jsonl` file, in its order; a file without any is an error."""
    source = Source(path.stem, content_revision(path) if path.is_file() else "")
    reason, n_read = "it is empty", 0
    with used_ids() as ids:
        for location, record in _records(path):
            is_record = isinstance(record, Mapping)
            read = (
                _solution(record, location, source)
                if is_record
                else reject(location, "not an object")
            )
            if isinstance(read, SolutionRecord):
                read = _of_its_own(read, location, ids)
            if isinstance(read, Rejection):
                reason = read.reason
            else:
                n_read += 1
            yield read
    if not n_read:
        raise DataError(f"{path}: no solution in it ({reason}); a record has problem and steps")


def _records(path: Path) -> Iterator[tuple[str, Any]]:
    """JSON lines, or the elements of one JSON array."""
    try:
        with path.open("rb") as file:
            begin = file.read(4096).removeprefix(codecs.BOM_UTF8)
        is_array = begin.lstrip().startswith(b"[")
        content = json.loads(path.read_bytes()) if is_array else None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    except RecursionError as error:
        raise DataError(f"{path}: not JSON ({TOO_DEEP}); mend the file") from error
    except ValueError as error:
        raise DataError(f"{path}: not JSON ({error}); mend the file") from error
    if content is None:
        yield from json_lines(path)
    else:
        yield from ((f"{path}[{i}]", record) for i, record in enumerate(content))


def _solution(
    content: Mapping[str, Any], location: str, source: Source
) -> SolutionRecord | Rejection:
    record = plain_record(content, location) if is_prm800k(content) else content
    if isinstance(record, Rejection):
        return record
    text, steps = text_of(record, "problem") or text_of(record, "text"), record.get("steps")
    if not text.strip():
        return reject(location, "no problem text")
    if not isinstance(steps, list) or not all(isinstance(step, str) for step in steps):
        return reject(location, "steps is not a list of texts")
    if not steps or not "".join(steps).strip():
        return reject(location, "no steps")
    marked = record.get("label", record.get("first_error"))
    if isinstance(marked, bool) or not isinstance(marked, int | None):
        return reject(location, f"label {reprlib.repr(marked)} is no index of a step")
    if marked is not None and not -1 <= marked < len(steps):
        return reject(location, f"label {marked} is no index of one of {len(steps)} steps")
    if not_known := unknown_domain(text_of(record, "domain") or Domain.MATH):
        return reject(location, not_known)
    lists = lists_of(record, location)
    if isinstance(lists, Rejection):
        return lists
    whole = _delimited(steps)
    gold = text_of(record, "gold_answer") or text_of(record, "answer") or None
    problem = Problem(
        problem_id=text_of(record, "problem_id") or short_hash(text),
        domain=text_of(record, "domain") or Domain.MATH,
        text=text,
        gold_answer=gold,
        source=source,
        **lists,
    )
    judged = record.get("final_answer_correct")
    outcome = Verdict.UNKNOWN
    if isinstance(judged, bool):
        outcome = Verdict.CORRECT if judged else Verdict.WRONG
    unknown = outcome is Verdict.UNKNOWN
    solution = Solution(
        solution_id=text_of(record, "id") or short_hash(problem.problem_id, *whole),
        problem_id=problem.problem_id,
        steps=whole,
        final_answer=text_of(record, "final_answer") or None,
        outcome=outcome,
        outcome_reason="the file does not say" if unknown else "",
        generator=Generator(text_of(record, "generator"), "", Sampling(), 0, ""),
    )
    solved = SolutionRecord(problem, solution, marked)
    return solved if is_unicode(solved) else reject(location, NOT_UNICODE)


def _of_its_own(read: SolutionRecord, location: str, ids: UsedIds) -> SolutionRecord | Rejection:
    """The solution under an id that no other of the file has, if its problem's id is clear."""
    if clash := ids.clash(read.problem, location):
        return clash
    solution = ids.distinct(read.solution, location)
    return solution if isinstance(solution, Rejection) else replace(read, solution=solution)


def _delimited(steps: list[str]) -> tuple[str, ...]:
    """Steps whose joining keeps them apart."""
    return (*(s if s.endswith("\n") else s + DELIMITER for s in steps[:-1]), steps[-1])
