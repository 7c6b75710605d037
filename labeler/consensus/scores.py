"""Scores without a verdict among the evidence of a solution, as rules that learn read them.

A source of scores is a labeler with its model. Where it gave several scores
of a step (another solution's tokens, another run), their mean counts. Order never matters.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from labeler.labelers.shared.score_alone import is_score_alone, source_name
from labeler.records import Evidence

Scores = dict[str, list[float | None]]
"""By source: a score for each step, None where it gave none."""


def scores_of(evidence: Sequence[Sequence[Evidence]]) -> Scores:
    """The scores of a solution's steps; a source that scored no step is not there."""
    found: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for t, pieces in enumerate(evidence):
        for piece in pieces:
            if piece.signal is not None and is_score_alone(piece):
                found[source_name(piece.labeler, piece.model)][t].append(piece.signal)
    return {
        name: [
            sum(sorted(of_steps[t])) / len(of_steps[t]) if t in of_steps else None
            for t in range(len(evidence))
        ]
        for name, of_steps in sorted(found.items())
    }
