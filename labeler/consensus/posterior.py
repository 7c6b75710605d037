"""A posterior over the place of the first error, from all rollouts on a solution (our own rule).

The model and its limits stand in `labeler.first_error.model`; `bisect` chooses its rollouts by it.
One unlucky 0 of k before healthy prefixes is seen as what it is; a late recovery, too. Where
nothing of a problem ever succeeded, the problem may be hopeless (`hopeless`), and then rollouts say
nothing: the place is where it was beforehand, given the answer, with that probability. `fit` learns
how many problems of the run are; without it the rule goes by its prior.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

import numpy as np

from labeler.consensus.base import Counts, Decision, value_counts
from labeler.consensus.first_error_posterior import label_from_first_error_posterior
from labeler.consensus.hopeless import (
    HopelessProblems,
    learn_share,
    probabilities,
    with_hopeless,
)
from labeler.consensus.rule import Confidence, ConsensusRule, RuleSettings
from labeler.first_error.model import FirstErrorPosterior, Rates, locate
from labeler.records import Evidence, LabeledSolution, Solution, Verdict


class PosteriorRule(RuleSettings):
    """P(place of the first error) from all counts; decides from `min_confidence` on."""

    rule: Literal["posterior"] = "posterior"
    min_confidence: Confidence = 0.8


@dataclass(frozen=True)
class Posterior:
    """What is surer than `min_confidence` is a label; `rates` are what is believed before."""

    settings: PosteriorRule = field(default_factory=PosteriorRule)
    rates: Rates = field(default_factory=Rates)
    hopeless: HopelessProblems = field(default_factory=HopelessProblems)

    @property
    def name(self) -> str:
        return self.settings.rule

    def fit(self, rows: Iterable[LabeledSolution]) -> Self:
        """With the share of hopeless problems; memory grows with problems."""
        asked: set[str] = set()
        solved: set[str] = set()
        ratios: dict[str, float] = defaultdict(float)
        for row in rows:
            told = value_counts([step.evidence for step in row.steps])
            if _succeeded(row.solution, told):
                solved.add(row.solution.problem_id)
            elif any(count.n for count in _rollouts(row.solution, told)):
                asked.add(row.solution.problem_id)
                ratios[row.solution.problem_id] += _log_ratio(self._located(row.solution, told))
        failed = sorted(asked - solved)
        n_problems = len(asked | solved)
        of_failed = [ratios[problem_id] for problem_id in failed]
        share = learn_share(of_failed, n_problems)
        found = probabilities(np.array(of_failed), share).tolist()
        by_problem = dict(zip(failed, found, strict=True))
        return replace(
            self, hopeless=HopelessProblems(share, by_problem, frozenset(solved), n_problems)
        )

    def report(self) -> Mapping[str, Any]:
        return {"hopeless": self.hopeless.report()}

    def first_error_posterior(
        self, solution: Solution, evidence: Sequence[Sequence[Evidence]]
    ) -> list[float]:
        """P(first error = t) for t = 0 .. T-1, then P(none). Sums to 1."""
        return self._posterior(solution, value_counts(evidence))[0]

    def decide(self, solution: Solution, evidence: Sequence[Sequence[Evidence]]) -> Decision:
        told = value_counts(evidence)
        posterior, hopeless = self._posterior(solution, told)
        # Where a problem is rather hopeless than not, its rollouts have said nothing.
        spoken = [count.n > 0 and hopeless <= 0.5 for count in _rollouts(solution, told)]
        decision = label_from_first_error_posterior(
            posterior, self.settings.min_confidence, spoken, solution.outcome
        )
        return with_hopeless(decision, hopeless)

    def _posterior(self, solution: Solution, told: Sequence[Counts]) -> tuple[list[float], float]:
        """P(first error = t), then P(none); and P(hopeless)."""
        found = self._located(solution, told)
        if not any(count.n for count in _rollouts(solution, told)):
            return found.probabilities.tolist(), 0.0
        ratio = None if _succeeded(solution, told) else _log_ratio(found)
        hopeless = self.hopeless.probability(solution.problem_id, ratio)
        mixed: list[float] = (
            (1 - hopeless) * found.probabilities + hopeless * found.prior
        ).tolist()
        return mixed, hopeless

    def _located(self, solution: Solution, told: Sequence[Counts]) -> FirstErrorPosterior:
        counts = [(count.n, count.n_correct) for count in told]
        return locate(counts, self.rates, is_wrong=solution.outcome is Verdict.WRONG)


def _rollouts(solution: Solution, told: Sequence[Counts]) -> Sequence[Counts]:
    """What is said of value, without what the answer says of the last step."""
    return told if solution.outcome is Verdict.UNKNOWN else told[:-1]


def _succeeded(solution: Solution, told: Sequence[Counts]) -> bool:
    return solution.outcome is Verdict.CORRECT or any(count.n_correct for count in told)


def _log_ratio(found: FirstErrorPosterior) -> float:
    """log P(said | hopeless) / P(said | not): where it is hopeless, failing is certain."""
    return -found.log_likelihood


POSTERIOR = ConsensusRule(name="posterior", settings=PosteriorRule, build=Posterior)
