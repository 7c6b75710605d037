"""Steps by a delimiter of the run file's, or by lines.

A step is a line (or a paragraph) with the delimiter that ends it. Blank pieces belong to the step
before them, so no step is empty; white space at the beginning belongs to the first step.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


def split_steps(text: str, delimiter: str) -> tuple[str, ...]:
    """Cuts after every delimiter; `"".join(split_steps(text, d)) == text` for any text.

    Only a text without any visible character gives no step (it is then not a solution).
    """
    return with_visible(_pieces(text, delimiter))


def split_lines(text: str) -> tuple[str, ...]:
    """Cuts after every line, whether \\n, \\r\\n or \\r ends it."""
    return with_visible(_LINE.findall(text))


def with_visible(pieces: Sequence[str]) -> tuple[str, ...]:
    """Pieces that show nothing join the one before them, at the beginning the one behind."""
    steps: list[list[str]] = []
    pending: list[str] = []
    for piece in pieces:
        if piece.strip():
            steps.append([*pending, piece])
            pending = []
        else:
            (steps[-1] if steps else pending).append(piece)
    return tuple("".join(step) for step in steps)


def reference_text(steps: Sequence[str]) -> str:
    """A reference solution to read: data sets leave out what ended its steps, so each gets a line.

    Steps that end their lines themselves, such as those of programs, are only joined.
    """
    ended = (step if step.endswith("\n") else step + "\n" for step in steps[:-1])
    return "".join([*ended, *steps[-1:]])


def _pieces(text: str, delimiter: str) -> list[str]:
    parts = text.split(delimiter)
    return [part + delimiter for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])
