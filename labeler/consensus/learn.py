"""Fits the label model to unlabelled evidence by expectation-maximisation.

Pseudo-counts from the priors tell the states apart and carry sources that are seen little. What
solutions of problems that are probably hopeless (`hopeless`) tell goes, by that probability, to a
chain of their own, and their rollouts to nobody. Problems in which nothing succeeded teach nothing
about the others: "the policy cannot solve them" and "their first steps are all wrong" explain
rollouts equally well, and a run of failures would teach the second. So a first step that is wrong
is rarer in this model than in truth where problems have one solution each and only rollouts speak.
Scores that depend on where a step stands (`Method.by_place`) do not teach: steps that stand alike
score alike, which explains them better than right and wrong do, and would be taken for it. What
they are worth is learned at the end from what the others say, so without others they are silent.
Deterministic: starts from the prior, never at random. Source: Dempster, Laird, Rubin (1977).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from labeler.consensus import beta_binomial, flags
from labeler.consensus.beta_binomial import Array
from labeler.consensus.chain import (
    AFTER,
    ERROR,
    ERRORS_WHERE_HOPELESS,
    RIGHT,
    STATES,
    SmoothedPosterior,
    forward_backward,
    log_likelihoods,
    map_estimate,
)
from labeler.consensus.emission import Emissions, flat, refit
from labeler.consensus.hopeless import HopelessProblems, log_luck, probabilities, share_of
from labeler.consensus.label_model import LabelModel, Voice, correlation_weights, prior, related
from labeler.consensus.observations import Observations, ScoreClasses, is_rollouts
from labeler.consensus.scores import is_by_place
from labeler.consensus.sources import OUTCOME, Source
from labeler.labelers.methods import method_of

PRIOR_VOTES, PRIOR_STRENGTH = 8, 4.0
"""The prior of a rate weighs as much as 4 steps with 8 votes each."""

PRIOR_STEPS = 20.0
"""What is seen of a correlation in one state is drawn to what is seen in both by the weight of so
many steps, on which it would vary by 0.2, about as much as is assumed of it."""

NEGLIGIBLE = 1e-9
"""P(hopeless) of a problem that is passed over as one."""

CHUNK = 2000
TOLERANCE, SMALLEST_GAIN = 1e-5, 0.02
"""EM ends when the log-likelihood (nats) grows by less, per solution or as a whole."""


def learn(seen: Observations, max_effective_votes: float, max_rounds: int = 300) -> LabelModel:
    """The model that explains `seen` best, given the prior.

    A family of voices never counts as more than `max_effective_votes`: agreement alone cannot tell
    shared mistakes from truth, so what it shows of their correlation is a lower bound. It is looked
    for before and at the first error, and the larger one counts. After it some claims hold and some
    do not, so that whoever is right about them agrees.
    """
    n_solutions = sum(len(group) for group in seen.groups)
    model = LabelModel(
        rates={source: prior(source) for source in seen.sources},
        n_solutions=n_solutions,
        log_likelihood=-np.inf,
        emissions=_unseen(seen.scores),
    )
    voices = _voices(seen)
    rho = _related(voices) / max_effective_votes
    for n_rounds in range(1, max_rounds + 1):
        sums = _expect(seen, model, rho)
        gain = sums.log_likelihood - model.log_likelihood
        rho = sums.correlations(1 / max_effective_votes) * _related(voices)
        model = replace(
            model,
            chain=map_estimate(*sums.transitions),
            hopeless_chain=map_estimate(*sums.hopeless_transitions, errors=ERRORS_WHERE_HOPELESS),
            hopeless=replace(
                model.hopeless, share=share_of(float(sums.hopeless.sum()), len(seen.asked))
            ),
            rates={
                source: _refit(source, table, counts, model.rates[source])
                for source, table, counts in zip(
                    seen.sources, seen.tables, sums.expected_counts, strict=True
                )
            },
            emissions=_learned(model.emissions, seen.scores, sums.expected_classes, by_place=False),
            n_rounds=n_rounds,
            log_likelihood=sums.log_likelihood,
        )
        if n_rounds > 1 and gain < max(TOLERANCE * n_solutions, SMALLEST_GAIN):
            break
    sums = _expect(seen, model, rho)
    pairs = [(i, j) for i, a in enumerate(voices) for j, b in enumerate(voices) if related(a, b)]
    return replace(
        model,
        emissions=_learned(model.emissions, seen.scores, sums.expected_classes, by_place=True),
        hopeless=HopelessProblems(
            model.hopeless.share, dict(zip(seen.asked, sums.hopeless.tolist(), strict=True))
        ),
        correlations={(voices[i], voices[j]): float(rho[i, j]) for i, j in pairs},
        confusion={
            source: _confusion(table, counts)
            for source, table, counts in zip(
                seen.sources, seen.tables, sums.expected_counts, strict=True
            )
        },
    )


def _unseen(scores: ScoreClasses) -> Emissions:
    known = zip(scores.names, scores.edges, scores.pooled, strict=True)
    return Emissions({name: flat(edges, pooled) for name, edges, pooled in known})


def _learned(
    emissions: Emissions, scores: ScoreClasses, expected_classes: Sequence[Array], *, by_place: bool
) -> Emissions:
    """What scores are worth, those by place or all others, from how often each class was met in
    each state.
    """
    found = dict(emissions.by_source)
    for name, pooled, expected in zip(scores.names, scores.pooled, expected_classes, strict=True):
        if is_by_place(name) == by_place:
            found[name] = refit(found[name], pooled, expected)
    return Emissions(found)


def _voices(seen: Observations) -> tuple[Voice, ...]:
    """In the order of the columns of what was said, and then of the classes of scores."""
    return (*seen.sources, *seen.scores.names)


def _related(voices: Sequence[Voice]) -> Array:
    return np.array([[float(related(a, b)) for b in voices] for a in voices]).reshape(
        len(voices), len(voices)
    )


def _refit(source: Source, table: Array, expected_counts: Array, start: Array) -> Array:
    if method_of(source.labeler).is_tool:
        return flags.refit(prior(source), start, table, expected_counts)
    pseudo, weights = beta_binomial.pseudo_counts(prior(source), PRIOR_VOTES, PRIOR_STRENGTH)
    rates = beta_binomial.fit(
        np.concatenate([table, pseudo]), np.concatenate([expected_counts, weights]), start
    )
    if source == OUTCOME:
        # That a solution without an error ends right is no matter of degree.
        rates[RIGHT] = prior(source)[RIGHT]
    return rates


def _confusion(table: Array, expected_counts: Array) -> Array:
    """[3, 2]: expected steps before, at and after the error; share for, share against."""
    spoken = table[:, 0] > 0
    share = table[spoken, 1] / table[spoken, 0]
    shares = np.stack([share, 1 - share])
    by_truth = [expected_counts[spoken, states].sum(axis=1) for states in (RIGHT, ERROR, AFTER)]
    confusion: Array = np.stack(by_truth) @ shares.T
    return confusion


@dataclass
class _Sums:
    """What one pass over all solutions expects. `transitions` (first states, transitions) of
    problems that can be solved and of hopeless ones; `hopeless` [asked problems]: P(H);
    `expected_counts[s]` [counts, states]: how often source s gave these counts in each state;
    `expected_classes[s]` [classes, states]: the same of sources of scores;
    `joint`, `alone`, `n_steps` [2, voices, voices]: products and squares of residuals given the
    state, and expected steps, before and at the first error, on which two of a family were heard.
    """

    hopeless: Array
    transitions: tuple[Array, Array]
    hopeless_transitions: tuple[Array, Array]
    expected_counts: list[Array]
    expected_classes: list[Array]
    joint: Array
    alone: Array
    n_steps: Array
    log_likelihood: float

    def correlations(self, at_least: float) -> Array:
        everywhere = _correlations(self.joint.sum(axis=0), self.alone.sum(axis=0))
        each = self.n_steps * _correlations(self.joint, self.alone) + PRIOR_STEPS * everywhere
        largest = (each / (self.n_steps + PRIOR_STEPS)).max(axis=0)
        found: Array = np.clip(largest, at_least, 1.0)
        return found


@dataclass(frozen=True)
class _Batch:
    """Solutions of one length: `said` [solutions, steps, sources] and `classes` of scores, what all
    and what all but the rollouts make of it [solutions, steps, states], and the asked problem of
    each, or -1.
    """

    said: NDArray[np.int32]
    log_seen: Array
    log_deaf: Array
    problems: NDArray[np.int32]
    classes: NDArray[np.int32]


def _batches(
    seen: Observations, rates: Sequence[Array], rho: Array, model: LabelModel
) -> Iterator[_Batch]:
    logs = [
        flags.log_likelihood(source, table, ab)
        for source, table, ab in zip(seen.sources, seen.tables, rates, strict=True)
    ]
    of_scores = [model.emissions.by_source[name].log_by_state for name in seen.scores.names]
    for group, problems, classes in zip(
        seen.groups, seen.problems, _score_groups(seen), strict=True
    ):
        for first in range(0, len(group), CHUNK):
            said = group[first : first + CHUNK]
            scored = classes[first : first + CHUNK]
            heard = np.concatenate([said, scored], axis=2)
            weights = correlation_weights((heard > 0).astype(float), rho)
            log_seen = np.zeros((*said.shape[:2], len(STATES)))
            for s, log in enumerate(of_scores):
                log_seen += weights[:, :, len(logs) + s, None] * log[scored[:, :, s]]
            log_deaf = log_seen.copy()
            for s, (source, log) in enumerate(zip(seen.sources, logs, strict=True)):
                told = weights[:, :, s, None] * log[said[:, :, s]]
                if method_of(source.labeler).is_tool:
                    flagged = flags.is_flag(seen.tables[s])[said[:, :, s]]
                    base = flags.log_base_odds(model.chain, rates[s], said.shape[1])
                    told[..., RIGHT] -= (flagged * base)[..., None]
                log_seen += told
                log_deaf += 0 if is_rollouts(source) else told
            yield _Batch(said, log_seen, log_deaf, problems[first : first + CHUNK], scored)


def _score_groups(seen: Observations) -> Sequence[NDArray[np.int32]]:
    """Classes of scores, per group; of nobody where there are none."""
    if seen.scores.groups:
        return seen.scores.groups
    return [np.zeros((*group.shape[:2], 0), dtype=np.int32) for group in seen.groups]


def _log_ratios(seen: Observations, model: LabelModel, batches: Iterable[_Batch]) -> Array:
    """log P(said | hopeless) / P(said | not) [asked problems], over all their solutions."""
    ratios = log_luck(seen.spent)
    for batch in batches if seen.asked else ():
        asked = batch.problems >= 0
        hopeless = log_likelihoods(model.hopeless_chain, batch.log_deaf[asked])
        otherwise = log_likelihoods(model.chain, batch.log_seen[asked])
        np.add.at(ratios, batch.problems[asked], hopeless - otherwise)
    return ratios


def _expect(seen: Observations, model: LabelModel, rho: Array) -> _Sums:
    n_states, share = len(STATES), model.hopeless.share
    rates = [model.rates[source] for source in seen.sources]
    ratios = _log_ratios(seen, model, _batches(seen, rates, rho, model))
    sums = _Sums(
        probabilities(ratios, share),
        (np.zeros(n_states), np.zeros((n_states, n_states))),
        (np.zeros(n_states), np.zeros((n_states, n_states))),
        [np.zeros((len(table), n_states)) for table in seen.tables],
        [np.zeros((len(pooled), n_states)) for pooled in seen.scores.pooled],
        joint=np.zeros((2, *rho.shape)),
        alone=np.zeros((2, *rho.shape)),
        n_steps=np.zeros((2, *rho.shape)),
        log_likelihood=float(np.logaddexp(np.log1p(-share), np.log(share) + ratios).sum()),
    )
    for batch in _batches(seen, rates, rho, model):
        hopeless = np.append(sums.hopeless, 0.0)[batch.problems]
        teaches = np.append(1 - sums.hopeless, 1.0)[batch.problems]
        teaches[np.append(seen.spent[:, 1] == 0, False)[batch.problems]] = 0.0
        smoothed = forward_backward(model.chain, batch.log_seen, teaches)
        sums.log_likelihood += smoothed.log_likelihood
        told = smoothed.states * teaches[:, None, None]
        _add_transitions(sums.transitions, told, smoothed)
        states = smoothed.states * (1 - hopeless)[:, None, None]
        some = np.flatnonzero(hopeless > NEGLIGIBLE)
        if len(some):
            deaf = forward_backward(model.hopeless_chain, batch.log_deaf[some], hopeless[some])
            also = deaf.states * hopeless[some, None, None]
            _add_transitions(sums.hopeless_transitions, also, deaf)
            states[some] += also
        for s, (source, counts) in enumerate(zip(seen.sources, sums.expected_counts, strict=True)):
            np.add.at(counts, batch.said[:, :, s], told if is_rollouts(source) else states)
        for s, classes in enumerate(sums.expected_classes):
            spoke = batch.classes[:, :, s] > 0
            np.add.at(classes, batch.classes[:, :, s][spoke] - 1, states[spoke])
        _add_residuals(sums, seen, model, batch, told, states)
    return sums


def _add_transitions(sums: tuple[Array, Array], states: Array, smoothed: SmoothedPosterior) -> None:
    start, transition_counts = sums
    start += states[:, 0].sum(axis=0)
    transition_counts += smoothed.transition_counts


def _add_residuals(
    sums: _Sums, seen: Observations, model: LabelModel, batch: _Batch, told: Array, states: Array
) -> None:
    voices = _voices(seen)
    heard = np.concatenate([batch.said, batch.classes], axis=2)
    residuals = [
        *(_residuals(t, model.rates[s]) for s, t in zip(seen.sources, seen.tables, strict=True)),
        *(model.emissions.by_source[name].residuals for name in seen.scores.names),
    ]
    for i, j in np.argwhere(_related(voices)):
        both = (heard[:, :, i] > 0) & (heard[:, :, j] > 0)
        # Related sources ask the same question, so both roll out or neither does.
        rolls_out = i < len(seen.sources) and is_rollouts(seen.sources[i])
        probable = (told if rolls_out else states)[both]
        mine, theirs = (residuals[s][heard[:, :, s][both]] for s in (i, j))
        for of, values in (
            (sums.joint, probable * mine * theirs),
            (sums.alone, probable * mine * mine),
            (sums.n_steps, probable),
        ):
            of[:, i, j] += values[:, RIGHT].sum(), values[:, ERROR].sum()


def _correlations(joint: Array, alone: Array) -> Array:
    scale = np.sqrt(alone * alone.swapaxes(-1, -2))
    found: Array = np.divide(joint, scale, out=np.zeros_like(scale), where=scale > 0)
    return found


def _residuals(table: Array, ab: Array) -> Array:
    """[counts, states]: by how much a share of votes differs from what its state expects."""
    n, c = table[:, 0], table[:, 1]
    share = np.divide(c, n, out=np.zeros_like(c), where=n > 0)
    residuals: Array = share[:, None] - ab[:, 0] / ab.sum(axis=1)
    return residuals
