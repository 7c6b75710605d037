"""What a form is, and the pieces that forms read their fields with.

A form turns one record of a file into plain ones, which `labeler.problems.solved` reads: `problem`,
`steps`, and, where known, `label` (first error from 0, -1 none) or `labels` (one per step: 1 right,
0 neutral, -1 wrong, None nobody said), `notes` (what was said of each step), `gold_answer`,
`final_answer`, `final_answer_correct`, `id`, `generator`, `domain`, `context`.
What is no record of the form raises `Unfit` with the reason; nothing is guessed.
"""

from __future__ import annotations

import ast
import re
import reprlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labeler.problems.written import Unfit, json_value, text_of

Record = Mapping[str, Any]

NONE = ("", "n/a", "na", "none", "null", "-1", "no error")
"""How sets write that a solution has no error."""
STEP = re.compile(r"^[ \t]*(?:#+[ \t]*)?\**step[ \t]*(\d+)\b", re.IGNORECASE | re.MULTILINE)


def always(record: Record) -> bool:
    """Of a form that its fields alone tell."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form of records with step labels. `fields` tell it from others, so no option is needed.

    `fits` looks closer where names of fields alone would not do. `of` says which set has it, and
    where it is described.
    """

    name: str
    of: str
    fields: tuple[str, ...]
    read: Callable[[Record], Sequence[Record]]
    fits: Callable[[Record], bool] = always

    def knows(self, record: Record) -> bool:
        """Whether a record is of this form."""
        return set(self.fields) <= record.keys() and self.fits(record)


def listed(record: Record, name: str) -> list[Any]:
    """A list, or one that is printed as text (JSON or Python). Raises `Unfit` for anything else."""
    value = record.get(name)
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = _printed(value)
    if not isinstance(value, list):
        raise Unfit(f"{name} is no list")
    return value


def _printed(text: str) -> Any:
    try:
        return json_value(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def texts(record: Record, name: str) -> list[str]:
    """A list of texts; an entry that is a list of texts counts as one of several lines."""
    found = []
    for entry in listed(record, name):
        lines = entry if isinstance(entry, list) else [entry]
        if not lines or not all(isinstance(line, str) for line in lines):
            raise Unfit(f"{name} is not a list of texts")
        found.append("\n".join(lines))
    return found


def whole_number(value: Any, name: str) -> int:
    """A whole number, also as text ("3", "Step 3") or as tables write it (3.0). Raises `Unfit`."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        digits = re.fullmatch(
            r"\s*(?:step\s*)?(-?\d{1,9})(?:\.0)?\s*[.:]?\s*", value, re.IGNORECASE
        )
        if digits:
            return int(digits[1])
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unfit(f"{name} {reprlib.repr(value)} is no number of a step")
    return value


def is_none(value: Any) -> bool:
    """Whether a field says that there is no error: N/A, null, nothing."""
    return value is None or (isinstance(value, str) and value.strip().lower() in NONE)


def first_error_from_1(value: Any, name: str, n_steps: int) -> int:
    """A first error that is counted from 1, counted from 0; -1 where it says that there is none."""
    if is_none(value):
        return -1
    number = whole_number(value, name)
    if not 1 <= number <= n_steps:
        raise Unfit(f"{name} {number} is no number of one of {n_steps} steps")
    return number - 1


def judged(record: Record, name: str) -> bool | None:
    """What a field says of a whole solution or answer: correct, incorrect (wrong), or nothing."""
    value = record.get(name)
    if isinstance(value, bool):
        return value
    said = text_of(record, name).strip().lower()
    known = {"": None, "n/a": None, "correct": True, "right": True, "true": True}
    known |= {"incorrect": False, "wrong": False, "false": False}
    if said not in known:
        raise Unfit(f"{name} {reprlib.repr(value)} is neither correct nor incorrect")
    return known[said]


def agree(solution_is_right: bool | None, first_error: int, name: str) -> None:
    """Raises `Unfit` where the verdict on a solution contradicts the step that is named."""
    if solution_is_right is not None and solution_is_right != (first_error == -1):
        said = "right" if solution_is_right else "wrong"
        named = "no first error" if first_error == -1 else f"first error {first_error}"
        raise Unfit(f"{name} says that the solution is {said}, and {named} is named")


def noted(n_steps: int, step: int, text: str) -> list[str]:
    """Notes by step, of which one is known; an error's reason belongs to its step."""
    return [text if t == step else "" for t in range(n_steps)]


def reason_in(record: Record, name: str) -> str:
    """A reason that stands there as text or as a list of texts; "" for N/A."""
    value = record.get(name)
    parts = value if isinstance(value, list) else [value]
    said = [part.strip() for part in parts if isinstance(part, str) and not is_none(part)]
    return "\n".join(said)


def cut_at_steps(text: str) -> list[tuple[int | None, str]]:
    """A text cut before each line "Step k", with the k; what stands before the first goes with it.

    Joined, the pieces are the text; one piece without a number where no line names a step.
    """
    marks = list(STEP.finditer(text))
    if not marks:
        return [(None, text)] if text.strip() else []
    starts = [0, *(mark.start() for mark in marks[1:])]
    ends = [*starts[1:], len(text)]
    return [
        (int(mark[1]), text[start:end])
        for mark, start, end in zip(marks, starts, ends, strict=True)
    ]
