"""Shares with their counts and intervals, and what spread numbers have.

Source: Wilson, "Probable inference" (1927), for the interval of a share; Newcombe, "Interval
estimation for the difference between independent proportions" (1998), method 10.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

Z = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its count and 95% Wilson interval; null where `n` is 0."""

    n_yes: int
    n: int
    rate: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Difference:
    """How much larger a share is than another, with the 95% interval; null where one has no n."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Spread:
    """Whole numbers by their mean and quantiles (the smallest value that reaches each share)."""

    n: int
    mean: float | None
    smallest: int | None
    p10: int | None
    median: int | None
    p90: int | None
    largest: int | None


def wilson(n_yes: int, n: int) -> Rate:
    """A share with its 95% Wilson score interval."""
    if n == 0:
        return Rate(0, 0, None, None, None)
    rate = n_yes / n
    return Rate(n_yes, n, rate, *wilson_interval(rate, n))


def wilson_interval(mean: float, n: int) -> tuple[float, float]:
    """95% of a mean of `n` > 0 values in [0, 1]; too wide, never too narrow, where some lie between
    0 and 1, for no values spread more than those at the ends.
    """
    middle = (mean + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * (mean * (1 - mean) / n + Z * Z / (4 * n * n)) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)


def difference(new: Rate, old: Rate) -> Difference:
    """`new` minus `old`, taken as independent samples."""
    if new.rate is None or old.rate is None:
        return Difference(None, None, None)
    assert new.low is not None and new.high is not None
    assert old.low is not None and old.high is not None
    value = new.rate - old.rate
    below = math.hypot(new.rate - new.low, old.high - old.rate)
    above = math.hypot(new.high - new.rate, old.rate - old.low)
    return Difference(value, value - below, value + above)


def spread(counts: Mapping[int, int]) -> Spread:
    """The spread of numbers given as value -> how often."""
    n = sum(counts.values())
    if n == 0:
        return Spread(0, None, None, None, None, None, None)
    mean = sum(value * count for value, count in counts.items()) / n
    at = {share: _quantile(counts, share * n) for share in (0, 0.1, 0.5, 0.9, 1)}
    return Spread(n, mean, at[0], at[0.1], at[0.5], at[0.9], at[1])


def _quantile(counts: Mapping[int, int], rank: float) -> int:
    seen = 0
    for value in sorted(counts):
        seen += counts[value]
        if seen >= rank and seen > 0:
            break
    return value
