"""How far sources agree on the same steps: Cohen's kappa by pairs, Krippendorff's alpha over all.

A step enters with one verdict per labeler (1 right, -1 wrong, 0 none); the input is how often each
pattern of verdicts occurs, so that ten million steps are a small table. Intervals are 95%
percentiles of 1,000 multinomial resamples of the table; they take steps as independent, which
steps of one solution are not: read them as the least uncertainty there is.

Sources that answer different questions (value, correctness) may differ for good reasons.
Source: Cohen (1960); Krippendorff, "Computing Krippendorff's alpha-reliability" (2011), nominal
data with missing values; Efron, bootstrap percentile interval.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from labeler.stats.rates import Rate, wilson

if TYPE_CHECKING:
    import numpy as np

Pattern = tuple[int, ...]
"""One verdict per labeler, in the order of their names: 1 right, -1 wrong, 0 none."""

N_RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A chance-corrected agreement with its interval; null where it is not defined."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two labelers on the steps that both decided; `only_a` counts steps only `a` calls right."""

    a: str
    b: str
    both_right: int
    both_wrong: int
    only_a_right: int
    only_b_right: int
    agree: Rate
    kappa: Coefficient


@dataclass(frozen=True, slots=True)
class Agreement:
    """`n_steps` were decided by at least two labelers; alpha is over these."""

    n_steps: int
    alpha: Coefficient
    pairs: tuple[PairAgreement, ...]


def agreement(labelers: Sequence[str], patterns: Mapping[Pattern, int]) -> Agreement:
    """All agreements among `labelers`, from how many steps show each pattern of verdicts."""
    import numpy as np

    shared = {p: n for p, n in patterns.items() if sum(v != 0 for v in p) > 1}
    # In a fixed order: the resamples of equal tables are equal.
    verdicts = np.array(sorted(shared), dtype=np.int64).reshape(len(shared), len(labelers))
    counts = np.array([shared[p] for p in sorted(shared)], dtype=np.int64)
    alpha = _coefficient(counts, lambda n: _alpha(verdicts, n))
    pairs = [
        _pair(labelers, a, b, verdicts, counts) for a, b in combinations(range(len(labelers)), 2)
    ]
    return Agreement(int(counts.sum()), alpha, tuple(pair for pair in pairs if pair.agree.n))


def one_sided(pair: PairAgreement) -> list[str]:
    """Why a kappa says nothing, empty where it does: of a source that says one thing only it is 0.

    It would be so however right the source is, as chance would agree as often.
    """
    sides = [
        (pair.a, pair.both_right + pair.only_a_right, pair.both_wrong + pair.only_b_right),
        (pair.b, pair.both_right + pair.only_b_right, pair.both_wrong + pair.only_a_right),
    ]
    return [
        f"{name} only says {'right' if n_right else 'wrong'}"
        for name, n_right, n_wrong in sides
        if 0 in (n_right, n_wrong)
    ]


def _pair(
    labelers: Sequence[str], a: int, b: int, verdicts: np.ndarray, counts: np.ndarray
) -> PairAgreement:
    def cell(says_a: int, says_b: int, n: np.ndarray) -> np.ndarray:
        found: np.ndarray = n[..., (verdicts[:, a] == says_a) & (verdicts[:, b] == says_b)]
        total: np.ndarray = found.sum(axis=-1)
        return total

    def kappa(n: np.ndarray) -> np.ndarray:
        right, wrong, only_a, only_b = (
            cell(*says, n) for says in ((1, 1), (-1, -1), (1, -1), (-1, 1))
        )
        total = right + wrong + only_a + only_b
        observed = _divide(right + wrong, total)
        a_right, b_right = _divide(right + only_a, total), _divide(right + only_b, total)
        expected = a_right * b_right + (1 - a_right) * (1 - b_right)
        return _divide(observed - expected, 1 - expected)

    right, wrong, only_a, only_b = (
        int(cell(*says, counts)) for says in ((1, 1), (-1, -1), (1, -1), (-1, 1))
    )
    agree = wilson(right + wrong, right + wrong + only_a + only_b)
    return PairAgreement(
        labelers[a], labelers[b], right, wrong, only_a, only_b, agree, _coefficient(counts, kappa)
    )


def _alpha(verdicts: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """1 - observed / expected disagreement; `counts` may hold one table per row."""
    right, wrong = (verdicts == 1).sum(axis=1), (verdicts == -1).sum(axis=1)
    # Of the ordered pairs within one step, 2 * right * wrong disagree; each weighs 1 / (m - 1).
    within = 2 * right * wrong / (right + wrong - 1)
    n_right, n_wrong = (counts * right).sum(axis=-1), (counts * wrong).sum(axis=-1)
    total = n_right + n_wrong
    observed = _divide((counts * within).sum(axis=-1), total)
    return 1 - _divide(observed, _divide(2 * n_right * n_wrong, total * (total - 1)))


def _coefficient(counts: np.ndarray, of: Callable[[np.ndarray], np.ndarray]) -> Coefficient:
    import numpy as np

    value = float(of(counts)) if counts.sum() else np.nan
    if not np.isfinite(value):
        return Coefficient(None, None, None)
    drawn = np.random.default_rng(0).multinomial(counts.sum(), counts / counts.sum(), N_RESAMPLES)
    resampled = of(drawn)
    low, high = np.percentile(resampled[np.isfinite(resampled)], [2.5, 97.5])
    return Coefficient(value, float(low), float(high))


def _divide(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """NaN where the divisor is 0, without a warning; NaN never leaves this file."""
    import numpy as np

    b = np.asarray(b, dtype=float)
    quotient: np.ndarray = np.divide(a, b, out=np.full(b.shape, np.nan), where=b != 0)
    return quotient
