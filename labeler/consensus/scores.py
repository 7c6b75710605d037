"""Scores without a verdict among the evidence of a solution, as rules that learn read them.

A source of scores is a labeler with its model. Where it gave several scores
of a step (another solution's tokens, another run), their mean counts. Order never matters.

How high a score is may depend on where its step stands more than on whether it is right: of an
agent's searches the first ones share words with the question and the last one with the answer. The
scores of such a labeler (`Method.by_place`) are a source for each place, so that a step is held
against steps at the same place only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from labeler.labelers.methods import METHODS
from labeler.labelers.shared.score_alone import is_score_alone, source_name
from labeler.records import Asks, Evidence

Scores = dict[str, list[float | None]]
"""By source: a score for each step, None where it gave none."""


def score_name(piece: Evidence, t: int, n_steps: int) -> str:
    """The source of a score on step `t` of `n_steps`."""
    method = METHODS.get(piece.labeler)
    if method is None or not method.by_place:
        return source_name(piece.labeler, piece.model)
    return source_name(f"{piece.labeler}, {_place(t, n_steps)}", piece.model)


def family_of(name: str) -> tuple[Asks, str]:
    """Scores of one model (surprise, information gain, a log ratio) come from the same numbers, and
    what it wonders at it calls wrong: they share mistakes with each other and with its verdicts.
    """
    return (Asks.CORRECTNESS, name.partition("@")[2])


def is_by_place(name: str) -> bool:
    """Whether a source of scores is one of those that are apart for each place."""
    labeler = name.partition("@")[0].partition(",")[0]
    return labeler in METHODS and METHODS[labeler].by_place


def _place(t: int, n_steps: int) -> str:
    if t == n_steps - 1:
        return "last step"
    if t == 0:
        return "first step"
    return "step before the last" if t == n_steps - 2 else "inner step"


def scores_of(evidence: Sequence[Sequence[Evidence]]) -> Scores:
    """The scores of a solution's steps; a source that scored no step is not there."""
    found: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for t, pieces in enumerate(evidence):
        for piece in pieces:
            if piece.signal is not None and is_score_alone(piece):
                name = score_name(piece, t, len(evidence))
                found[name][t].append(piece.signal)
    return {
        name: [
            sum(sorted(of_steps[t])) / len(of_steps[t]) if t in of_steps else None
            for t in range(len(evidence))
        ]
        for name, of_steps in sorted(found.items())
    }
