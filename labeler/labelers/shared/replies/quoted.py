"""What a reply repeats of the solution it is about: its lines and records are not the judge's own.

Each piece costs a look through the whole solution, so only so many different ones are looked for;
what comes after them counts as repeated, for then nothing is taken from it.
"""

from __future__ import annotations

MOST_PIECES = 1000


class Quoted:
    """The text of a solution, asked piece by piece."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._known: dict[str, bool] = {}

    def holds(self, piece: str) -> bool:
        """Does the solution hold this piece, white space around it aside?"""
        wanted = piece.strip()
        if wanted not in self._known:
            if len(self._known) >= MOST_PIECES:
                return True
            self._known[wanted] = wanted in self._text
        return self._known[wanted]
