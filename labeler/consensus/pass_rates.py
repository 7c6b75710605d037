"""How often a problem is solved: right ones among its solutions that were decided.

Stands for the policy's pass rate where a rule needs one (SCAN's self-confidence, the first ratio of
relative progress). Limits: the dataset holds distinct solutions, and searches add those they chose
to look at, so the share is an estimate; it is best where `solutions` is large and nothing searches.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from labeler.consensus.base import Counts
from labeler.records import LabeledSolution, Verdict


@dataclass(frozen=True)
class PassRates:
    """Decided solutions and right ones, by problem id."""

    by_problem: Mapping[str, Counts] = field(default_factory=dict)

    def of(self, problem_id: str) -> Counts:
        """n = 0 where no solution of the problem was decided."""
        return self.by_problem.get(problem_id, Counts(0, 0))

    def report(self) -> dict[str, float | int]:
        rates = [counts.n_correct / counts.n for counts in self.by_problem.values()]
        return {
            "n_problems": len(rates),
            "n_solutions": sum(counts.n for counts in self.by_problem.values()),
            "mean_pass_rate": sum(rates) / len(rates) if rates else 0.0,
        }


def pass_rates(rows: Iterable[LabeledSolution]) -> PassRates:
    """Counts the outcomes of all solutions; memory grows with problems, not with solutions."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        if row.solution.outcome is not Verdict.UNKNOWN:
            sums[row.problem.problem_id][0] += 1
            sums[row.problem.problem_id][1] += row.solution.outcome is Verdict.CORRECT
    return PassRates({name: Counts(n, right) for name, (n, right) in sums.items()})
