"""Seeds of `search.py` together: F1 of each method, and by how much one is above another.

F1 needs hundreds of erroneous solutions to be told apart, so seeds are pooled before it is taken.
Methods searched the same solutions; so their difference is bootstrapped over problems, both on the
same draw: its interval is narrower than those of the two F1 suggest, and says whether a method is
more accurate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from labeler.evaluation.metrics import Prediction

Array: TypeAlias = NDArray[np.float64]

OURS = "bayes"
ROUNDS = 2000


def by_problem(judged: Sequence[Prediction], problem_ids: Sequence[str]) -> dict[str, list[int]]:
    """Of each problem's solutions: erroneous, those located, correct, those cleared."""
    sums = {name: [0, 0, 0, 0] for name in problem_ids}
    for j, name in zip(judged, problem_ids, strict=True):
        first = 0 if j.truth >= 0 else 2
        sums[name][first] += 1
        sums[name][first + 1] += j.predicted == j.truth
    return sums


def interval(sums: Mapping[str, Sequence[int]]) -> tuple[float, float]:
    """95% interval of F1 by resampling problems (seeded)."""
    return percentiles(resampled(array([sums])))


def pooled(results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Per k: all seeds as one set. `results` are those of `search.py`, one per seed and k."""
    return [
        _pooled([one for one in results if one["k"] == k])
        for k in dict.fromkeys(one["k"] for one in results)
    ]


def _pooled(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    names = list(results[0]["methods"])
    parts = {name: [one["methods"][name] for one in results] for name in names}
    sums = {name: array([m["by_problem"] for m in ms]) for name, ms in parts.items()}
    drawn = {name: resampled(one) for name, one in sums.items()}
    f1 = {name: float(f1_of(one.sum(axis=0))) for name, one in sums.items()}
    tokens = {name: sum(m["generated_tokens"] for m in ms) for name, ms in parts.items()}
    found: dict[str, Any] = {
        "k": results[0]["k"],
        "seeds": [one["seed"] for one in results],
        "n": sum(one["n"] for one in results),
        "n_erroneous": sum(one["n_erroneous"] for one in results),
        "methods": {
            name: {
                "f1": f1[name],
                "f1_interval": percentiles(drawn[name]),
                "ece": _calibration_error([m["reliability"] for m in parts[name]]),
                "n_probabilities": sum(m["n_probabilities"] for m in parts[name]),
                "generated_tokens": tokens[name],
                "tokens_of": {o: tokens[name] / tokens[o] for o in names if tokens[o]},
                "tokens_by_length": _by_length([m["by_length"] for m in parts[name]]),
            }
            for name in names
        },
    }
    if OURS in names:
        found["f1_above"] = {
            other: {
                "difference": f1[OURS] - f1[other],
                "interval": percentiles(drawn[OURS] - drawn[other]),
            }
            for other in names
            if other != OURS
        }
    return found


def array(sums: Sequence[Mapping[str, Sequence[int]]]) -> Array:
    """[problems of all seeds, 4]; in the same order for every method."""
    return np.array([row for one in sums for _, row in sorted(one.items())], dtype=float)


def resampled(sums: Array) -> Array:
    """F1 of `ROUNDS` draws of the problems; the same draws for arrays of the same length."""
    rng = np.random.default_rng(0)
    return f1_of(sums[rng.integers(0, len(sums), (ROUNDS, len(sums)))].sum(axis=1))


def f1_of(sums: Array) -> Array:
    """ProcessBench's, of [..., 4] counts."""
    located = sums[..., 1] / np.maximum(sums[..., 0], 1)
    cleared = sums[..., 3] / np.maximum(sums[..., 2], 1)
    total = located + cleared
    values: Array = 2 * located * cleared / np.where(total > 0, total, 1.0)
    return values


def percentiles(values: Array) -> tuple[float, float]:
    """The bounds of a 95% interval."""
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def _calibration_error(diagrams: Sequence[Sequence[Mapping[str, float]]]) -> float | None:
    """Of the steps of all seeds, from their reliability diagrams of the same ten bins."""
    gaps, total = np.zeros(10), 0.0
    for one in (one for diagram in diagrams for one in diagram):
        gaps[min(int(one["claimed"] * 10), 9)] += one["n"] * (one["claimed"] - one["true"])
        total += one["n"]
    return float(np.abs(gaps).sum() / total) if total else None


def _by_length(seeds: Sequence[Mapping[str, Mapping[str, float]]]) -> dict[str, float]:
    lengths = dict.fromkeys(label for one in seeds for label in one)
    return {label: sum(one[label]["tokens"] for one in seeds if label in one) for label in lengths}
