"""Denoised Monte Carlo labels: SCAN (arXiv 2509.16548; yyDing1/SCAN-PRM), from stored estimates.

SC, the policy's self-confidence on a problem, is the share of right ones among its solutions. Where
it is low the policy is too weak to judge the problem's steps (a right prefix fails by chance), so
such problems are left out: SC >= `min_self_confidence`. A solution with a right answer is taken for
right throughout, without a look at rollouts. In a wrong one the first error t_p is the first prefix
with no right rollout, and the soft label of step t is

    y_t = min(MC_t / SC, 1)   if t_p - t <= `tolerance`      (policies correct themselves, so t_p
    y_t = 1[MC_t > 0]         earlier than that                may be late by a step or two)

0 at t_p itself, none behind it. Dividing by SC tells a drop of value from a problem that is hard
all along. Hard labels go by t_p.

Here the last step is its answer, not rollouts behind it, so every wrong solution has a t_p. A step
that a search passed over counts as alive; within the tolerance it has no soft label.
`benchmarks/search.py` measures how often t_p is early or late against the oracle.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from labeler.consensus.base import Counts, Decision, labels_before, value_counts
from labeler.consensus.first_zero import FirstZero
from labeler.consensus.pass_rates import PassRates, pass_rates
from labeler.consensus.rule import ConsensusRule, RuleSettings
from labeler.records import Evidence, LabeledSolution, Solution, Verdict


class ScanRule(RuleSettings):
    """Denoised Monte Carlo (SCAN): problems the policy is sure of, soft labels near the error."""

    rule: Literal["scan"] = "scan"
    tolerance: Annotated[int, Field(ge=0)] = 2
    min_self_confidence: Annotated[float, Field(gt=0, le=1)] = 0.75


@dataclass(frozen=True)
class Scan:
    """Needs `fit`: without it no problem's self-confidence is known, and nothing is decided."""

    settings: ScanRule = field(default_factory=ScanRule)
    rates: PassRates = field(default_factory=PassRates)

    @property
    def name(self) -> str:
        return self.settings.rule

    def fit(self, rows: Iterable[LabeledSolution]) -> Self:
        return replace(self, rates=pass_rates(rows))

    def report(self) -> dict[str, Any]:
        kept = [c for c in self.rates.by_problem.values() if self._trusts(c)]
        return {**self.rates.report(), "n_problems_trusted": len(kept)}

    def decide(self, solution: Solution, evidence: Sequence[Sequence[Evidence]]) -> Decision:
        n_steps = len(evidence)
        known = self.rates.of(solution.problem_id)
        if reason := self._distrust(solution, known):
            return _undecided(n_steps, reason)
        if solution.outcome is Verdict.CORRECT:
            return Decision(-1, (1,) * n_steps, (1.0,) * n_steps)
        by_value = FirstZero().decide(solution, evidence)
        if by_value.first_error is None:
            return _undecided(n_steps, by_value.reason)
        first_error = by_value.first_error
        if first_error == -1:
            return _undecided(n_steps, "its answer is wrong, and nothing says where")
        self_confidence = known.n_correct / known.n
        soft = [
            self._soft(count, first_error - t, self_confidence)
            for t, count in enumerate(value_counts(evidence)[:first_error])
        ]
        behind = [None] * (n_steps - first_error - 1)
        return Decision(first_error, labels_before(first_error, n_steps), (*soft, 0.0, *behind))

    def _trusts(self, known: Counts) -> bool:
        return known.n_correct >= self.settings.min_self_confidence * known.n

    def _distrust(self, solution: Solution, known: Counts) -> str:
        """Why nothing is said of this solution, "" if something is."""
        if solution.outcome is Verdict.UNKNOWN:
            return "its outcome is unknown"
        if not known.n:
            return "no self-confidence: no solution of its problem was decided"
        if not self._trusts(known):
            return (
                f"self-confidence {known.n_correct} of {known.n} is below "
                f"{self.settings.min_self_confidence:g}"
            )
        return ""

    def _soft(self, count: Counts, until_error: int, self_confidence: float) -> float | None:
        if until_error > self.settings.tolerance:
            return 1.0
        if not count.n:
            return None
        return min(count.n_correct / count.n / self_confidence, 1.0)


def _undecided(n_steps: int, reason: str) -> Decision:
    nothing = (None,) * n_steps
    return Decision(None, nothing, nothing, reason)


SCAN = ConsensusRule(name="scan", settings=ScanRule, build=Scan)
