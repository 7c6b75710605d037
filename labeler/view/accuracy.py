"""How many labels are right, estimated from what people said of some of them, with an interval.

Labelled steps fall into strata by what is claimed of them. In each, the share of right labels has
a Beta prior (the claim, worth two reviews; flat where nothing is claimed) and is updated by how
often reviewers agreed; draws from the strata, weighed by their sizes, give mean and interval. Steps
that a person judged count as right. So reviewing does two things to the estimate: it narrows the
interval, and each commit lifts it by the labels that were corrected.

Limits: within a stratum reviewed steps count as drawn at random, but the queue takes solutions that
were not kept first, so early estimates lean low. A prefix shared by several solutions is one review
but several steps. Steps without a label are no part of it. Source: post-stratified estimation,
Cochran, "Sampling Techniques" (1977), ch. 5A, in Bayesian form.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import polars as pl

N_DRAWS = 4000
PRIOR_WORTH = 2.0

NAMES = (
    "by a person",
    *("right, P < 0.9", "right, P < 0.99", "right, P >= 0.99"),
    *("wrong, P < 0.9", "wrong, P >= 0.9"),
    *("right, no P", "wrong, no P"),
)
"""P is the claimed probability that the label is right: 1 - probability for a step called wrong."""

N_BOUNDED = 5
"""Strata 1 to 5 make a claim; a flat prior serves those that make none."""


class Stratum(NamedTuple):
    """Labelled steps of a kind: how many, and the sum of their claims."""

    n: int
    claimed: float


class Reviewed(NamedTuple):
    """A label as it was before a person judged its step; `pending` until it is committed."""

    label: int | None
    probability: float | None
    agreed: bool
    pending: bool


class Estimate(NamedTuple):
    """Share of right labels: mean and 95% interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Accuracy:
    """`now` is this version, `after` the next one, with the pending reviews in it.

    `claimed` is the mean probability that the labels give themselves, None where they give none.
    """

    n_labels: int
    n_reviewed: int
    n_agreed: int
    claimed: float | None
    now: Estimate | None
    after: Estimate | None


def stratum_of(label: int | None, probability: float | None) -> int | None:
    """Index in `NAMES` of a label that a rule gave; None for a step without one."""
    if label is None:
        return None
    if label == -1:
        return 7 if probability is None else 4 if 1 - probability < 0.9 else 5
    if probability is None or label == 0:
        return 6
    return 1 if probability < 0.9 else 2 if probability < 0.99 else 3


def strata_of(steps: pl.DataFrame) -> list[Stratum]:
    """Sums over steps with `label`, `probability` and `human`, in the order of `NAMES`."""
    import polars as pl

    label, p = pl.col("label"), pl.col("probability")
    wrong = label == -1
    kind = (
        pl.when(pl.col("human")).then(0)
        .when(label.is_null()).then(None)
        .when(wrong).then(pl.when(p.is_null()).then(7).when(1 - p < 0.9).then(4).otherwise(5))
        .when(p.is_null() | (label == 0)).then(6)
        .when(p < 0.9).then(1).when(p < 0.99).then(2).otherwise(3)
    )  # fmt: skip
    claim = pl.when(wrong).then(1 - p).otherwise(p).cast(pl.Float64).sum()
    found = steps.group_by(kind.alias("kind")).agg(n=pl.len(), claimed=claim)
    sums = {kind: Stratum(n, claimed) for kind, n, claimed in found.rows() if kind is not None}
    return [sums.get(number, Stratum(0, 0.0)) for number in range(len(NAMES))]


def add_up(parts: Iterable[Sequence[Sequence[float]]]) -> tuple[Stratum, ...]:
    """Sums of several tables of strata."""
    total = np.zeros((len(NAMES), 2))
    for part in parts:
        total += np.asarray(part, dtype=float).reshape(len(NAMES), 2)
    return tuple(Stratum(int(n), float(claimed)) for n, claimed in total)


def accuracy(strata: Sequence[Stratum], reviews: Sequence[Reviewed]) -> Accuracy:
    """The estimate for a version with these strata, after these reviews. Same input, same draws."""
    by_kind: list[list[Reviewed]] = [[] for _ in NAMES]
    for review in reviews:
        kind = stratum_of(review.label, review.probability)
        if kind is not None:
            by_kind[kind].append(review)
    judged = list(chain.from_iterable(by_kind))
    n_labels = sum(s.n for s in strata)
    claims = strata[1 : N_BOUNDED + 1]
    n_claims = sum(s.n for s in claims)
    claimed = sum(s.claimed for s in claims) / n_claims if n_claims else None
    counts = (n_labels, len(judged), sum(r.agreed for r in judged), claimed)
    if not n_labels:
        return Accuracy(*counts, None, None)
    rng = np.random.default_rng(0)
    now, after = np.zeros((2, N_DRAWS))
    now += strata[0].n
    after += strata[0].n
    for kind in range(1, len(NAMES)):
        stratum, said = strata[kind], by_kind[kind]
        n_pending = min(stratum.n, sum(r.pending for r in said))
        n_right = min(n_pending, sum(r.pending and r.agreed for r in said))
        rest = (stratum.n - n_pending) * _share_right(kind, stratum, said, rng)
        now += n_right + rest
        after += n_pending + rest
    return Accuracy(*counts, _summary(now / n_labels), _summary(after / n_labels))


def _share_right(
    kind: int, stratum: Stratum, said: Sequence[Reviewed], rng: np.random.Generator
) -> np.ndarray:
    claim = stratum.claimed / stratum.n if stratum.n and kind <= N_BOUNDED else 0.5
    # Nobody is so certain that a review could not change it; Beta needs positive parameters.
    claim = min(max(claim, 0.01), 0.99)
    n_agreed = sum(r.agreed for r in said)
    return rng.beta(
        PRIOR_WORTH * claim + n_agreed, PRIOR_WORTH * (1 - claim) + len(said) - n_agreed, N_DRAWS
    )


def _summary(draws: np.ndarray) -> Estimate:
    low, high = np.quantile(draws, [0.025, 0.975])
    return Estimate(float(draws.mean()), float(low), float(high))
