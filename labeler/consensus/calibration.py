"""Probabilities that keep their promise: isotonic regression on steps whose truth is known.

A gold slice is small, and isotonic regression left alone sends its ends to 0 and 1; so the
probabilities as they came count as some solutions of gold, too. The map is monotone: it changes how
sure the label model is, never the order of steps. Source: Zadrozny and Elkan (2002).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labeler.consensus.beta_binomial import Array

PRIOR_SOLUTIONS = 50.0
"""So many gold solutions must speak against the probabilities to move them half-way."""

GRID_POINTS, GRID_SOLUTIONS = 51, 2.0
"""Holds the map where no gold step lies."""


@dataclass(frozen=True)
class Calibration:
    """A monotone map of [0, 1] to itself, linear between the points (`given`, `true`)."""

    given: tuple[float, ...] = (0.0, 1.0)
    true: tuple[float, ...] = (0.0, 1.0)
    n_solutions: int = 0
    n_steps: int = 0

    def right(self, probabilities: Array) -> Array:
        """Calibrated P(step is right)."""
        return np.interp(probabilities, self.given, self.true)

    def first_error_posterior(self, posterior: Array) -> Array:
        """Calibrated P(first error = t) for each step, then P(none), from the same."""
        right = self.right(np.clip(1 - np.cumsum(posterior[:-1]), 0.0, 1.0))
        return -np.diff(np.concatenate([[1.0], right, [0.0]]))


def calibrate(gold: Sequence[tuple[Array, Array]]) -> Calibration:
    """From P(step is right) [steps] and whether it was [steps], for each gold solution.

    A solution weighs 1 however long it is: its steps are right or wrong together.
    """
    from sklearn.isotonic import IsotonicRegression

    given = np.concatenate([probabilities for probabilities, _ in gold])
    right = np.concatenate([truths for _, truths in gold])
    weights = np.concatenate([np.full(len(truths), 1 / len(truths)) for _, truths in gold])
    grid = np.linspace(0, 1, GRID_POINTS)
    fit = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(
        np.r_[given, given, grid],
        np.r_[right, given, grid],
        np.r_[
            weights,
            weights * PRIOR_SOLUTIONS / len(gold),
            np.full(GRID_POINTS, GRID_SOLUTIONS / GRID_POINTS),
        ],
    )
    return Calibration(
        tuple(fit.X_thresholds_.tolist()), tuple(fit.y_thresholds_.tolist()), len(gold), len(given)
    )
