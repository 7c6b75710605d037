"""Text <-> steps. Joining the steps gives the text back, character for character.

A step is a line (or a paragraph) with the delimiter that ends it. Blank pieces belong to the step
before them, so no step is empty; white space at the beginning belongs to the first step.
"""

from __future__ import annotations

from collections.abc import Sequence


def split_steps(text: str, delimiter: str) -> tuple[str, ...]:
    """Cuts after every delimiter; `"".join(split_steps(text, d)) == text` for any text.

    Only a text without any visible character gives no step (it is then not a solution).
    """
    steps: list[list[str]] = []
    pending: list[str] = []
    for piece in _pieces(text, delimiter):
        if not piece.isspace():
            steps.append([*pending, piece])
            pending = []
        else:
            (steps[-1] if steps else pending).append(piece)
    return tuple("".join(pieces) for pieces in steps)


def reference_text(steps: Sequence[str]) -> str:
    """A reference solution to read: data sets leave out what ended its steps, so each gets a line.

    Steps that end their lines themselves, such as those of programs, are only joined.
    """
    ended = (step if step.endswith("\n") else step + "\n" for step in steps[:-1])
    return "".join([*ended, *steps[-1:]])


def _pieces(text: str, delimiter: str) -> list[str]:
    parts = text.split(delimiter)
    return [part + delimiter for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])
