"""Figures of the embedded policy, with 95% intervals by resampling problems.

Steps and prefixes of one problem are alike, so problems are what varies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap

from labeler.records import Verdict
from labeler.stats import wilson

Sums = dict[str, list[float]]
"""By problem: two sums, each before its number of terms."""


def balanced(pairs: Sequence[tuple[str, bool, Verdict]]) -> dict[str, object]:
    """Mean of the accuracies on right and on wrong steps; no verdict counts as a miss."""
    sums: Sums = {}
    for problem, truth, verdict in pairs:
        hit = verdict is (Verdict.CORRECT if truth else Verdict.WRONG)
        add(sums, problem, not truth, hit)
    right, n_right, wrong, n_wrong = (int(total) for total in totals(sums))
    return {
        "balanced_accuracy": measured(sums, lambda a, n, b, m: (a / n + b / m) / 2),
        "on_right_steps": vars_of(wilson(right, n_right)),
        "on_wrong_steps": vars_of(wilson(wrong, n_wrong)),
    }


def add(sums: Sums, problem: str, second: bool, value: float) -> None:
    """Adds a term to a problem's first or second sum."""
    own = sums.setdefault(problem, [0.0] * 4)
    own[2 * second] += value
    own[2 * second + 1] += 1


def totals(sums: Sums) -> list[float]:
    """The sums over all problems."""
    return [sum(column) for column in zip(*sums.values(), strict=True)]


def measured(sums: Sums, statistic: Callable[..., float]) -> dict[str, float | None]:
    """The statistic of the sums, with its interval."""
    columns = np.array(list(sums.values())).T

    def of_columns(*drawn: NDArray[np.float64], axis: int = -1) -> Any:
        return statistic(*(column.sum(axis=axis) for column in drawn))

    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(statistic(*columns.sum(axis=1)))
        interval = bootstrap(
            columns, of_columns, paired=True, n_resamples=2000, method="percentile", rng=0
        ).confidence_interval
    found = {"value": value, "low": float(interval.low), "high": float(interval.high)}
    # Where a sum is 0 there is no ratio.
    return {name: number if isfinite(number) else None for name, number in found.items()}


def vars_of(rate: object) -> dict[str, object]:
    """A rate as plain values."""
    return {name: getattr(rate, name) for name in ("n_yes", "n", "rate", "low", "high")}


def rows(figures: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Name and text of each figure, those of a group below its name."""
    for name, value in figures.items():
        if not isinstance(value, dict):
            yield name, str(value)
        elif "low" in value:
            shown = [value.get("rate", value.get("value")), value["low"], value["high"]]
            point, low, high = ("none" if one is None else f"{one:.3f}" for one in shown)
            of = f" ({value['n_yes']}/{value['n']})" if "n" in value else ""
            yield name, f"{point} [{low}, {high}]{of}"
        else:
            yield name, ""
            yield from ((f"- {inner}", shown) for inner, shown in rows(value))
