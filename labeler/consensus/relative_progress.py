"""The first error is the first step that takes too much of the value (GenPRM's ratio, no judge).

`labeler.consensus.progress` has the formula; `genprm` is the same with a judge who must agree. The
ratio of the first step needs the problem's pass rate: `fit` counts it among the solutions (limits
in `pass_rates`); unfitted, MC > 0 decides the first step. What comes after the first error is not
labelled. Gives no probabilities.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from labeler.consensus.base import Decision, labels_before, value_counts
from labeler.consensus.pass_rates import PassRates, pass_rates
from labeler.consensus.progress import progress
from labeler.consensus.rule import ConsensusRule, RuleSettings
from labeler.records import Evidence, LabeledSolution, Solution


class RelativeProgressRule(RuleSettings):
    """GenPRM's ratio of values without a judge.

    `min_correct`: right rollouts before a step that its ratio needs to be believed.
    """

    rule: Literal["relative_progress"] = "relative_progress"
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.8
    min_correct: Annotated[int, Field(ge=0)] = 4


@dataclass(frozen=True)
class RelativeProgress:
    """`rates` are the problems' pass rates, once they were counted."""

    settings: RelativeProgressRule = field(default_factory=RelativeProgressRule)
    rates: PassRates = field(default_factory=PassRates)

    @property
    def name(self) -> str:
        return self.settings.rule

    def fit(self, rows: Iterable[LabeledSolution]) -> Self:
        return replace(self, rates=pass_rates(rows))

    def report(self) -> dict[str, Any]:
        return self.rates.report()

    def decide(self, solution: Solution, evidence: Sequence[Sequence[Evidence]]) -> Decision:
        n_steps = len(evidence)
        right = progress(
            value_counts(evidence),
            self.settings.threshold,
            start=self.rates.of(solution.problem_id),
            min_correct=self.settings.min_correct,
        )
        if right is None:
            nothing = (None,) * n_steps
            return Decision(None, nothing, nothing, "no rollouts on some step")
        first_error = right.index(False) if False in right else -1
        return Decision(first_error, labels_before(first_error, n_steps), (None,) * n_steps)


RELATIVE_PROGRESS = ConsensusRule(
    name="relative_progress", settings=RelativeProgressRule, build=RelativeProgress
)
