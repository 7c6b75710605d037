"""MR-GSM8K, MR-MATH and MR-Ben: a solution, whether it is right, and its first wrong step.

All three count steps from 1 and write N/A where there is no error. MR-Ben's steps are lines, of
which several may belong to one "Step k"; its number is that k, not the place in the list. What
annotators give as the reason of an error is kept as a note on its step.
Sources: Zeng et al., arXiv 2312.17080 (MR-GSM8K) and 2406.13975 (MR-Ben); Xia et al., arXiv
2404.05692 (ReasonEval, MR-MATH); the data descriptions in their repositories.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from labeler.problems.forms.base import (
    STEP,
    Form,
    Record,
    agree,
    first_error_from_1,
    is_none,
    judged,
    listed,
    noted,
    reason_in,
    texts,
    whole_number,
)
from labeler.problems.written import Unfit, text_of

FIRST = "model_output_solution_first_error_step"
REASON = "model_output_solution_first_error_reason"
CORRECT = "model_output_solution_correctness"


def _steps_field(record: Record) -> str:
    return (
        "model_output_step_format" if "model_output_step_format" in record else "model_output_steps"
    )


def _has_steps(record: Record) -> bool:
    return _steps_field(record) in record


def _meta(record: Record) -> Sequence[Record]:
    steps = texts(record, _steps_field(record))
    first = first_error_from_1(record.get(FIRST), FIRST, len(steps))
    agree(judged(record, CORRECT), first, CORRECT)
    return [
        _answered(record)
        | {
            "steps": steps,
            "label": first,
            "notes": noted(len(steps), first, reason_in(record, REASON)),
        }
    ]


def _redundant(record: Record) -> Sequence[Record]:
    """Ratings 1 and 0 of right steps: 0 does not help."""
    return [
        _answered(record)
        | {"steps": texts(record, "model_output_step_format"), "labels": listed(record, "rating")}
    ]


def _answered(record: Record) -> dict[str, Any]:
    name = text_of(record, "uuid") or text_of(record, "id")
    found = {
        "problem": text_of(record, "question"),
        "gold_answer": text_of(record, "ground_truth_answer") or None,
        "final_answer_correct": judged(record, "model_output_answer_correctness"),
        "generator": text_of(record, "generator"),
        "id": name,
    }
    reference = text_of(record, "ground_truth_solution")
    return found | ({"reference_solution": [reference]} if reference.strip() else {})


MR_GSM8K = Form(
    name="mr_gsm8k",
    of="MR-GSM8K and MR-MATH (invalid steps), as their authors publish them",
    fields=("question", FIRST),
    fits=_has_steps,
    read=_meta,
)

MR_MATH_REDUNDANT = Form(
    name="mr_math_redundant",
    of="MR-MATH (redundant steps)",
    fields=("question", "model_output_step_format", "rating"),
    read=_redundant,
)


BEN_FIRST = "Model_Solution_First_Error_Step"
BEN_CORRECT = "Model_Solution_Correctness"


def _mr_ben(record: Record) -> Sequence[Record]:
    lines = texts(record, "Model_Solution_Steps")
    numbers, steps = _grouped(lines)
    said = record.get(BEN_FIRST)
    first = -1 if is_none(said) else _place(whole_number(said, BEN_FIRST), numbers)
    agree(judged(record, BEN_CORRECT), first, BEN_CORRECT)
    question, options = text_of(record, "Question"), _options(record)
    modified = text_of(record, "Ground_Truth_Answer_Modified")
    name, model = text_of(record, "Question_UUID"), text_of(record, "Sampled_Model")
    return [
        {
            "problem": f"{question}\n\n{options}" if options.strip() else question,
            "gold_answer": modified or text_of(record, "Ground_Truth_Answer") or None,
            "steps": steps,
            "label": first,
            "notes": noted(len(steps), first, reason_in(record, "Model_Solution_Error_Reason")),
            "generator": model,
            "id": "/".join(part for part in (name, model) if part),
            "domain": "qa",
        }
    ]


def _options(record: Record) -> str:
    """The options as lines, where they are a list or a mapping by letter."""
    value = record.get("Options")
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return "\n".join(value)
    if isinstance(value, dict) and all(isinstance(one, str) for one in value.values()):
        return "\n".join(f"{letter}: {text}" for letter, text in value.items())
    return text_of(record, "Options")


def _grouped(lines: Sequence[str]) -> tuple[list[int], list[str]]:
    """Lines that belong to one "Step k" as one step, with its k; else each line by its place."""
    marks = [STEP.match(line) for line in lines]
    if not any(marks):
        return list(range(1, len(lines) + 1)), list(lines)
    numbers: list[int] = []
    groups: list[list[str]] = []
    waiting: list[str] = []  # what stands before the first step goes with it
    for line, mark in zip(lines, marks, strict=True):
        if mark:
            numbers.append(int(mark[1]))
            groups.append([*waiting, line])
            waiting = []
        elif groups:
            groups[-1].append(line)
        else:
            waiting.append(line)
    return numbers, ["\n".join(group) for group in groups]


def _place(number: int, numbers: Sequence[int]) -> int:
    if numbers.count(number) != 1:
        raise Unfit(f"{BEN_FIRST} {number} is no step: there are {', '.join(map(str, numbers))}")
    return numbers.index(number)


MR_BEN = Form(
    name="mr_ben",
    of="MR-Ben, as records or as one object from question to records",
    fields=("Question", "Model_Solution_Steps"),
    read=_mr_ben,
)
