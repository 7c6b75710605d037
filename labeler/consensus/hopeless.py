"""Hopeless problems: those that the policy cannot solve from anywhere.

There rollouts fail, behind right steps as behind wrong ones, but for a lucky one now and then, so
value says nothing of correctness. Whether a problem is hopeless (H) is one hidden fact for all its
solutions, and so is its rate of luck ~ Beta(l, m) (`LUCK`). With h the share of hopeless problems
in the run, and c of a problem's n rollouts and answers right,

    P(H | said) : P(not H | said) = h P(said | H) : (1 - h) P(said | not H)
    P(said | H) = B(l + c, m + n - c) / B(l, m) * P(what others than rollouts say | H)

over all its solutions. h is learned by expectation-maximisation over the run's
problems,

    h = (a + sum of P(H | problem)) / (a + b + number of problems with rollouts)

with a, b from `PRIOR`. A problem of which the fit knew nothing goes by h and by the one solution
at hand; without a fit, by the prior's mean.

Limits: a weak policy's rollouts from late in a solution may succeed where earlier ones cannot: such
a problem is not hopeless here, and its steps are left to the rule's other means. Where luck is more
frequent (multiple choice, yes or no), hopeless problems are not told from hard ones. Evidence on a
prefix counts in every solution through it, so many solutions with one beginning look more hopeless
than they are: their labels stay open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from labeler.consensus.base import Decision
from labeler.consensus.beta_binomial import Array, log_likelihood

PRIOR = (1.0, 9.0)
"""Beta parameters of the share of hopeless problems: one in ten, worth ten problems."""

LUCK = (0.5, 25.0)
"""Beta parameters of the rate at which rollouts of a hopeless problem end right: one in fifty, more
often none at all."""

MAX_ROUNDS, TOLERANCE = 1000, 1e-9


def share_of(hopeless: float, n_problems: int) -> float:
    """h, given the expected number of hopeless problems among `n_problems` with rollouts."""
    a, b = PRIOR
    return (a + hopeless) / (a + b + n_problems)


def probabilities(log_ratios: Array, share: float) -> Array:
    """P(H) of problems, from their log P(said | H) / P(said | not H)."""
    odds = np.log(share) - np.log1p(-share) + log_ratios
    found: Array = 1 / (1 + np.exp(-np.clip(odds, -700, 700)))
    return found


def log_luck(counts: Array) -> Array:
    """log P(c of n are right | H), less the binomial, from [problems, 2] of n and c."""
    found: Array = log_likelihood(counts, np.array([LUCK]))[:, 0]
    return found


def learn_share(log_ratios: Array) -> float:
    """h of a run whose problems have these log P(said | H) / P(said | not H), all else fixed."""
    share = share_of(0.0, 0)
    for _ in range(MAX_ROUNDS):
        before, share = (
            share,
            share_of(float(probabilities(log_ratios, share).sum()), len(log_ratios)),
        )
        if abs(share - before) < TOLERANCE:
            break
    return share


@dataclass(frozen=True)
class HopelessProblems:
    """What a run tells of its problems: `share` is h; `by_problem` holds P(H)."""

    share: float = field(default_factory=lambda: share_of(0.0, 0))
    by_problem: Mapping[str, float] = field(default_factory=dict)

    def probability(self, problem_id: str, log_ratio: float) -> float:
        """P(H), where `log_ratio` is that of the solution at hand."""
        known = self.by_problem.get(problem_id)
        if known is not None:
            return known
        return float(probabilities(np.array([log_ratio]), self.share)[0])

    def report(self) -> dict[str, float | int]:
        """As JSON values; `n_probable` problems are rather hopeless than not."""
        return {
            "share": self.share,
            "n_problems": len(self.by_problem),
            "n_probable": sum(p > 0.5 for p in self.by_problem.values()),
        }


def with_hopeless(decision: Decision, hopeless: float) -> Decision:
    """The decision, whose reason says so if it is open and the problem rather hopeless than not."""
    if decision.first_error is not None or hopeless <= 0.5:
        return decision
    why = f"the policy cannot solve this problem (P = {hopeless:.2f}), so rollouts say nothing"
    return replace(decision, reason=f"{why}; {decision.reason}" if decision.reason else why)
