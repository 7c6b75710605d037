"""A posterior over the place of the first error, from all rollouts on a solution (our own rule).

The model and its limits stand in `labeler.first_error.model`; `bisect` chooses its rollouts by it.
One unlucky 0 of k before healthy prefixes is seen as what it is; a late recovery, too. With the
probability that the problem is hopeless (`hopeless`) rollouts say nothing, and the place is where
it was beforehand, given the answer. `fit` learns how many problems of the run are; without it the
rule goes by the prior. `fit` also learns what the run's scores without a verdict tell of the place
(`labeler.first_error.signals`), and takes that as the prior over places; without it, and without
scores, all places are alike beforehand.
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
    log_luck,
    probabilities,
    with_hopeless,
)
from labeler.consensus.rule import Confidence, ConsensusRule, RuleSettings
from labeler.consensus.scores import scores_of
from labeler.first_error.model import Array, FirstErrorPosterior, Rates, locate
from labeler.first_error.signals import Case, Signals, learn
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
    signals: Signals = field(default_factory=Signals)

    @property
    def name(self) -> str:
        return self.settings.rule

    def fit(self, rows: Iterable[LabeledSolution]) -> Self:
        """With the share of hopeless problems and what scores tell; memory grows with problems, and
        with wrong solutions that have scores.
        """
        spent: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
        asked: set[str] = set()
        cases: list[tuple[str, Case]] = []
        for row in rows:
            if not row.steps:
                continue
            evidence, problem_id = [s.evidence for s in row.steps], row.solution.problem_id
            told = value_counts(evidence)
            sums = spent[problem_id]
            sums[0] += sum(count.n for count in told)
            sums[1] += sum(count.n_correct for count in told)
            located = self._located(row.solution, told)
            sums[2] += located.log_likelihood
            if _has_rollouts(row.solution, told):
                asked.add(problem_id)
                case = case_of(row.solution, evidence, located)
                if case is not None:
                    cases.append((problem_id, case))
        known = sorted(asked)
        ratios = _log_ratios(np.array([spent[problem_id] for problem_id in known]).reshape(-1, 3))
        share = learn_share(ratios)
        found = probabilities(ratios, share).tolist()
        hopeless = HopelessProblems(share, dict(zip(known, found, strict=True)))
        deafened = [_as_hopeless(case, hopeless.by_problem[name]) for name, case in cases]
        return replace(self, hopeless=hopeless, signals=learn(deafened))

    def report(self) -> Mapping[str, Any]:
        learned = self.signals.by_source.items()
        return {
            "hopeless": self.hopeless.report(),
            **({"scores": {name: one.report() for name, one in learned}} if learned else {}),
        }

    def first_error_posterior(
        self, solution: Solution, evidence: Sequence[Sequence[Evidence]]
    ) -> list[float]:
        """P(first error = t) for t = 0 .. T-1, then P(none). Sums to 1."""
        return self._posterior(solution, evidence)[0]

    def decide(self, solution: Solution, evidence: Sequence[Sequence[Evidence]]) -> Decision:
        told = value_counts(evidence)
        posterior, hopeless = self._posterior(solution, evidence)
        # Where a problem is rather hopeless than not, its rollouts have said nothing.
        spoken = [count.n > 0 and hopeless <= 0.5 for count in _rollouts(solution, told)]
        decision = label_from_first_error_posterior(
            posterior, self.settings.min_confidence, spoken, solution.outcome
        )
        return with_hopeless(decision, hopeless)

    def _posterior(
        self, solution: Solution, evidence: Sequence[Sequence[Evidence]]
    ) -> tuple[list[float], float]:
        """P(first error = t), then P(none); and P(hopeless)."""
        told = value_counts(evidence)
        found = flat = self._located(solution, told)
        prior = self.signals.log_prior(scores_of(evidence)) if self.signals.by_source else None
        if prior is not None:
            found = self._located(solution, told, prior)
        if not _has_rollouts(solution, told):
            return found.probabilities.tolist(), 0.0
        n, c = sum(count.n for count in told), sum(count.n_correct for count in told)
        ratio = float(_log_ratios(np.array([[n, c, flat.log_likelihood]], dtype=float))[0])
        hopeless = self.hopeless.probability(solution.problem_id, ratio)
        mixed: list[float] = (
            (1 - hopeless) * found.probabilities + hopeless * found.prior
        ).tolist()
        return mixed, hopeless

    def _located(
        self, solution: Solution, told: Sequence[Counts], prior: Array | None = None
    ) -> FirstErrorPosterior:
        counts = [(count.n, count.n_correct) for count in told]
        is_wrong = solution.outcome is Verdict.WRONG
        return locate(counts, self.rates, is_wrong=is_wrong, log_prior=prior)


def case_of(
    solution: Solution, evidence: Sequence[Sequence[Evidence]], located: FirstErrorPosterior
) -> Case | None:
    """What a solution teaches of scores: nothing unless its answer is wrong and it has scores.

    `located` is the posterior of its rollouts from a flat prior.
    """
    values = scores_of(evidence)
    if solution.outcome is not Verdict.WRONG or not values:
        return None
    places = np.log(np.maximum(located.probabilities[:-1], 1e-300))
    return Case(solution.solution_id, values, places)


def _as_hopeless(case: Case, hopeless: float) -> Case:
    """Where a problem is hopeless, its rollouts say nothing of the place."""
    places = np.exp(case.log_places)
    mixed = (1 - hopeless) * places / places.sum() + hopeless / len(places)
    return replace(case, log_places=np.log(np.maximum(mixed, 1e-300)))


def _rollouts(solution: Solution, told: Sequence[Counts]) -> Sequence[Counts]:
    """What is said of value, without what the answer says of the last step."""
    return told if solution.outcome is Verdict.UNKNOWN else told[:-1]


def _has_rollouts(solution: Solution, told: Sequence[Counts]) -> bool:
    return any(count.n for count in _rollouts(solution, told))


def _log_ratios(problems: Array) -> Array:
    """log P(said | hopeless) / P(said | not) of problems, from [problems, 3]: n, n right and
    log P(said | not).
    """
    found: Array = log_luck(problems[:, :2]) - problems[:, 2]
    return found


POSTERIOR = ConsensusRule(name="posterior", settings=PosteriorRule, build=Posterior)
