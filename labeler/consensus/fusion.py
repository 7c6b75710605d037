"""Fusion: all sources together, each believed as far as it earned it (our own rule).

`fit` learns from the evidence of many solutions how often each source is right (`learn`); `decide`
then gives P(first error = t), and a label where that is sure enough. `steps[t].probability` is P(no
error up to and including step t), which is why it never grows along a solution. With `gold`, true
first errors of some solutions, these probabilities are calibrated (`calibration`).

Without `fit` it decides by its prior of any source of value or of correctness. It needs
sources that fail for different reasons: of one source alone it learns little beyond the prior.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np

from labeler.consensus.base import Decision
from labeler.consensus.beta_binomial import Array
from labeler.consensus.calibration import Calibration, calibrate
from labeler.consensus.first_error_posterior import label_from_first_error_posterior
from labeler.consensus.label_model import LabelModel
from labeler.consensus.learn import learn
from labeler.consensus.observations import Said, gather, said_of
from labeler.consensus.sources import OUTCOME
from labeler.errors import DataError
from labeler.records import Evidence, LabeledSolution, Solution


@dataclass(frozen=True)
class Fusion:
    """A label needs `min_confidence`. Sources of one model count as `max_effective_votes` at most.

    `fit` keeps at most `fit_limit` solutions in memory. `gold`: solution id to first error.
    """

    min_confidence: float = 0.8
    max_effective_votes: float = 4.0
    fit_limit: int = 20_000
    gold: Mapping[str, int] = field(default_factory=dict)
    model: LabelModel = field(default_factory=LabelModel)
    calibration: Calibration = field(default_factory=Calibration)
    name: str = "fusion"

    def fit(self, rows: Iterable[LabeledSolution]) -> Self:
        marked: list[tuple[list[Said], int]] = []

        def watched() -> Iterator[LabeledSolution]:
            for row in rows:
                truth = self.gold.get(row.solution.solution_id)
                if truth is not None:
                    if truth >= len(row.steps):
                        name = row.solution.solution_id
                        raise DataError(f"gold: {name} has no step {truth}; the first step is 0")
                    evidence = [step.evidence for step in row.steps]
                    marked.append((said_of(row.solution, evidence), truth))
                yield row

        model = learn(gather(watched(), self.fit_limit), self.max_effective_votes)
        if self.gold and not marked:
            raise DataError(f"gold: none of its {len(self.gold)} solutions is in this dataset")
        return replace(self, model=model, calibration=_calibration(model, marked))

    def report(self) -> dict[str, Any]:
        calibration = {
            "n_solutions": self.calibration.n_solutions,
            "n_steps": self.calibration.n_steps,
            "given": list(self.calibration.given),
            "true": list(self.calibration.true),
        }
        return {**self.model.report(), "calibration": calibration}

    def first_error_posterior(
        self, solution: Solution, evidence: Sequence[Sequence[Evidence]]
    ) -> list[float]:
        """P(first error = t) for t = 0 .. T-1, then P(none). Sums to 1."""
        posterior: list[float] = self._posterior(said_of(solution, evidence)).tolist()
        return posterior

    def decide(self, solution: Solution, evidence: Sequence[Sequence[Evidence]]) -> Decision:
        said = said_of(solution, evidence)
        if not any(said):
            nothing = (None,) * len(said)
            return Decision(None, nothing, nothing, "no evidence")
        posterior = self._posterior(said).tolist()
        spoken = [bool(step.keys() - {OUTCOME}) for step in said]
        return label_from_first_error_posterior(
            posterior, self.min_confidence, spoken, solution.outcome
        )

    def _posterior(self, said: Sequence[Said]) -> Array:
        return self.calibration.first_error_posterior(self.model.first_error_posterior(said))


def _calibration(model: LabelModel, marked: Sequence[tuple[Sequence[Said], int]]) -> Calibration:
    if not marked:
        return Calibration()
    gold = []
    for said, truth in marked:
        right = np.clip(1 - np.cumsum(model.first_error_posterior(said)[:-1]), 0.0, 1.0)
        was = np.array([float(truth == -1 or t < truth) for t in range(len(said))])
        gold.append((right, was))
    return calibrate(gold)
