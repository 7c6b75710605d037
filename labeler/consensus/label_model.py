"""A label model for steps: how reliable each source is, and where that puts the first error.

Dawid and Skene (1979) with three changes. Hidden are the states of a solution (`chain`), not
single labels, so one first error explains all steps. What a source says are counts, and in each
state of the chain its rate has a Beta distribution (`beta_binomial`); a verdict is one vote. And
voices of one family (same model, same question; a model's scores and its verdicts, too) share
mistakes: n of them whose mistakes correlate by rho count as n / (1 + (n - 1) rho) votes, the design
effect (Kish, 1965); a copy changes nothing. Silence says nothing: a judge that stopped, a step that
nobody sampled. But a tool that only ever flags speaks where it decided claims and flagged none
(`observations`). On a hopeless problem (`hopeless`) rollouts say nothing either, and errors have a
chain of their own.

Not covered: correlation between families, and between one source's verdicts on different steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from labeler.consensus import flags
from labeler.consensus.base import Counts
from labeler.consensus.beta_binomial import Array
from labeler.consensus.chain import (
    ERRORS_WHERE_HOPELESS,
    RIGHT,
    STATES,
    Chain,
    SmoothedPosterior,
    forward_backward,
    map_estimate,
)
from labeler.consensus.emission import Emissions
from labeler.consensus.hopeless import HopelessProblems, log_luck
from labeler.consensus.observations import (
    Said,
    against_each_kind,
    has_rollouts,
    is_rollouts,
    spent_on,
)
from labeler.consensus.scores import Scores, family_of
from labeler.consensus.sources import OUTCOME, Source, only_flags
from labeler.first_error.signals import classes_of
from labeler.labelers.methods import method_of
from labeler.records import Asks

# In the order of `chain.STATES`.
PRIORS = {
    # Alive prefixes succeed at widely varying rates, lost ones rarely (policies recover).
    Asks.VALUE: [(6, 1), (4, 4), (0.6, 5), (0.05, 8), (0.1, 4), (1, 2), (0.1, 4), (3, 1)],
    # Judges call most right steps right; a near miss is hard to see, later steps are a mixture.
    Asks.CORRECTNESS: [(19, 1), (19, 1), (9, 1), (9, 1), (2, 8), (5, 5), (4, 6), (5, 5)],
}
OUTCOME_PRIOR = [*[(100, 0.01)] * 4, (0.1, 10), (1, 1), (0.1, 10), (10, 0.5)]
"""A wrong answer tells of an error, practically always; a right one may come by a wrong way."""

TOOL_PRIOR = [*[(38, 1)] * 4, (2, 8), (5, 5), (4, 6), (5, 5)]
"""Of right states: odds of `flags.MISREAD`, 1 to 39; of others, how often they are flagged."""

FLAGS_PRIOR = [*[(38, 1)] * 4, *[(1, 1)] * 2, *[(4, 1)] * 2]
"""Of a kind of flag nobody knows beforehand how many errors it catches; that is learned, from the
steps on which the tool decided claims and flagged none, too. What goes on from an error mostly
holds by itself."""

Voice: TypeAlias = Source | str
"""Who says something of a step: a source of votes, or one of scores by its name."""

ASSUMED_CORRELATION = 1 / 4
"""Between voices of one family that were not heard together."""


def prior(source: Source) -> Array:
    """Beta parameters [states, 2] of a source before it was seen."""
    pairs = OUTCOME_PRIOR if source == OUTCOME else PRIORS[source.asks]
    if method_of(source.labeler).is_tool:
        pairs = FLAGS_PRIOR if only_flags(source.labeler) else TOOL_PRIOR
    return np.array(pairs, dtype=float)


def correlation_weights(spoke: Array, correlations: Array) -> Array:
    """How much each word counts, 0 to 1, where `spoke` [..., voices] is 1 for a word."""
    weights: Array = spoke / (1 + spoke @ correlations)
    return weights


def related(voice: Voice, other: Voice) -> bool:
    """Whether two voices may share mistakes."""
    family = _family(voice)
    return voice != other and family is not None and family == _family(other)


def _family(voice: Voice) -> tuple[Asks, str] | None:
    return family_of(voice) if isinstance(voice, str) else voice.family


@dataclass(frozen=True)
class LabelModel:
    """`rates[source]` [states, 2] are Beta parameters; `correlations` of related voices' mistakes,
    both ways; `confusion[source]` [3, 2]: on how many steps (expected) before, at and after the
    first error it spoke for and against the step, votes as shares (rollouts on problems that are
    not hopeless). `emissions` are of scores without a verdict. `chain` is that of problems the
    policy can solve, `hopeless_chain` of others.
    """

    chain: Chain = field(default_factory=map_estimate)
    hopeless_chain: Chain = field(
        default_factory=lambda: map_estimate(errors=ERRORS_WHERE_HOPELESS)
    )
    hopeless: HopelessProblems = field(default_factory=HopelessProblems)
    rates: Mapping[Source, Array] = field(default_factory=dict)
    correlations: Mapping[tuple[Voice, Voice], float] = field(default_factory=dict)
    confusion: Mapping[Source, Array] = field(default_factory=dict)
    emissions: Emissions = field(default_factory=Emissions)
    n_solutions: int = 0
    n_rounds: int = 0
    log_likelihood: float = 0.0
    _logs: dict[tuple[Source, Counts], Array] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def first_error_posterior(
        self, said: Sequence[Said], problem_id: str, scores: Scores | None = None
    ) -> tuple[Array, float]:
        """P(first error = t) for each step of one solution, then P(none): [steps + 1]; and how
        probable it is that rollouts say nothing, the problem being hopeless. `scores` are those
        without a verdict.
        """
        classes = self._classes(scores or {}, len(said))
        said = [against_each_kind(step, self.rates.keys()) for step in said]
        smoothed = self._smoothed(self.chain, said, classes)
        if not has_rollouts(said):
            return smoothed.first_error_posterior()[0], 0.0
        deaf = [{s: c for s, c in step.items() if not is_rollouts(s)} for step in said]
        hopeless = self._smoothed(self.hopeless_chain, deaf, classes)
        spent = spent_on(said)
        luck = float(log_luck(np.array([[spent.n, spent.n_correct]], dtype=float))[0])
        ratio = luck + hopeless.log_likelihood - smoothed.log_likelihood
        p = self.hopeless.probability(problem_id, ratio)
        mixed: Array = (1 - p) * smoothed.first_error_posterior()[0]
        return mixed + p * hopeless.first_error_posterior()[0], p

    def _smoothed(
        self, chain: Chain, said: Sequence[Said], classes: Sequence[Mapping[str, int]]
    ) -> SmoothedPosterior:
        log_seen = np.stack([self._log_seen(*step) for step in zip(said, classes, strict=True)])
        return forward_backward(chain, (log_seen + self._log_of_flags(said))[None])

    def _classes(self, scores: Scores, n_steps: int) -> list[dict[str, int]]:
        """Of each step the classes, from 1 on, of the scores that something was learned of."""
        steps: list[dict[str, int]] = [{} for _ in range(n_steps)]
        for name in self.emissions.by_source.keys() & scores.keys():
            edges = self.emissions.by_source[name].edges
            for step, number in zip(steps, classes_of(scores[name], edges), strict=True):
                if number >= 0:
                    step[name] = number + 1
        return steps

    def _log_of_flags(self, said: Sequence[Said]) -> Array:
        """By how much flags of tools count otherwise than by their rates [steps, states]."""
        logs = np.zeros((len(said), len(STATES)))
        for t, step in enumerate(said):
            for source, counts in step.items():
                if counts.n and not counts.n_correct and method_of(source.labeler).is_tool:
                    rates = self.rates.get(source, prior(source))
                    logs[t, RIGHT] -= flags.log_base_odds(self.chain, rates, t + 1)[t]
        return logs

    def log_seen_before(
        self, said: Sequence[Said], scores: Scores, newcomers: Sequence[Source] = ()
    ) -> tuple[Array, Array]:
        """What is said so far, as it will count once all `newcomers` have spoken, too: log P(said |
        state) [steps, states]; and how much each newcomer's word will count [newcomers, steps].
        """
        said = [against_each_kind(step, self.rates.keys()) for step in said]
        classes = self._classes(scores, len(said))
        told = self._log_of_flags(said)
        weights = np.ones((len(newcomers), len(said)))
        for t, (step, scored) in enumerate(zip(said, classes, strict=True)):
            told[t] += self._log_seen(step, scored, newcomers)
            speaking: list[Voice] = [*step, *scored, *newcomers]
            for s, source in enumerate(newcomers):
                weights[s, t] = self._weight(source, speaking)
        return told, weights

    def _log_seen(
        self, step: Said, classes: Mapping[str, int], newcomers: Sequence[Source] = ()
    ) -> Array:
        """log P(what is said of a step | state) [states], beside `newcomers` who will speak."""
        total = np.zeros(len(STATES))
        speaking: list[Voice] = [*step, *classes, *newcomers]
        for source in sorted(step):
            total += self._weight(source, speaking) * self.log_rates(source, step[source])
        for name in sorted(classes):
            log = self.emissions.by_source[name].log_by_state[classes[name]]
            total += self._weight(name, speaking) * log
        return total

    def _weight(self, voice: Voice, speaking: Iterable[Voice]) -> float:
        return 1 / (1 + sum(sorted(self.correlation(voice, other) for other in speaking)))

    def correlation(self, voice: Voice, other: Voice) -> float:
        """How far their mistakes go together, from 0 to 1."""
        if not related(voice, other):
            return 0.0
        return self.correlations.get((voice, other), ASSUMED_CORRELATION)

    def log_rates(self, source: Source, counts: Counts) -> Array:
        """log P(these counts | state) [states], up to what no state changes."""
        # Few counts are distinct; the special functions are what costs time here.
        if (source, counts) not in self._logs:
            rates = self.rates.get(source, prior(source))
            votes = np.array([(counts.n, counts.n_correct)], dtype=float)
            self._logs[source, counts] = flags.log_likelihood(source, votes, rates)[0]
        return self._logs[source, counts]

    def report(self) -> dict[str, Any]:
        """Everything learned, as JSON values."""
        pairs = [(a, b) for a, b in self.correlations if str(a) < str(b)]
        return {
            "n_solutions": self.n_solutions,
            "n_rounds": self.n_rounds,
            "log_likelihood": self.log_likelihood,
            "states": list(STATES),
            "start": self.chain.start.tolist(),
            "step": self.chain.step.tolist(),
            "hopeless": {
                **self.hopeless.report(),
                "start": self.hopeless_chain.start.tolist(),
                "step": self.hopeless_chain.step.tolist(),
            },
            **({"scores": self.emissions.report()} if self.emissions.by_source else {}),
            "sources": [self._report_of(source) for source in sorted(self.rates)],
            "correlations": [
                {"between": [str(a), str(b)], "asks": str(asks), "rho": self.correlations[a, b]}
                for a, b in sorted(pairs, key=str)
                for asks, _ in filter(None, [_family(a)])
            ],
        }

    def _report_of(self, source: Source) -> dict[str, Any]:
        truths = ("before_error", "error", "after_error")
        steps = self.confusion[source].tolist()
        return {
            "labeler": source.labeler,
            "model": source.model,
            "asks": str(source.asks),
            **(
                {"kind": source.kind, "misread": flags.misread(self.rates[source])}
                if source.kind
                else {}
            ),
            "confusion": {
                truth: {"says_right": right, "says_wrong": wrong}
                for truth, (right, wrong) in zip(truths, steps, strict=True)
            },
            "beta": dict(zip(STATES, self.rates[source].tolist(), strict=True)),
        }
