"""How often the policy solves a problem: right ones among its samples that were decided.

All samples count that were drawn to solve it, equal texts included: a policy that writes the same
right solution nine times in ten is right nine times in ten. Solutions that nobody drew as samples
(given in a file, or stored before samples were counted), or whose outcome a labeler found, are
counted themselves, and so are only an estimate: they are distinct, and searches add those they
chose to look at.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from labeler.records import ProblemSamples, Solution, Verdict


@dataclass(slots=True)
class PassCount:
    """Counts solutions of one problem; draws are told apart by what they are, not by their rows."""

    draws: set[ProblemSamples] = field(default_factory=set)
    n_solutions: int = 0
    n_right_solutions: int = 0

    def add(self, solution: Solution) -> None:
        """Takes one solution of the problem into account."""
        if solution.samples is not None:
            self.draws.add(solution.samples)
        if solution.outcome is not Verdict.UNKNOWN:
            self.n_solutions += 1
            self.n_right_solutions += solution.outcome is Verdict.CORRECT

    @property
    def decided_and_right(self) -> tuple[int, int]:
        """How many were decided, and how many of these were right."""
        n_decided = sum(draw.n_decided for draw in self.draws)
        if n_decided:
            return n_decided, sum(draw.n_correct for draw in self.draws)
        return self.n_solutions, self.n_right_solutions


def decided_and_right(solutions: Iterable[Solution]) -> tuple[int, int]:
    """How many samples of one problem were decided, and how many of these were right."""
    count = PassCount()
    for solution in solutions:
        count.add(solution)
    return count.decided_and_right
