"""Hopeless problems: those that the policy cannot solve from anywhere.

There every rollout fails, behind right steps as behind wrong ones, so value says nothing of
correctness. Whether a problem is hopeless (H) is one hidden fact for all its solutions. H means
that nothing ever succeeds, so one right rollout or right answer anywhere in the problem rules it
out. Where all failed, with h the share of hopeless problems in the run,

    log odds of H = log(h / (1 - h)) + sum over its solutions of log P(said | H) / P(said | not H)

P(said | H) holds no factor for rollouts: that they fail is certain. What the answer, judges and
tools say counts in both. h is learned by expectation-maximisation over the run's problems,

    h = (a + sum of P(H | problem)) / (a + b + number of problems with rollouts)

with a, b from `PRIOR`. A problem of which the fit knew nothing goes by h and by the one solution
at hand; without a fit, by the prior's mean.

Limits: a weak policy's rollouts from late in a solution may succeed where earlier ones cannot: such
a problem is not hopeless here, and its steps are left to the rule's other means. A lucky guess
rules H out, too. Evidence on a prefix counts in every solution through it, so many solutions with
one beginning look more hopeless than they are: their labels stay open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from labeler.consensus.base import Decision
from labeler.consensus.beta_binomial import Array

PRIOR = (1.0, 9.0)
"""Beta parameters of the share of hopeless problems: one in ten, worth ten problems."""

MAX_ROUNDS, TOLERANCE = 1000, 1e-9


def share_of(hopeless: float, n_problems: int) -> float:
    """h, given the expected number of hopeless problems among `n_problems` with rollouts."""
    a, b = PRIOR
    return (a + hopeless) / (a + b + n_problems)


def probabilities(log_ratios: Array, share: float) -> Array:
    """P(H) of problems where all failed, from log P(said | H) / P(said | not H)."""
    odds = np.log(share) - np.log1p(-share) + log_ratios
    found: Array = 1 / (1 + np.exp(-np.clip(odds, -700, 700)))
    return found


def learn_share(log_ratios: Sequence[float], n_problems: int) -> float:
    """h of a run where `log_ratios` are those of the problems where all failed, all else fixed."""
    ratios, share = np.array(log_ratios, dtype=float), share_of(0.0, 0)
    for _ in range(MAX_ROUNDS):
        before, share = share, share_of(float(probabilities(ratios, share).sum()), n_problems)
        if abs(share - before) < TOLERANCE:
            break
    return share


@dataclass(frozen=True)
class HopelessProblems:
    """What a run tells of its problems: `share` is h; `by_problem` P(H) where all failed;
    `solved`: problems in which anything ever succeeded.
    """

    share: float = field(default_factory=lambda: share_of(0.0, 0))
    by_problem: Mapping[str, float] = field(default_factory=dict)
    solved: frozenset[str] = frozenset()
    n_problems: int = 0

    def probability(self, problem_id: str, log_ratio: float | None) -> float:
        """P(H), where `log_ratio` is that of the solution at hand; None if it has a success."""
        if log_ratio is None or problem_id in self.solved:
            return 0.0
        known = self.by_problem.get(problem_id)
        if known is not None:
            return known
        return float(probabilities(np.array([log_ratio]), self.share)[0])

    def report(self) -> dict[str, float | int]:
        """As JSON values."""
        return {
            "share": self.share,
            "n_problems": self.n_problems,
            "n_without_success": len(self.by_problem),
            "expected": float(sum(self.by_problem.values())),
        }


def with_hopeless(decision: Decision, hopeless: float) -> Decision:
    """The decision, whose reason says so if it is open and the problem rather hopeless than not."""
    if decision.first_error is not None or hopeless <= 0.5:
        return decision
    why = f"no rollout of this problem succeeded, so they say nothing: P(hopeless) = {hopeless:.2f}"
    return replace(decision, reason=f"{why}; {decision.reason}" if decision.reason else why)
