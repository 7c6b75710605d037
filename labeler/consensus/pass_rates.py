"""How often a problem is solved: right ones among its samples that were decided.

The policy's pass rate where a rule needs one (SCAN's self-confidence, the first ratio of relative
progress). Each row holds the counts of all samples that its run drew of the problem; what is
counted where a row has none, and its limits: `labeler.labelers.shared.pass_rate`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from labeler.consensus.base import Counts
from labeler.labelers.shared.pass_rate import PassCount
from labeler.records import LabeledSolution


@dataclass(frozen=True)
class PassRates:
    """Decided samples and right ones, by problem id."""

    by_problem: Mapping[str, Counts] = field(default_factory=dict)

    def of(self, problem_id: str) -> Counts:
        """n = 0 where no sample of the problem was decided."""
        return self.by_problem.get(problem_id, Counts(0, 0))

    def report(self) -> dict[str, float | int]:
        rates = [counts.n_correct / counts.n for counts in self.by_problem.values()]
        return {
            "n_problems": len(rates),
            "n_solutions": sum(counts.n for counts in self.by_problem.values()),
            "mean_pass_rate": sum(rates) / len(rates) if rates else 0.0,
        }


def pass_rates(rows: Iterable[LabeledSolution]) -> PassRates:
    """Counts the samples of all problems; memory grows with problems, not with solutions."""
    found: dict[str, PassCount] = defaultdict(PassCount)
    for row in rows:
        found[row.problem.problem_id].add(row.solution)
    rates = {name: Counts(*count.decided_and_right) for name, count in found.items()}
    return PassRates({name: counts for name, counts in rates.items() if counts.n})
