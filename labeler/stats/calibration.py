"""Whether probabilities mean what they say, wherever something settles the matter.

Three things can: a person's verdict on the step (evidence of source `human`), the label that the
file had (`annotated`), and the outcome of the solution for the probability of its last step. The
outcome is known to most consensus rules, so that row shows fit; the other two show truth.

Source: Brier (1950); expected calibration error as in Guo et al., arXiv 1706.04599, ten bins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from labeler.dataset.summary.steps import N_BINS
from labeler.stats.rates import Rate, wilson

FEWEST_POINTS = 3
"""Of a curve: two points are no curve, and a line through them would look like one."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Probabilities of one bin: how many, how many were right, their sum and squared errors."""

    n: int
    n_right: int
    sum_probability: float
    sum_squared_error: float


@dataclass(frozen=True, slots=True)
class Bin:
    """Probabilities from `low` to `high`: what they promised, and how many were right."""

    low: float
    high: float
    mean_probability: float
    right: Rate


@dataclass(frozen=True, slots=True)
class Calibration:
    """`brier` and `expected_error` (ECE) are null where nothing was settled."""

    n: int
    brier: float | None
    expected_error: float | None
    bins: tuple[Bin, ...]


def calibration(tallies: Mapping[int, Tally]) -> Calibration:
    """From a tally per bin; bin i holds probabilities in [i/10, (i+1)/10), the last one 1 too."""
    filled = {index: tally for index, tally in sorted(tallies.items()) if tally.n}
    n = sum(tally.n for tally in filled.values())
    if n == 0:
        return Calibration(0, None, None, ())
    bins = tuple(
        Bin(i / N_BINS, (i + 1) / N_BINS, t.sum_probability / t.n, wilson(t.n_right, t.n))
        for i, t in filled.items()
    )
    brier = sum(tally.sum_squared_error for tally in filled.values()) / n
    gap = sum(abs(tally.sum_probability - tally.n_right) for tally in filled.values())
    return Calibration(n, brier, gap / n, bins)
