"""Shares out the tokens of a text among its pieces (steps), whatever the tokenizer merges.

A token belongs to the piece that holds most of its visible characters, to the earlier of two that
hold as many; one of white space only to the piece that it begins in. A token that the text does not
show (a part of a character of several bytes) goes with the one before it; those at the end of the
text are left out, for they are end tokens and stop strings, which a text that is read has not. So
a text has the same pieces whether it was sampled or scored.

Source: own rule. Does not cover pieces that are not the text (`Completion.tokens` joined).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate


def logprobs_by_piece(
    tokens: Sequence[str], logprobs: Sequence[float], pieces: Sequence[str]
) -> tuple[tuple[float, ...], ...] | None:
    """Natural logarithms of each piece's tokens; none for a piece that no token belongs to.

    None where the tokens are not those of the pieces, or there is no logarithm for each.
    """
    if len(tokens) != len(logprobs) or "".join(tokens) != "".join(pieces):
        return None
    ends = list(accumulate(len(piece) for piece in pieces))
    shown = max((i for i, token in enumerate(tokens) if token), default=-1) + 1
    found: list[list[float]] = [[] for _ in pieces]
    at = piece = 0
    for token, logprob in zip(tokens[:shown], logprobs, strict=False):
        if token:
            piece = _piece_of(token, at, ends, piece)
            at += len(token)
        found[piece].append(logprob)
    return tuple(map(tuple, found))


def _piece_of(token: str, start: int, ends: Sequence[int], at_least: int) -> int:
    """Which piece a token belongs to that begins at a character; `at_least`: no earlier one."""
    first = at_least
    while ends[first] <= start:
        first += 1
    last = first
    while ends[last] < start + len(token):
        last += 1
    if first == last or token.isspace():
        return first
    cuts = [start, *ends[first:last], start + len(token)]
    visible = [
        sum(not c.isspace() for c in token[cuts[i] - start : cuts[i + 1] - start])
        for i in range(len(cuts) - 1)
    ]
    return first + visible.index(max(visible))
