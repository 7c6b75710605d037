"""A posterior over the place of the first error, from all rollouts on a solution (our own rule).

Let F be the first error's place: 0 .. T-1, or none. Prefixes before F are alive, the others dead.
A prefix with n rollouts, c of them right, has likelihood BetaBinomial(c; n, alive) or
BetaBinomial(c; n, dead): alive success rates vary widely, dead ones are small but not zero, for
policies correct themselves (SCAN, arXiv 2509.16548, finds 39-41% of MC labels late). A wrong final
answer rules out "none". One unlucky 0 of k before healthy prefixes is then seen as what it is.

Limits: rollouts of different prefixes are taken as independent given F, and rates as independent
between prefixes; "dead" means that the value is lost, so a step that is wrong but harmless, or
wrong and cancelled later, is not seen. Relatives: Beta-Bernoulli bisection (git_bayesect).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from labeler.consensus.base import Decision, value_counts
from labeler.records import Evidence, Solution, Verdict


@dataclass(frozen=True, slots=True)
class Posterior:
    """Beta parameters of success rates; a label needs `min_confidence`, else it is undecided."""

    min_confidence: float = 0.8
    alive: tuple[float, float] = (1.0, 1.0)
    dead: tuple[float, float] = (0.1, 4.0)
    prior_no_error: float = 0.5
    name: str = "posterior"

    def place_probabilities(
        self, solution: Solution, evidence: Sequence[Sequence[Evidence]]
    ) -> list[float]:
        """P(first error = t) for t = 0 .. T-1, then P(none). Sums to 1."""
        counts = value_counts(evidence)
        n_steps = len(counts)
        log_alive = [_log_beta_binomial(c.n, c.n_correct, *self.alive) for c in counts]
        log_dead = [_log_beta_binomial(c.n, c.n_correct, *self.dead) for c in counts]
        logs = [
            math.log((1 - self.prior_no_error) / n_steps) + sum(log_alive[:t]) + sum(log_dead[t:])
            for t in range(n_steps)
        ]
        none_possible = solution.outcome is not Verdict.WRONG
        logs.append(math.log(self.prior_no_error) + sum(log_alive) if none_possible else -math.inf)
        largest = max(logs)
        weights = [math.exp(value - largest) for value in logs]
        return [weight / sum(weights) for weight in weights]

    def decide(self, solution: Solution, evidence: Sequence[Sequence[Evidence]]) -> Decision:
        places = self.place_probabilities(solution, evidence)
        n_steps = len(places) - 1
        right = [1 - sum(places[: t + 1]) for t in range(n_steps)]
        best = max(range(n_steps + 1), key=lambda t: places[t])
        if places[best] >= self.min_confidence:
            first_error = -1 if best == n_steps else best
            # After the first error the question has no meaning here: no label, no probability.
            end = n_steps if first_error == -1 else best + 1
            labels = tuple(
                None if t >= end else -1 if t == first_error else 1 for t in range(n_steps)
            )
            probabilities = tuple(right[t] if t < end else None for t in range(n_steps))
            return Decision(first_error, labels, probabilities)
        labels = tuple(1 if p >= self.min_confidence else None for p in right)
        name = "no error" if best == n_steps else f"step {best}"
        return Decision(
            None,
            labels,
            tuple(right),
            f"first error undecided: most likely {name}, P = {places[best]:.2f}",
        )


def _log_beta_binomial(n: int, c: int, a: float, b: float) -> float:
    """log P(c of n) up to the binomial coefficient, which all hypotheses share."""
    return _log_beta(a + c, b + n - c) - _log_beta(a, b)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
