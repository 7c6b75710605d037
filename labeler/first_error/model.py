"""P(place of the first error) from rollouts of a solution's prefixes (our own model).

Let F be the first error's place: 0 .. T-1, or none. Prefixes before F are alive, the others dead.
A rollout from the prefix of t of T steps is right

- alive: with rate b^(1 - t/T), which grows along the solution as less is left to go wrong; b is the
  policy's rate on the whole problem, unknown but for the outcomes of its other solutions. Around
  this mean rates vary (Beta, `ALIVE_WEIGHT`), and a few right prefixes are hard: the step that
  comes next mostly fails (`HARD`).
- dead: with the rate r at which the policy corrects itself, unknown, mostly near 0, sometimes not:
  39-41% of Monte Carlo labels are late by a step or two for this reason (SCAN, arXiv 2509.16548).

b and r are summed out over grids. A wrong final answer rules out "none". Problems that the policy
cannot solve from anywhere are not this model's: who decides by it weighs it against them
(`labeler.consensus.hopeless`), with `log_likelihood`.

Limits: counts of different prefixes are independent given F, b and r, although one rollout may
stand in several; "dead" means that the value is lost: a step that is wrong but harmless, or wrong
and cancelled later, is not seen. Along wrong solutions success grows less than assumed: what makes
them hard is the step that went wrong (docs/search.md has the rates of one policy).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

ALIVE_WEIGHT, DEAD_WEIGHT = 6.0, 20.0
"""How many rollouts the mean rate is worth against what a prefix shows itself."""
HARD = (0.04, 0.5, 4.0)
"""Share of right prefixes that mostly fail, and the Beta parameters of their rates."""


@dataclass(frozen=True)
class Rates:
    """Grids of b and r [levels] with their prior weights; `no_error` is P(none) beforehand."""

    base: Array = field(default_factory=lambda: np.array([0.08, 0.25, 0.45, 0.65, 0.82, 0.95]))
    base_weights: Array = field(default_factory=lambda: np.full(6, 1 / 6))
    recovery: Array = field(default_factory=lambda: np.array([0.01, 0.08, 0.35]))
    recovery_weights: Array = field(default_factory=lambda: np.array([0.8, 0.13, 0.07]))
    no_error: float = 0.5

    def given_root(self, n: int, n_correct: int) -> Rates:
        """After `n` solutions of the same problem, `n_correct` of them right."""
        # In logarithms, for the powers vanish where a problem has a thousand solutions.
        seen = n_correct * np.log(self.base) + (n - n_correct) * np.log1p(-self.base)
        weights = self.base_weights * np.exp(seen - seen.max())
        return Rates(
            self.base, weights / weights.sum(), self.recovery, self.recovery_weights, self.no_error
        )


@dataclass(frozen=True)
class FirstErrorPosterior:
    """What is known of one solution's first error.

    `probabilities` [T + 1]: P(F = t), then P(none). `by_base` [T + 1, b] and `by_recovery`
    [T + 1, r]: the same jointly with b and with r. `counts` [T, 2]: rollouts and right ones of each
    prefix. `log_likelihood`: log P(counts, and that the answer is wrong where it is), less the
    binomials; `prior` [T + 1]: P(F = t) before any rollout, given the answer.
    """

    probabilities: Array
    by_base: Array
    by_recovery: Array
    counts: Array
    rates: Rates
    log_likelihood: float
    prior: Array

    @property
    def confidence(self) -> float:
        """Of the most likely place."""
        return float(self.probabilities.max())

    def information(self, n: int) -> Array:
        """Expected bits about F from `n` more rollouts of each prefix [T].

        The mutual information of F and the number of right ones among them: the entropy of F now,
        less its expected entropy when they are known.
        """
        alive, dead = _log_likelihoods(self.counts, self.rates)
        n_steps = len(self.counts)
        before = _entropy(self.probabilities).sum()
        after = np.zeros(n_steps)
        is_alive = np.arange(n_steps) < np.arange(n_steps + 1)[:, None]
        for c in range(n + 1):
            more = self.counts + np.array([n, c])
            more_alive, more_dead = _log_likelihoods(more, self.rates)
            chances_alive = np.exp(more_alive - alive) * _choose(n, c)
            chances_dead = np.exp(more_dead - dead) * _choose(n, c)
            joint = np.where(
                is_alive, self.by_base @ chances_alive.T, self.by_recovery @ chances_dead.T
            )
            after += _entropy(joint).sum(axis=0) - _entropy(joint.sum(axis=0))
        gain: Array = np.maximum(before - after, 0.0)
        return gain


def locate(
    counts: Sequence[tuple[int, int]],
    rates: Rates,
    *,
    is_wrong: bool,
    log_prior: Array | None = None,
) -> FirstErrorPosterior:
    """P(F) from rollouts (n, n right) of the prefix that ends in each of the T steps.

    `log_prior` [T]: how probable each place is by what is known besides, in logarithms, up to a
    constant. It tells places apart, not whether there is an error at all.
    """
    seen = np.array(counts, dtype=float).reshape(-1, 2)
    n_steps = len(seen)
    alive, dead = _log_likelihoods(seen, rates)
    nothing_alive = np.zeros((1, len(rates.base)))
    nothing_dead = np.zeros((1, len(rates.recovery)))
    # Alive before F, dead from F on: [T + 1, b] and [T + 1, r].
    log_alive = np.concatenate([nothing_alive, np.cumsum(alive, axis=0)])
    log_dead = np.concatenate([np.cumsum(dead[::-1], axis=0)[::-1], nothing_dead])
    with np.errstate(divide="ignore"):
        beforehand = _beforehand(n_steps, rates, is_wrong, log_prior)
        logs = (
            np.log(beforehand)[:, None, None]
            + (log_alive + np.log(rates.base_weights))[:, :, None]
            + (log_dead + np.log(rates.recovery_weights))[:, None, :]
        )
    weights = np.exp(logs - logs.max())
    total = weights.sum()
    weights /= total
    by_base, by_recovery = weights.sum(axis=2), weights.sum(axis=1)
    probabilities = np.minimum(by_base.sum(axis=1), 1.0)
    return FirstErrorPosterior(
        probabilities,
        by_base,
        by_recovery,
        seen,
        rates,
        float(logs.max() + np.log(total)),
        beforehand / beforehand.sum(),
    )


def _beforehand(n_steps: int, rates: Rates, is_wrong: bool, log_prior: Array | None) -> Array:
    """P(F = t), then P(none) [T + 1]; of a wrong answer without what P(none) would weigh."""
    weights = np.ones(n_steps)
    if log_prior is not None and n_steps:
        weights = np.exp(log_prior - log_prior.max())
    places = (1 - rates.no_error) * weights / max(weights.sum(), 1e-300)
    found: Array = np.append(places, 0.0 if is_wrong else rates.no_error)
    return found


def _log_likelihoods(counts: Array, rates: Rates) -> tuple[Array, Array]:
    """log P(counts | alive, b) [T, b] and log P(counts | dead, r) [T, r], less the binomial."""
    n_steps = len(counts)
    n, c = counts[:, :1], counts[:, 1:]
    left = 1 - np.arange(1, n_steps + 1)[:, None] / n_steps
    mean = np.clip(rates.base[None, :] ** left, 0.01, 0.985)
    share, a, b = HARD
    alive = np.logaddexp(
        np.log1p(-share) + _beta(n, c, ALIVE_WEIGHT * mean, ALIVE_WEIGHT * (1 - mean)),
        np.log(share) + _beta(n, c, a, b),
    )
    mean = rates.recovery[None, :]
    return alive, _beta(n, c, DEAD_WEIGHT * mean, DEAD_WEIGHT * (1 - mean))


def _beta(n: Array, c: Array, a: Array | float, b: Array | float) -> Array:
    """log P(these c of n) where the rate is Beta(a, b)."""
    from scipy.special import betaln

    result: Array = betaln(a + c, b + n - c) - betaln(a, b)
    return result


def _choose(n: int, c: int) -> float:
    from scipy.special import comb

    return float(comb(n, c))


def _entropy(values: Array) -> Array:
    """-p log2 p of each value."""
    result: Array = -values * np.log2(np.where(values > 0, values, 1.0))
    return result
