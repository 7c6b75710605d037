"""Brackets that open and close: the stack after each sign, as a step narrates it.

Lines such as `3: ( ; stack: { [ (` are run one after the other from the stack narrated before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from labeler.checking.claims.decide import Link
from labeler.checking.claims.narrated.base import verdict

_LINE = re.compile(
    r"(?:^|\n)\s*\(?(\d+)\)?\s*[:.)]\s*([\[\](){}<>])\s*[;,]?\s*stack:?[ \t]*(empty(?: "
    r"stack)?|[\[\](){}<> ]*)(?=\n|$)",
    re.IGNORECASE,
)
_START = re.compile(r"empty stack", re.IGNORECASE)
_CLOSES = {")": "(", "]": "[", "}": "{", ">": "<"}
MAX_DEPTH = 200


def brackets(problem: str, steps: Sequence[str]) -> Iterator[tuple[int, Link]]:
    """The stacks that the steps narrate."""
    if not re.search(r"bracket|parenthes|closed properly|stack", problem, re.IGNORECASE):
        return
    stack: list[str] | None = None
    for at, step in enumerate(steps):
        if _START.search(step.split("stack:")[0]) and not _LINE.search(step):
            stack = []
            continue
        for match in _LINE.finditer(step):
            sign = match[2]
            told = [] if match[3].lower().startswith("empty") else match[3].split()
            told = [c for part in told for c in part]
            if int(match[1]) == 1 and stack is None:
                stack = []
            if stack is not None and len(stack) < MAX_DEPTH:
                due = _after(stack, sign)
                if due is None:
                    return  # nothing to close: the text is not about such a stack
                yield at, verdict(f"{sign} ; stack: {' '.join(told)}", due, told)
            stack = told


def _after(stack: list[str], sign: str) -> list[str] | None:
    if sign not in _CLOSES:
        return [*stack, sign]
    if not stack or stack[-1] != _CLOSES[sign]:
        return None
    return stack[:-1]
