"""Counts of votes whose rate varies: the Beta-binomial, its likelihood and its fit.

A source that speaks for a step with rate p ~ Beta(a, b), n times, does so c times with probability
C(n, c) B(a + c, b + n - c) / B(a, b). With n = 1 this is a coin of rate a / (a + b); where rates
vary widely (votes of one judge, rollouts of one prefix), n votes weigh less than n coins.

Source: T. Minka, "Estimating a Dirichlet distribution" (2000), section on the Polya distribution:
the fixed-point iteration, which never leaves a, b > 0 and never lowers the likelihood.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

SMALLEST, LARGEST = 1e-3, 1e3
"""Bounds of a and b."""


def log_likelihood(counts: Array, ab: Array) -> Array:
    """log P(c of n), up to the binomial coefficient, which no hypothesis changes.

    `counts` [rows, 2] holds n and c; `ab` [states, 2]; the result is [rows, states].
    """
    from scipy.special import betaln

    n, c = counts[:, :1], counts[:, 1:]
    a, b = ab[:, 0], ab[:, 1]
    result: Array = betaln(a + c, b + n - c) - betaln(a, b)
    return result


def fit(counts: Array, weights: Array, start: Array, rounds: int = 20) -> Array:
    """a and b [states, 2] for `counts` [rows, 2] seen with `weights` [rows, states]."""
    from scipy.special import digamma

    n, c = counts[:, :1], counts[:, 1:]
    ab = start.copy()
    for _ in range(rounds):
        a, b = ab[:, 0], ab[:, 1]
        whole = _weighted(weights, digamma(n + a + b) - digamma(a + b))
        for_it = _weighted(weights, digamma(c + a) - digamma(a))
        against = _weighted(weights, digamma(n - c + b) - digamma(b))
        ab = np.stack([a * for_it / whole, b * against / whole], axis=1)
        ab = np.clip(ab, SMALLEST, LARGEST)
    return ab


def pseudo_counts(ab: Array, n: int, strength: float) -> tuple[Array, Array]:
    """What a prior is worth in data: counts [n + 1, 2] and weights [n + 1, states].

    `strength` is how many prefixes with `n` rollouts each the prior weighs.
    """
    from scipy.special import gammaln

    c = np.arange(n + 1.0)
    counts = np.stack([np.full(n + 1, float(n)), c], axis=1)
    choose: Any = gammaln(n + 1) - gammaln(c + 1) - gammaln(n - c + 1)
    return counts, strength * np.exp(log_likelihood(counts, ab) + choose[:, None])


def _weighted(weights: Array, values: Array) -> Array:
    total: Array = (weights * values).sum(axis=0)
    return total
