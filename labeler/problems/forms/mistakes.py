"""BIG-Bench-Mistake, StepVerify and MathCheck-GSM: where one solution goes wrong first.

BIG-Bench-Mistake counts from 0 and writes null for none; in StepVerify and in MathCheck's process
judging every solution has an error, counted from 0 and by the solution's own "Step k".
Sources: Tyen et al., arXiv 2311.08516; Daheim et al., arXiv 2407.09136; Zhou et al., arXiv
2407.08733; the data in their repositories.
"""

from __future__ import annotations

from collections.abc import Sequence

from labeler.problems.forms.base import (
    Form,
    Record,
    cut_at_steps,
    noted,
    reason_in,
    texts,
    whole_number,
)
from labeler.problems.written import Unfit, number, text_of


def _big_bench_mistake(record: Record) -> Sequence[Record]:
    steps, said = texts(record, "steps"), record["mistake_index"]
    target = text_of(record, "target")
    return [
        {
            "problem": text_of(record, "input"),
            "gold_answer": target or None,
            "final_answer": text_of(record, "answer"),
            "steps": steps,
            "label": -1 if said in (None, "") else _index(said, "mistake_index", len(steps)),
            # Sorted words, brackets and names are compared as texts.
            "domain": "math" if number(target) is not None else "qa",
        }
    ]


def _index(value: object, name: str, n_steps: int) -> int:
    index = whole_number(value, name)
    if not -1 <= index < n_steps:
        raise Unfit(f"{name} {index} is no index of one of {n_steps} steps")
    return index


BIG_BENCH_MISTAKE = Form(
    name="big_bench_mistake",
    of="BIG-Bench-Mistake, its five tasks",
    fields=("input", "steps", "mistake_index"),
    read=_big_bench_mistake,
)


def _stepverify(record: Record) -> Sequence[Record]:
    steps = texts(record, "student_incorrect_solution")
    first = _index(record["incorrect_index"], "incorrect_index", len(steps))
    if first == -1:
        raise Unfit("incorrect_index -1: solutions of this set have an error")
    problem = text_of(record, "problem") or text_of(record, "question")
    found = {
        "problem": problem,
        "gold_answer": text_of(record, "answer") or None,
        "steps": steps,
        "label": first,
        "notes": noted(len(steps), first, reason_in(record, "error_description")),
        "id": text_of(record, "id"),
    }
    reference = record.get("reference_solution")
    if isinstance(reference, str) and reference.strip():
        found["reference_solution"] = [reference]
    elif isinstance(reference, list) and reference:
        found["reference_solution"] = texts(record, "reference_solution")
    return [found]


STEPVERIFY = Form(
    name="stepverify",
    of="StepVerify, solutions of students",
    fields=("student_incorrect_solution", "incorrect_index"),
    read=_stepverify,
)


def _mathcheck(record: Record) -> Sequence[Record]:
    task = text_of(record, "task_type")
    if task != "process_judging":
        raise Unfit(f"task_type {task!r} has no steps; only process_judging has")
    pieces = cut_at_steps(text_of(record, "solution"))
    numbers = [number for number, _ in pieces]
    wrong = whole_number(record["answer"], "answer")
    if numbers.count(wrong) != 1:
        known = ", ".join(str(one) for one in numbers if one is not None) or "none with a number"
        raise Unfit(f"answer names step {wrong}, and the steps are {known}")
    return [
        {
            "problem": text_of(record, "question"),
            "steps": [piece for _, piece in pieces],
            "label": numbers.index(wrong),
            "id": text_of(record, "id"),
        }
    ]


MATHCHECK = Form(
    name="mathcheck",
    of="MathCheck-GSM, its process judging",
    fields=("task_type", "question", "solution", "answer"),
    read=_mathcheck,
)
