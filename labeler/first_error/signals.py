"""What scores without a verdict tell of the place of a first error, as far as a run has shown it.

A source gives step t the score x_t, a real number. Scores are cut at the run's own quantiles into
classes, and a table says how often each class is met at a first error, e(x), and at any other step,
o(x). Then, for one source and, as a product, for several,

    P(scores | first error = t) / P(scores | no error) = e(x_t) / o(x_t)

which is a prior over places for whoever goes on with rollouts. A step without a score has ratio 1.
Higher scores are better, so the ratio never grows with the class (isotonic regression).

The tables are learned by expectation-maximisation together with the places, from solutions with a
wrong answer on which rollouts were spent (`learn`): the places are known from rollouts as far as
they are, and no score is believed for what it is called. Before anything is seen, and in classes
where nothing is, both tables are the run's own shares of the classes (a Dirichlet prior worth
`PSEUDO_ERRORS` first errors), so that all places are as likely as without scores. Beside that, a
source is believed with probability w only,

    w : 1 - w  =  P(places | tables as learned from the solutions before) : P(places | no scores)

over the solutions in turn (prequential: Dawid 1984), so that a source which says nothing is silent.

Sources: specs of label models with real-valued sources; Dempster, Laird, Rubin (1977). The use of a
policy's log-probabilities as the prior of a search is ours. Limits: scores of one solution are
independent given the place; steps behind an error look like those before it; solutions with a right
answer teach nothing, since their steps differ from wrong solutions' in more than the error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from labeler.first_error.model import Array

CLASSES = 8
EVEN = tuple(n / CLASSES for n in range(1, CLASSES))
PSEUDO_ERRORS = 2.0
"""How many first errors the flat prior of a table is worth."""
MAX_ROUNDS, TOLERANCE = 200, 1e-6


@dataclass(frozen=True)
class Signal:
    """What was learned of one source.

    `edges` [classes - 1] part the classes, lowest scores first; `errors` and `others` [classes] are
    the shares of the classes at first errors and at other steps; `trust` is w. Of `n` solutions.
    """

    edges: Array
    errors: Array
    others: Array
    trust: float
    n: int

    def log_ratios(self, values: Sequence[float | None]) -> Array:
        """log e(x) / o(x) of each step, 0 where there is no score; without w."""
        return _log_ratios(classes_of(values, self.edges), self.errors, self.others)

    def report(self) -> dict[str, object]:
        """As JSON values. `separation` is the chance that a first error has the lower score than
        another step (ties count half), by the tables: 0.5 tells nothing.
        """
        return {
            "n_solutions": self.n,
            "trust": self.trust,
            "separation": separation(self.errors, self.others),
            "edges": self.edges.tolist(),
            "at_first_errors": self.errors.tolist(),
            "at_other_steps": self.others.tolist(),
        }


@dataclass(frozen=True)
class Signals:
    """What was learned of all sources, by name; nothing at first."""

    by_source: Mapping[str, Signal] = field(default_factory=dict)

    def log_prior(self, values: Mapping[str, Sequence[float | None]]) -> Array | None:
        """log P(scores | first error = t) / P(scores | no error) [T]; None where nothing is known.

        `values` are the scores of a solution's steps, by source.
        """
        known = [(self.by_source[name], values[name]) for name in self.by_source if name in values]
        if not known:
            return None
        found: Array = np.sum([_trusted(s.log_ratios(v), s.trust) for s, v in known], axis=0)
        return found


@dataclass(frozen=True)
class Case:
    """A solution with a wrong answer: its scores by source, and what rollouts say of the place.

    `log_places` [T] is log P(rollouts | first error = t), up to a constant.
    """

    solution_id: str
    values: Mapping[str, Sequence[float | None]]
    log_places: Array


def learn(cases: Sequence[Case]) -> Signals:
    """The tables of every source that scored, all learned together. Deterministic: cases are taken
    in the order of their ids.
    """
    ordered = sorted(cases, key=lambda case: case.solution_id)
    names = sorted({name for case in ordered for name in case.values})
    edges = {name: _edges(ordered, name) for name in names}
    told = [
        {n: classes_of(case.values[n], edges[n]) for n in names if n in case.values}
        for case in ordered
    ]
    pooled = {name: _pooled(told, name, len(edges[name]) + 1) for name in names}
    tables = {name: (pooled[name], pooled[name]) for name in names}
    before = -np.inf
    for _ in range(MAX_ROUNDS if names else 0):
        sums = {name: np.zeros((2, len(pooled[name]))) for name in names}
        total = 0.0
        for case, classes in zip(ordered, told, strict=True):
            logs = case.log_places.copy()
            for name, of_steps in classes.items():
                logs += _log_ratios(of_steps, *tables[name])
            places, log_sum = _normalised(logs)
            total += log_sum
            for name, of_steps in classes.items():
                _count(sums[name], of_steps, places)
        tables = {name: _tables(sums[name], pooled[name]) for name in names}
        if total - before < TOLERANCE * max(1, len(ordered)):
            break
        before = total
    return Signals({
        name: Signal(
            edges[name], *tables[name], _trust(ordered, told, name, pooled[name]),
            sum(name in classes for classes in told),
        )
        for name in names
    })  # fmt: skip


def classes_of(values: Sequence[float | None], edges: Array) -> list[int]:
    """The class of each score, -1 where there is none."""
    return [-1 if x is None else int(np.searchsorted(edges, x, side="right")) for x in values]


def quantile_edges(values: Array, shares: Sequence[float] = EVEN) -> Array:
    """Where scores are cut into classes, so that such `shares` of them lie below each edge; equal
    scores are never parted.
    """
    if not len(values):
        return np.zeros(0)
    found: Array = np.unique(np.quantile(values, shares))
    # An edge below all scores parts nothing.
    parting: Array = found[found > values.min()]
    return parting


def separation(errors: Array, others: Array) -> float:
    """The chance that the class at an error is lower than another step's; ties count half."""
    above = 1 - np.cumsum(others)
    return float((errors * (above + others / 2)).sum())


def _edges(cases: Sequence[Case], name: str) -> Array:
    given = [x for case in cases for x in case.values.get(name, ()) if x is not None]
    return quantile_edges(np.array(given, dtype=float))


def _pooled(told: Sequence[Mapping[str, Sequence[int]]], name: str, n: int) -> Array:
    """The shares of the classes among all steps."""
    counts = np.full(n, 1 / n)
    for classes in told:
        np.add.at(counts, [c for c in classes.get(name, ()) if c >= 0], 1)
    shares: Array = counts / counts.sum()
    return shares


def _log_ratios(classes: Sequence[int], errors: Array, others: Array) -> Array:
    # The last entry is for steps without a score, which -1 points to.
    ratios = np.append(np.log(errors) - np.log(others), 0.0)
    found: Array = ratios[np.array(classes, dtype=int)]
    return found


def _trusted(log_ratios: Array, trust: float) -> Array:
    """log(w r + 1 - w): a source that is believed with probability w only."""
    with np.errstate(divide="ignore"):
        found: Array = np.logaddexp(np.log(trust) + log_ratios, np.log1p(-min(trust, 1 - 1e-12)))
    return found


def _normalised(logs: Array) -> tuple[Array, float]:
    peak = logs.max()
    weights: Array = np.exp(logs - peak)
    total = float(weights.sum())
    shares: Array = weights / total
    return shares, float(peak + np.log(total))


def _count(sums: Array, classes: Sequence[int], places: Array) -> None:
    for c, p in zip(classes, places, strict=True):
        if c >= 0:
            sums[0, c] += p
            sums[1, c] += 1 - p


def _tables(sums: Array, pooled: Array) -> tuple[Array, Array]:
    from sklearn.isotonic import isotonic_regression

    counts: Array = sums + PSEUDO_ERRORS * pooled
    errors: Array = counts[0] / counts[0].sum()
    others: Array = counts[1] / counts[1].sum()
    # Higher is better: the ratio never grows along the classes.
    ratios: Array = isotonic_regression(errors / others, sample_weight=others, increasing=False)
    return ratios * others, others


def _trust(
    cases: Sequence[Case], told: Sequence[Mapping[str, Sequence[int]]], name: str, pooled: Array
) -> float:
    """P(the source tells something), by how well each solution's place is foretold by those before
    it, against as well as without scores; one half beforehand.
    """
    sums, log_odds = np.zeros((2, len(pooled))), 0.0
    for case, classes in zip(cases, told, strict=True):
        if name not in classes:
            continue
        prior, _ = _normalised(_log_ratios(classes[name], *_tables(sums, pooled)))
        without, _ = _normalised(case.log_places)
        log_odds += float(np.log((prior * without).sum() * len(prior)))
        places, _ = _normalised(np.log(prior) + case.log_places)
        _count(sums, classes[name], places)
    return float(1 / (1 + np.exp(-np.clip(log_odds, -30, 30))))
