"""From the costs of some problems to those of all: stratified sample, bootstrap intervals.

Problems are ordered by the length of their texts and cut into as many strata as the sample has
places; one problem is drawn from each. Long problems take more steps, so this keeps the estimate
from depending on how many long ones were drawn. The sampled problems are part of the run and their
replies are repeatable, so only the others are uncertain.
Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 6, applied to totals
of a finite population.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from labeler.planning.plan import Estimate
from labeler.records import Problem

ROUNDS = 4000


@dataclass(frozen=True, slots=True)
class Drawn:
    """A sampled problem, and of how many problems it stands for itself and the others."""

    problem: Problem
    stands_for: int


def draw(problems: Sequence[Problem], n: int, seed: int) -> list[Drawn]:
    """`n` problems (all, if there are fewer), one from each stratum of text lengths."""
    lengths = [(len(one.text), one.problem_id, index) for index, one in enumerate(problems)]
    ordered = [index for *_, index in sorted(lengths)]
    n = min(n, len(ordered))
    edges = [len(ordered) * i // n for i in range(n + 1)]
    rng = random.Random(seed)
    drawn = [(ordered[rng.randrange(low, high)], high - low) for low, high in pairwise(edges)]
    return [Drawn(problems[index], stands_for) for index, stands_for in drawn]


def total(values: Sequence[float], stands_for: Sequence[int], seed: int) -> Estimate:
    """The sum over all problems, estimated from a sample's values.

    The interval treats the sample as drawn at random from all problems, which is wider than the
    strata would need.
    """
    known = np.asarray(values, dtype=float)
    weights = np.asarray(stands_for, dtype=float)
    value = float(known @ weights)
    others = weights.sum() - len(known)
    if others <= 0:
        return Estimate(value, value, value)
    rng = np.random.default_rng(seed)
    again = rng.choice(known, size=(ROUNDS, len(known)))
    # The sum over the others: their mean is uncertain, and so is each of them.
    noise = rng.standard_normal(ROUNDS) * again.std(axis=1) * others**0.5
    sums = again.mean(axis=1) * others + noise
    low, high = np.quantile(sums - sums.mean(), [0.025, 0.975])
    return Estimate(value, max(value + float(low), float(known.sum())), value + float(high))
