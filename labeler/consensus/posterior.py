"""A posterior over the place of the first error, from all rollouts on a solution (our own rule).

The model and its limits stand in `labeler.first_error.model`; `bisect` chooses its rollouts by it.
One unlucky 0 of k before healthy prefixes is seen as what it is; a late recovery, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from labeler.consensus.base import Decision, value_counts
from labeler.consensus.first_error_posterior import label_from_first_error_posterior
from labeler.consensus.rule import Confidence, ConsensusRule, RuleSettings
from labeler.first_error.model import Rates, locate
from labeler.records import Evidence, Solution, Verdict


class PosteriorRule(RuleSettings):
    """P(place of the first error) from all counts; decides from `min_confidence` on."""

    rule: Literal["posterior"] = "posterior"
    min_confidence: Confidence = 0.8


@dataclass(frozen=True)
class Posterior:
    """What is surer than `min_confidence` is a label; `rates` are what is believed before."""

    settings: PosteriorRule = field(default_factory=PosteriorRule)
    rates: Rates = field(default_factory=Rates)

    @property
    def name(self) -> str:
        return self.settings.rule

    def first_error_posterior(
        self, solution: Solution, evidence: Sequence[Sequence[Evidence]]
    ) -> list[float]:
        """P(first error = t) for t = 0 .. T-1, then P(none). Sums to 1."""
        counts = [(count.n, count.n_correct) for count in value_counts(evidence)]
        is_wrong = solution.outcome is Verdict.WRONG
        found: list[float] = locate(counts, self.rates, is_wrong=is_wrong).probabilities.tolist()
        return found

    def decide(self, solution: Solution, evidence: Sequence[Sequence[Evidence]]) -> Decision:
        counts = value_counts(evidence)
        beyond = counts if solution.outcome is Verdict.UNKNOWN else counts[:-1]
        posterior = self.first_error_posterior(solution, evidence)
        spoken = [count.n > 0 for count in beyond]
        return label_from_first_error_posterior(
            posterior, self.settings.min_confidence, spoken, solution.outcome
        )


POSTERIOR = ConsensusRule(name="posterior", settings=PosteriorRule, build=Posterior)
