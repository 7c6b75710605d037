"""Fusion: all sources together, each believed as far as it earned it (our own rule).

`fit` learns from the evidence of many solutions how often each source is right (`learn`); `decide`
then gives P(first error = t), and a label where that is sure enough. `steps[t].probability` is P(no
error up to and including step t), which is why it never grows along a solution. With `gold`, true
first errors of some solutions, these probabilities are calibrated (`calibration`).

Scores without a verdict are evidence, too, as far as the run shows what they are worth
(`emission`); alone they decide nothing.

Without `fit` it decides by its prior belief about any source of value or of correctness. It needs
sources that fail for different reasons: of one source alone it learns little beyond the belief.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal, Self, TypeAlias

import numpy as np
from pydantic import AliasChoices, ConfigDict, Field

from labeler.consensus.base import Decision
from labeler.consensus.beta_binomial import Array
from labeler.consensus.calibration import Calibration, calibrate
from labeler.consensus.first_error_posterior import label_from_first_error_posterior
from labeler.consensus.hopeless import with_hopeless
from labeler.consensus.label_model import LabelModel
from labeler.consensus.learn import learn
from labeler.consensus.observations import Said, gather, is_rollouts, is_verdict, said_of
from labeler.consensus.rule import Confidence, ConsensusRule, RuleSettings, rule_is_required
from labeler.consensus.scores import Scores, scores_of
from labeler.consensus.sources import OUTCOME
from labeler.errors import DataError
from labeler.records import Evidence, LabeledSolution, Solution

FAMILY_VOICES = "family_voices"
"""What `max_effective_votes` was called."""


def _either_name(schema: dict[str, Any]) -> None:
    """Lets an editor accept either name (that both stand there is told when the file is read)."""
    rule_is_required(schema)
    schema["properties"][FAMILY_VOICES] = schema["properties"]["max_effective_votes"]


class FusionRule(RuleSettings):
    """A label model over all sources, fitted on the run; decides from `min_confidence` on.

    Sources of one model that answer the same question count as `max_effective_votes` at most, which
    older run files call `family_voices`.
    """

    # Identities of runs and entries of logs hold the older name, and so go on holding it.
    model_config = ConfigDict(serialize_by_alias=True, json_schema_extra=_either_name)

    rule: Literal["fusion"] = "fusion"
    min_confidence: Confidence = 0.8
    max_effective_votes: Annotated[
        float,
        Field(
            ge=1,
            validation_alias=AliasChoices("max_effective_votes", FAMILY_VOICES),
            serialization_alias=FAMILY_VOICES,
        ),
    ] = 4.0


@dataclass(frozen=True)
class Fusion:
    """`fit` keeps at most `fit_limit` solutions in memory. `gold`: solution id to first error."""

    settings: FusionRule = field(default_factory=FusionRule)
    fit_limit: int = 20_000
    gold: Mapping[str, int] = field(default_factory=dict)
    model: LabelModel = field(default_factory=LabelModel)
    calibration: Calibration = field(default_factory=Calibration)

    @property
    def name(self) -> str:
        return self.settings.rule

    def fit(self, rows: Iterable[LabeledSolution]) -> Self:
        marked: list[_Marked] = []

        def watched() -> Iterator[LabeledSolution]:
            for row in rows:
                truth = self.gold.get(row.solution.solution_id)
                if truth is not None:
                    if truth >= len(row.steps):
                        name = row.solution.solution_id
                        raise DataError(f"gold: {name} has no step {truth}; the first step is 0")
                    evidence = [step.evidence for step in row.steps]
                    said = said_of(row.solution, evidence)
                    marked.append((row.solution.problem_id, said, scores_of(evidence), truth))
                yield row

        model = learn(gather(watched(), self.fit_limit), self.settings.max_effective_votes)
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
        said, scores = said_of(solution, evidence), scores_of(evidence)
        posterior: list[float] = self._posterior(solution, said, scores)[0].tolist()
        return posterior

    def decide(self, solution: Solution, evidence: Sequence[Sequence[Evidence]]) -> Decision:
        said = said_of(solution, evidence)
        if not any(is_verdict(source) for step in said for source in step):
            nothing = (None,) * len(said)
            return Decision(None, nothing, nothing, "no evidence")
        posterior, hopeless = self._posterior(solution, said, scores_of(evidence))
        # Where a problem is rather hopeless than not, who only rolled out has said nothing.
        spoken = [
            any(
                s != OUTCOME and is_verdict(s) and (hopeless <= 0.5 or not is_rollouts(s))
                for s in step
            )
            for step in said
        ]
        decision = label_from_first_error_posterior(
            posterior.tolist(), self.settings.min_confidence, spoken, solution.outcome
        )
        return with_hopeless(decision, hopeless)

    def _posterior(
        self, solution: Solution, said: Sequence[Said], scores: Scores
    ) -> tuple[Array, float]:
        found, hopeless = self.model.first_error_posterior(said, solution.problem_id, scores)
        return self.calibration.first_error_posterior(found), hopeless


_Marked: TypeAlias = tuple[str, Sequence[Said], Scores, int]
"""Problem id, what is said of a solution's steps, their scores, its true first error."""


def _calibration(model: LabelModel, marked: Sequence[_Marked]) -> Calibration:
    if not marked:
        return Calibration()
    gold = []
    for problem_id, said, scores, truth in marked:
        found, _ = model.first_error_posterior(said, problem_id, scores)
        right = np.clip(1 - np.cumsum(found[:-1]), 0.0, 1.0)
        was = np.array([float(truth == -1 or t < truth) for t in range(len(said))])
        gold.append((right, was))
    return calibrate(gold)


FUSION = ConsensusRule(name="fusion", settings=FusionRule, build=Fusion)
