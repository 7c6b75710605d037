"""What a run that acquired its evidence says of its labelers at the end.

Who was dropped after the pilot, and who got worse in the course of the run, by what was explored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from labeler.acquire.drift import degraded
from labeler.consensus.fusion import Fusion
from labeler.labelling.acquiring import exploring_draw, learned_on
from labeler.labelling.pipeline import Recipe
from labeler.records import LabeledSolution, Problem

MOST = 2000
"""Explored solutions that are looked at, the latest of them."""


def told_of_labelers(
    recipe: Recipe,
    problems: Sequence[Problem],
    rows: Iterable[LabeledSolution],
    rule: Fusion,
) -> Mapping[str, Mapping[str, str]]:
    """`dropped` and `degraded`: by labeler, why; `rule` has learned from the whole run."""
    terms = recipe.terms
    if terms is None:
        return {}
    first = {one.problem_id for one in learned_on(recipe, problems)[: terms.n_learned]}
    before: list[LabeledSolution] = []
    later: list[LabeledSolution] = []
    for row in rows:
        if row.problem.problem_id in first:
            before.append(row)
        elif exploring_draw(row.problem.problem_id, recipe) < terms.explored:
            later.append(row)
    return {
        "dropped": dict(recipe.dropped),
        "degraded": degraded(before, later[-MOST:], rule, terms.sources),
    }
