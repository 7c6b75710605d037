"""Cuts a text into the pieces that its tokens stand for.

Single tokens do not always read as they do in the text: end tokens are left out of it, a stop
string is cut off, and a character of several bytes may be spread over several tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

LONGEST_GAP = 4
"""Characters between two readable tokens that tokens of single bytes may stand for."""


def pieces_of(text: str, told: Sequence[str]) -> tuple[str, ...]:
    """One piece per token, "" for a token that the text does not show; joined they give `text`.

    `told` is each token read alone. Text that no token reads as goes to the token before it.
    """
    starts: list[int] = []
    at = 0
    for token in told:
        found = text.find(token, at, at + len(token) + LONGEST_GAP)
        starts.append(max(at, found))
        if found >= 0:
            at = found + len(token)
        elif len(text) - at <= len(token) and token.startswith(text[at:]):
            at = len(text)
    starts[:1] = [0] if starts else []
    return tuple(text[start:end] for start, end in pairwise([*starts, len(text)]))
