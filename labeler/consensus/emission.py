"""Scores without a verdict in the label model: how often each class of a score is met in a state.

A source of scores is cut into classes at the run's quantiles, finer the lower the scores are; for
steps before, at and after the first error there is one distribution over the classes each, learned
by the same expectation-maximisation as all else in `learn`. Beforehand all three are the shares of
the classes in the whole run, worth `PSEUDO_STEPS` steps (a Dirichlet prior), so a score that says
nothing, or of which little was seen, is silent: its factor is the same in every state.

What a score on a step counts beside others of its model, and beside what that model says of the
step, is the label model's matter (`label_model.correlation_weights`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from labeler.consensus.beta_binomial import Array
from labeler.consensus.chain import AFTER, ERROR, RIGHT, STATES
from labeler.first_error.signals import quantile_edges, separation

PSEUDO_STEPS = 4.0
"""The weight that the prior of a source's rates has, too (`learn.PRIOR_STRENGTH`)."""
LEAST_SCORES = 12
"""So many scores are in a class at least, in round figures: three times its prior."""
GROUPS = (RIGHT, ERROR, AFTER)


@dataclass(frozen=True)
class Emission:
    """Of one source: `edges` [classes - 1] of the classes; `shares` [3, classes] of steps before,
    at and after the first error; `steps` [3]: on how many such (expected) it gave a score.
    """

    edges: Array
    shares: Array
    steps: Array

    @cached_property
    def log_by_state(self) -> Array:
        """log P(class | state) [1 + classes, states]; the first row is of no score."""
        return self._by_state([np.log(shares) for shares in self.shares])

    @cached_property
    def residuals(self) -> Array:
        """By how many classes a score differs from what its state expects [1 + classes, states]."""
        numbers = np.arange(self.shares.shape[1])
        return self._by_state([numbers - shares @ numbers for shares in self.shares])

    def _by_state(self, of_groups: Sequence[Array]) -> Array:
        found = np.zeros((1 + self.shares.shape[1], len(STATES)))
        for group, values in zip(GROUPS, of_groups, strict=True):
            found[1:, group] = values[:, None]
        return found

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

    def report(self) -> dict[str, Any]:
        return {name: one.report() for name, one in self.by_source.items()}


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
    """Where the scores of a run are cut into classes: in quarters, and below the lowest one in
    halves again and again. First errors are few, so it is among the lowest scores that an error and
    a right step that only looks like one are to be told apart.
    """
    halves = max(2, int(np.log2(max(1, len(values)) / LEAST_SCORES)))
    shares = [0.75, *(0.5**n for n in range(1, halves + 1))]
    return quantile_edges(np.array(values, dtype=float), sorted(shares))
