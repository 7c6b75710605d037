"""PRMBench, PARC (PERL) and DeltaBench: every step is labelled, so there may be several errors.

All three count from 1. A record of PRMBench gives two solutions: the one with errors put in, and
the right one that it was made of. PARC's annotations are nested once or twice. DeltaBench labels
sections of long chains; sections that do not help are neutral, not wrong.
Sources: Song et al., arXiv 2501.03124; Mukherjee et al., arXiv 2502.02362; He et al., arXiv
2502.19361; the data in their repositories.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from labeler.problems.forms.base import Form, Record, judged, listed, reason_in, texts, whole_number
from labeler.problems.written import Unfit, text_of

SECTION = re.compile(r"^[ \t]*section[ \t]*(\d+)[ \t]*:?", re.IGNORECASE | re.MULTILINE)


def _marked(record: Record, name: str, n_steps: int) -> set[int]:
    """Numbers of steps, counted from 1, as indices. Raises `Unfit` for one that there is not."""
    value = record.get(name)
    if value is None or (isinstance(value, str) and not value.strip()):
        return set()
    found = [whole_number(one, name) for one in listed(record, name)]
    if outside := [one for one in found if not 1 <= one <= n_steps]:
        raise Unfit(f"{name} {outside[0]} is no number of one of {n_steps} steps")
    return {one - 1 for one in found}


def _prmbench(record: Record) -> Sequence[Record]:
    steps = texts(record, "modified_process")
    wrong = _marked(record, "error_steps", len(steps))
    original = text_of(record, "original_question") or text_of(record, "question")
    asked = text_of(record, "modified_question") or text_of(record, "question") or original
    name, why = text_of(record, "idx"), reason_in(record, "reason")
    gold = text_of(record, "ground_truth") or text_of(record, "ground_truth_answer") or None
    found = [
        {
            "problem": asked,
            "gold_answer": gold,
            "steps": steps,
            "labels": [-1 if t in wrong else 1 for t in range(len(steps))],
            "notes": [why if wrong and t == min(wrong) else "" for t in range(len(steps))],
            "id": name,
        }
    ]
    if record.get("original_process") is None:
        return found
    before = texts(record, "original_process")
    return [
        *found,
        {
            "problem": original,
            "gold_answer": gold,
            "steps": before,
            "labels": [1] * len(before),
            "id": name and f"{name}/original",
        },
    ]


PRMBENCH = Form(
    name="prmbench",
    of="PRMBench: the solution with errors and the one it was made of",
    fields=("modified_process", "error_steps"),
    read=_prmbench,
)


def _parc(record: Record) -> Sequence[Record]:
    steps = texts(record, "steps")
    labels: list[int | None] = [None] * len(steps)
    notes = [""] * len(steps)
    for entry in _step_level(record["error_annotation"]):
        if not isinstance(entry, Mapping):
            raise Unfit("step_level holds something that is no object")
        number = whole_number(entry.get("step_number"), "step_number")
        has_error = entry.get("has_error")
        if not 1 <= number <= len(steps):
            raise Unfit(f"step_number {number} is no number of one of {len(steps)} steps")
        if not isinstance(has_error, bool):
            raise Unfit(f"has_error of step {number} is neither true nor false")
        labels[number - 1] = -1 if has_error else 1
        notes[number - 1] = "\n".join(_descriptions(entry.get("errors")))
    found = {
        "problem": text_of(record, "question"),
        "gold_answer": text_of(record, "ground_truth_answer") or None,
        "final_answer": text_of(record, "model_answer"),
        "final_answer_correct": judged(record, "is_correct"),
        "steps": steps,
        "labels": labels,
        "notes": notes,
    }
    reference = text_of(record, "ground_truth_solution")
    return [found | ({"reference_solution": [reference]} if reference.strip() else {})]


def _step_level(annotation: Any) -> list[Any]:
    """The list under `step_level`, however deep it lies."""
    waiting = [annotation]
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, Mapping):
            if isinstance(value.get("step_level"), list):
                found: list[Any] = value["step_level"]
                return found
            waiting += value.values()
    raise Unfit("error_annotation has no list step_level")


def _descriptions(errors: Any) -> list[str]:
    entries = errors if isinstance(errors, list) else []
    said = [one.get("error_description") for one in entries if isinstance(one, Mapping)]
    return [one for one in said if isinstance(one, str) and one.strip()]


PARC = Form(
    name="parc",
    of="PARC (PERL): negatives, positives, perturbed",
    fields=("question", "steps", "error_annotation"),
    read=_parc,
)


ERRORS, UNUSEFUL = "reason_error_section_numbers", "reason_unuseful_section_numbers"


def _deltabench(record: Record) -> Sequence[Record]:
    sections = _sections(record)
    wrong = _marked(record, ERRORS, len(sections))
    unuseful = _marked(record, UNUSEFUL, len(sections)) - wrong
    labels = [-1 if t in wrong else 0 if t in unuseful else 1 for t in range(len(sections))]
    return [
        {
            "problem": text_of(record, "question"),
            "gold_answer": text_of(record, "answer") or None,
            "steps": sections,
            "labels": labels,
            "id": text_of(record, "id"),
            "domain": "math" if text_of(record, "task_l1") == "math" else "qa",
        }
    ]


def _sections(record: Record) -> list[str]:
    if record.get("sections") is not None:
        entries = listed(record, "sections")
        found: list[Any] = [
            one.get("content") if isinstance(one, Mapping) else one for one in entries
        ]
        if not all(isinstance(one, str) for one in found):
            raise Unfit("sections is not a list of texts, or of objects with content")
        return found
    name = "sections_content" if "sections_content" in record else "section_content"
    text = text_of(record, name)
    marks = list(SECTION.finditer(text))
    if not marks or [int(mark[1]) for mark in marks] != list(range(1, len(marks) + 1)):
        raise Unfit(f"{name} does not count its sections from 1 on")
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    return [text[mark.end() : end].strip() for mark, end in zip(marks, ends, strict=True)]


DELTABENCH = Form(
    name="deltabench",
    of="DeltaBench: sections of long chains",
    fields=("question", ERRORS),
    read=_deltabench,
)
