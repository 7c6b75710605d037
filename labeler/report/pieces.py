"""Words that tell pieces of evidence of one labeler on one step apart.

A panel of judges, votes beside a judgement from an own solution, two settings of a method: their
rows would look the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from labeler.records import Evidence


def told_apart(pieces: Sequence[Evidence]) -> list[str]:
    """For each piece what it differs in from others of its labeler, "" where it is the only one.

    Its model, version, question and votes, as far as these differ; else which one it is.
    """
    return [_told(piece, nth, pieces) for nth, piece in enumerate(pieces)]


def _told(piece: Evidence, nth: int, pieces: Sequence[Evidence]) -> str:
    alike = [other for other in pieces if other.labeler == piece.labeler]
    if len(alike) == 1:
        return ""
    described = [_described(other) for other in alike]
    mine = _described(piece)
    differing = [
        mine[place]
        for place in range(len(mine))
        if len({one[place] for one in described}) > 1 and mine[place]
    ]
    if described.count(mine) > 1 or not differing:
        # Equal in all of it: told apart by their order alone.
        earlier = sum(other.labeler == piece.labeler for other in pieces[:nth])
        differing.append(f"{earlier + 1} of {len(alike)}")
    return ", ".join(differing)


def _described(piece: Evidence) -> tuple[str, ...]:
    votes = f"{piece.n} votes" if piece.n > 1 else "one vote"
    return (piece.model, f"version {piece.labeler_version}", piece.asks, votes)
