"""Scores without a verdict in the label model: how often each class of a score is met in a state.

A source of scores is cut into classes at the run's quantiles (`labeler.first_error.signals`); for
steps before, at and after the first error there is one distribution over the classes each, learned
by the same expectation-maximisation as all else in `learn`. Beforehand all three are the shares of
the classes in the whole run, worth `PSEUDO_STEPS` steps (a Dirichlet prior), so a score that says
nothing, or of which little was seen, is silent: its factor is the same in every state.

Scores of one model (surprise, information gain, a log ratio) come from the same numbers: m of them
on a step count as m / (1 + (m - 1) rho), as related votes do, with the same assumed rho.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labeler.consensus.beta_binomial import Array
from labeler.consensus.chain import AFTER, ERROR, RIGHT, STATES
from labeler.consensus.scores import Scores
from labeler.first_error.signals import classes_of, quantile_edges, separation

PSEUDO_STEPS = 4.0
"""The weight that the prior of a source's rates has, too (`learn.PRIOR_STRENGTH`)."""
ASSUMED_CORRELATION = 1 / 4
GROUPS = (RIGHT, ERROR, AFTER)


@dataclass(frozen=True)
class Emission:
    """Of one source: `edges` [classes - 1] of the classes; `shares` [3, classes] of steps before,
    at and after the first error; `steps` [3]: on how many such (expected) it gave a score.
    """

    edges: Array
    shares: Array
    steps: Array

    @property
    def log_by_state(self) -> Array:
        """log P(class | state) [1 + classes, states]; the first row is of no score."""
        logs = np.zeros((1 + self.shares.shape[1], len(STATES)))
        for group, shares in zip(GROUPS, self.shares, strict=True):
            logs[1:, group] = np.log(shares)[:, None]
        return logs

    def report(self) -> dict[str, Any]:
        """As JSON values; `separation` is the chance that a first error has a lower score than a
        step before it, by classes (ties count half): 0.5 tells nothing.
        """
        truths = ("before_error", "error", "after_error")
        return {
            "edges": self.edges.tolist(),
            "separation": separation(self.shares[1], self.shares[0]),
            "shares": dict(zip(truths, self.shares.tolist(), strict=True)),
            "steps": dict(zip(truths, self.steps.tolist(), strict=True)),
        }


@dataclass(frozen=True)
class Emissions:
    """Of all sources of scores, by name."""

    by_source: Mapping[str, Emission] = field(default_factory=dict)

    def log_seen(self, scores: Scores, n_steps: int) -> Array:
        """log P(scores of a step | state) [steps, states] of one solution."""
        names = [name for name in self.by_source if name in scores]
        classes = np.zeros((1, n_steps, len(names)), dtype=np.int32)
        for s, name in enumerate(names):
            classes[0, :, s] = np.array(classes_of(scores[name], self.by_source[name].edges)) + 1
        found = log_seen(classes, names, [self.by_source[name] for name in names])
        of_steps: Array = found[0]
        return of_steps

    def report(self) -> dict[str, Any]:
        return {name: one.report() for name, one in self.by_source.items()}


def log_seen(
    classes: NDArray[np.int32], names: Sequence[str], emissions: Sequence[Emission]
) -> Array:
    """log P(scores | state) [solutions, steps, states], from `classes` [solutions, steps, sources],
    0 for no score.
    """
    total = np.zeros((*classes.shape[:2], len(STATES)))
    spoke = (classes > 0).astype(float)
    for s, (name, emission) in enumerate(zip(names, emissions, strict=True)):
        family = [t for t, other in enumerate(names) if t != s and _model(other) == _model(name)]
        weights = 1 / (1 + ASSUMED_CORRELATION * spoke[:, :, family].sum(axis=2))
        total += weights[:, :, None] * emission.log_by_state[classes[:, :, s]]
    return total


def flat(edges: Array, pooled: Array) -> Emission:
    """What is believed of a source before anything is seen: nothing."""
    return Emission(edges, np.tile(pooled, (3, 1)), np.zeros(3))


def refit(emission: Emission, pooled: Array, expected: Array) -> Emission:
    """From how often (expected) each class was met in each state [classes, states]."""
    counts = np.stack([expected[:, group].sum(axis=1) for group in GROUPS])
    shares = counts + PSEUDO_STEPS * pooled
    shares = shares / shares.sum(axis=1, keepdims=True)
    return Emission(emission.edges, shares, counts.sum(axis=1))


def edges_of(values: Sequence[float]) -> Array:
    """Where the scores of a run are cut into classes."""
    return quantile_edges(np.array(values, dtype=float))


def _model(name: str) -> str:
    return name.partition("@")[2]
