"""How one version differs from another as a whole: shares that moved, distributions that shifted.

Intervals take the two versions as independent samples. A version that only appends to the other
shares rows with it, so the true uncertainty of the difference is smaller. Which solutions changed,
and why, is `labeler.dataset.changes`.
Source: Newcombe (1998); total variation distance, 0 for equal, 1 for disjoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from labeler.stats.rates import Difference, Rate, difference, wilson
from labeler.stats.records import LabelStatistics


@dataclass(frozen=True, slots=True)
class Shift:
    """A share in the old and in the new version."""

    old: Rate
    new: Rate
    change: Difference


@dataclass(frozen=True, slots=True)
class Drift:
    """`distances` are total variation distances; null where a version holds nothing of the kind."""

    old_version: int
    new_version: int
    shares: dict[str, Shift]
    distances: dict[str, float | None]


def drift(old: LabelStatistics, new: LabelStatistics) -> Drift:
    """Compares two versions by their statistics."""
    shares = {
        name: Shift(before, after, difference(after, before))
        for (name, before), after in zip(_shares(old).items(), _shares(new).values(), strict=True)
    }
    distances = {
        "outcome": distance(old.by_outcome, new.by_outcome),
        "domain": distance(old.by_domain, new.by_domain),
        "first error": distance(old.first_error_histogram, new.first_error_histogram),
    }
    for name in sorted(old.by_labeler.keys() & new.by_labeler.keys()):
        distances[f"verdicts of {name}"] = distance(_verdicts(old, name), _verdicts(new, name))
    return Drift(old.version, new.version, shares, distances)


def distance(old: Mapping[str, int], new: Mapping[str, int]) -> float | None:
    """Half the sum of the absolute differences between the shares."""
    n_old, n_new = sum(old.values()), sum(new.values())
    if not n_old or not n_new:
        return None
    names = old.keys() | new.keys()
    return sum(abs(old.get(name, 0) / n_old - new.get(name, 0) / n_new) for name in names) / 2


def _shares(s: LabelStatistics) -> dict[str, Rate]:
    return {
        "solutions kept": s.keep_rate,
        "solutions right": wilson(s.by_outcome.get("correct", 0), s.n_solutions),
        "steps labelled": wilson(s.n_labeled_steps, s.n_steps),
        "labels wrong": wilson(s.n_wrong_steps, s.n_labeled_steps),
    }


def _verdicts(s: LabelStatistics, name: str) -> dict[str, int]:
    one = s.by_labeler[name]
    return {"correct": one.n_correct, "wrong": one.n_wrong, "unknown": one.n_unknown}
