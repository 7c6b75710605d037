r"""Finds `\boxed{...}` and `\fbox{...}` in one pass over the text, however deep or unclosed.

The one reader of boxes in the house: answers of solutions and gold answers of problem sets.
Not covered: what a box means where there are several (`auto`).
Source: Hendrycks et al. 2021 (MATH), whose solutions also write `\boxed 5`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAME = r"\\(?:boxed|fbox|framebox)(?![A-Za-z])"
# Where backslashes were doubled on the way, `\\boxed` is a box all the same.
_TOKEN = re.compile(rf"\\(?={_NAME})|{_NAME}[ \t\n]{{0,4}}(?P<open>\{{)?|\\.|[{{}}]", re.DOTALL)
_BARE = re.compile(r"-?[0-9][0-9,]{0,30}(?:\.[0-9]{1,30})?|[^\s{}$.,;\\]{1,40}")


@dataclass(frozen=True, slots=True)
class Box:
    """A box that is closed: `text[start:end]` is all of it, `content` what it holds, stripped."""

    start: int
    end: int
    content: str


def boxes(text: str) -> list[Box]:
    """All complete boxes, by where they begin; a box inside a box is its content, no own one.

    Linear in the length of the text. One that the token limit cut off is none.
    """
    found: list[Box] = []
    opened: list[tuple[int, int] | None] = []  # of each open brace the box's (start, inside)
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if token["open"]:
            opened.append((token.start(), token.end()))
        elif mark == "{":
            opened.append(None)
        elif mark == "}":
            begun = opened.pop() if opened else None
            if begun is not None:
                _closed(found, Box(begun[0], token.end(), text[begun[1] : token.start()].strip()))
        elif len(mark) > 2 and (bare := _BARE.match(text, token.end())):
            found.append(Box(token.start(), bare.end(), bare[0]))
    return found


def _closed(found: list[Box], box: Box) -> None:
    """Adds a box and drops those inside it, which were closed before."""
    while found and found[-1].start > box.start:
        found.pop()
    found.append(box)


def last_box(text: str) -> str | None:
    """What the last complete box holds; None without one, "" for an empty one."""
    found = boxes(text)
    return found[-1].content if found else None


def closing_brace(text: str, opening: int) -> int | None:
    """Index of the brace that closes the one at `opening`; None where the text ends before it."""
    depth, index = 0, opening
    while index < len(text):
        if text[index] == "\\":
            index += 2  # an escaped brace is a set's, not a group's
            continue
        depth += (text[index] == "{") - (text[index] == "}")
        if depth == 0:
            return index
        index += 1
    return None
