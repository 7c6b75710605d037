"""A quality check of stored labels: a random sample labelled again, with more samples.

The second labelling is the better measurement, not the truth: both ask the same policy, so what
Monte Carlo cannot see (a wrong step that is harmless) neither sees. Does not cover running it
(`flows.audit`) or agreement with people (`labeler.evaluate`).
Source: Wilson's interval for shares (`labeler.stats`).
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from labeler.records import LabeledSolution
from labeler.stats import Rate, wilson


@dataclass(frozen=True, slots=True)
class Audit:
    """How stored labels compare with a second, better labelling of the same solutions.

    `accuracy`: first errors that are the same, among solutions that both decided. `steps`: the same
    for labels of steps. `wrong_before`, `wrong_again`: share of steps labelled wrong, which drifts
    apart where the labels or the policy behind them changed. `n_undecided`: solutions that only the
    second labelling left open.
    """

    n_solutions: int
    n_undecided: int
    accuracy: Rate
    steps: Rate
    wrong_before: Rate
    wrong_again: Rate

    def alarm(self, min_accuracy: float, max_drift: float) -> str:
        """Which bound is surely passed (the whole interval lies beyond it), "" if none is."""
        if self.accuracy.high is None:
            return "no solution was decided twice: nothing is known of the accuracy"
        if self.accuracy.high < min_accuracy:
            return f"accuracy is at most {self.accuracy.high:.3f}, the bound {min_accuracy:.3f}"
        before, again = self.wrong_before, self.wrong_again
        if before.low is None or before.high is None or again.low is None or again.high is None:
            return ""
        apart = max(before.low - again.high, again.low - before.high)
        if apart > max_drift:
            return f"the share of wrong steps moved by at least {apart:.3f}, the bound {max_drift}"
        return ""


def draw(solutions: Iterable[LabeledSolution], n: int, seed: int) -> list[LabeledSolution]:
    """At most `n` of the solutions that are kept for training, each as likely as any other.

    One pass, memory for `n` solutions (Vitter's algorithm R).
    """
    rng = random.Random(seed)
    drawn: list[LabeledSolution] = []
    kept = (solution for solution in solutions if solution.consensus.kept)
    for position, solution in enumerate(kept):
        if position < n:
            drawn.append(solution)
        elif (chosen := rng.randrange(position + 1)) < n:
            drawn[chosen] = solution
    return drawn


def compare(stored: Sequence[LabeledSolution], again: Iterable[LabeledSolution]) -> Audit:
    """Compares solution by solution; those that the second labelling did not give are undecided."""
    second = {(row.problem.problem_id, row.solution.solution_id): row for row in again}
    pairs = [
        (row, second[key])
        for row in stored
        if (key := (row.problem.problem_id, row.solution.solution_id)) in second
    ]
    decided = [(a, b) for a, b in pairs if a.first_error is not None and b.first_error is not None]
    labels = [
        (one.label, other.label)
        for a, b in pairs
        for one, other in zip(a.steps, b.steps, strict=True)
        if one.label is not None and other.label is not None
    ]
    return Audit(
        n_solutions=len(stored),
        n_undecided=len(stored) - len(decided),
        accuracy=wilson(sum(a.first_error == b.first_error for a, b in decided), len(decided)),
        steps=wilson(sum(a == b for a, b in labels), len(labels)),
        wrong_before=wilson(sum(a == -1 for a, _ in labels), len(labels)),
        wrong_again=wilson(sum(b == -1 for _, b in labels), len(labels)),
    )
