"""What scores without a verdict are worth on solutions whose first error is known.

AUC is of first errors against right steps, over steps up to the first error (what comes after it
is not labelled). The threshold is the one whose verdicts have the best F1 (ProcessBench's) on these
very solutions, which flatters it; `f1_held_out` takes it from four fifths and counts on the other.
Calibration is isotonic (`labeler.consensus.calibration`), on the same steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labeler.consensus.calibration import Calibration, calibrate
from labeler.records import Evidence, LabeledSolution

Array = NDArray[np.float64]
ROUNDS, FOLDS = 1000, 5


@dataclass(frozen=True, slots=True)
class SignalScore:
    """A source of scores against the truth. None where nothing was there to be counted.

    `n_errors` first errors and `n_right` right steps have a score, `n_silent` steps have none.
    `exact`: erroneous solutions, all steps scored, whose lowest score is at the first error; among
    `n_placed` of them. Threshold and calibration are of `Evidence.score`, a probability.
    """

    n_errors: int
    n_right: int
    n_silent: int
    auc: float | None
    auc_interval: tuple[float, float] | None
    exact: float | None
    n_placed: int
    threshold: float | None = None
    f1: float | None = None
    f1_held_out: float | None = None
    calibration: tuple[tuple[float, float], ...] = ()
    calibrated_threshold: float | None = None
    """The same threshold where the calibration is set, too."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def score_signal(
    rows: Sequence[LabeledSolution], truths: Sequence[int], labeler: str
) -> SignalScore | None:
    """Of one labeler's evidence; None where none of it is a score that is no verdict's count."""
    signals = [_of(row, labeler, _signal) for row in rows]
    if all(np.isnan(one).all() for one in signals):
        return None
    known = [one[: _n_known(one, truth)] for one, truth in zip(signals, truths, strict=True)]
    errors = [np.arange(len(one)) == truth for one, truth in zip(known, truths, strict=True)]
    flat, is_error = np.concatenate(known), np.concatenate(errors)
    of = np.repeat(np.arange(len(known)), [len(one) for one in known])
    there = ~np.isnan(flat)
    auc, interval = _auc(flat[there], is_error[there], of[there], len(known))
    placed = [
        int(np.argmin(one)) == truth
        for one, truth in zip(signals, truths, strict=True)
        if truth >= 0 and not np.isnan(one).any()
    ]
    found = SignalScore(
        n_errors=int((is_error & there).sum()),
        n_right=int((~is_error & there).sum()),
        n_silent=int((~there).sum()),
        auc=auc,
        auc_interval=interval,
        exact=sum(placed) / len(placed) if placed else None,
        n_placed=len(placed),
    )
    return _with_threshold(found, [_of(row, labeler, _score) for row in rows], truths)


def _with_threshold(
    found: SignalScore, scores: Sequence[Array], truths: Sequence[int]
) -> SignalScore:
    whole = [
        (one, truth)
        for one, truth in zip(scores, truths, strict=True)
        if len(one) and not np.isnan(one).any()
    ]
    spans = np.array([_span(one, truth) for one, truth in whole])
    wrong = np.array([truth >= 0 for _, truth in whole], dtype=bool)
    best = _best(spans, wrong)
    if best is None:
        return found
    hits = np.zeros(len(whole), dtype=bool)
    for fold in range(FOLDS):
        out = np.arange(len(whole)) % FOLDS == fold
        chosen = _best(spans[~out], wrong[~out])
        if chosen is not None:
            hits[out] = _hit(spans[out], chosen)
    gold = [
        (one[: _n_known(one, truth)], np.arange(_n_known(one, truth)) != truth)
        for one, truth in whole
    ]
    line = calibrate(gold)
    values = asdict(found) | {
        "threshold": best,
        "f1": _f1(_hit(spans, best), wrong),
        "f1_held_out": _f1(hits, wrong),
        "calibration": _points(line),
        "calibrated_threshold": round(float(line.right(np.array([best]))[0]), 4),
    }
    return SignalScore(**values)


def _points(line: Calibration) -> tuple[tuple[float, float], ...]:
    """As a run file takes them: four digits, each place once."""
    points = zip(line.given, line.true, strict=True)
    return tuple({round(given, 4): round(true, 4) for given, true in points}.items())


def _signal(piece: Evidence) -> float | None:
    return piece.signal


def _score(piece: Evidence) -> float | None:
    return piece.score if piece.signal is not None else None


def _of(row: LabeledSolution, labeler: str, read: Any) -> Array:
    """One number per step, NaN where the labeler gave none."""
    found = np.full(len(row.steps), np.nan)
    for t, step in enumerate(row.steps):
        given = [x for e in step.evidence if e.labeler == labeler and (x := read(e)) is not None]
        if given:
            found[t] = sum(given) / len(given)
    return found


def _n_known(steps: Array, truth: int) -> int:
    return len(steps) if truth < 0 else truth + 1


def _auc(
    signals: Array, is_error: NDArray[np.bool_], of: NDArray[np.intp], n: int
) -> tuple[float | None, tuple[float, float] | None]:
    """P(a right step's signal is higher than a first error's), ties half; 95% over solutions."""
    if not is_error.any() or is_error.all():
        return None, None
    _, level = np.unique(signals, return_inverse=True)

    def value(weights: Array) -> float:
        bad = np.bincount(level, np.where(is_error, weights[of], 0.0))
        good = np.bincount(level, np.where(is_error, 0.0, weights[of]))
        below = np.cumsum(bad) - bad / 2
        pairs = bad.sum() * good.sum()
        return float((good * below).sum() / pairs) if pairs else np.nan

    rng = np.random.default_rng(0)
    drawn = rng.multinomial(n, np.full(n, 1 / n), size=ROUNDS).astype(np.float64)
    values = np.array([value(weights) for weights in drawn])
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return value(np.ones(n)), (float(low), float(high))


def _span(scores: Array, truth: int) -> tuple[float, float]:
    """Thresholds (above the first, up to the second) under which the verdicts are the truth."""
    before = float(scores[:truth].min(initial=1.0)) if truth >= 0 else float(scores.min())
    return (float(scores[truth]) if truth >= 0 else -1.0), before


def _hit(spans: Array, threshold: float) -> NDArray[np.bool_]:
    hit: NDArray[np.bool_] = (spans[:, 0] < threshold) & (threshold <= spans[:, 1])
    return hit


def _best(spans: Array, wrong: NDArray[np.bool_]) -> float | None:
    """The threshold with the best F1, in the middle of its stretch; None without both kinds."""
    if not wrong.any() or wrong.all():
        return None
    edges = np.unique(np.clip(spans, 0.0, 1.0))
    tried = np.concatenate([edges, (edges[1:] + edges[:-1]) / 2])
    # Sorted ends count how many stretches hold each threshold, without a row per threshold.
    rates = []
    for kind in (wrong, ~wrong):
        opened = np.searchsorted(np.sort(spans[kind, 0]), tried, side="left")
        closed = np.searchsorted(np.sort(spans[kind, 1]), tried, side="left")
        # A stretch that is empty (closed before it opens) never holds one.
        empty = spans[kind, 1] <= spans[kind, 0]
        never = np.searchsorted(np.sort(spans[kind][empty, 0]), tried, side="left")
        past = np.searchsorted(np.sort(spans[kind][empty, 1]), tried, side="left")
        rates.append((opened - closed - (never - past)) / kind.sum())
    total = rates[0] + rates[1]
    f1 = np.divide(2 * rates[0] * rates[1], total, out=np.zeros_like(total), where=total > 0)
    return float(np.median(tried[f1 == f1.max()]))


def _f1(hits: NDArray[np.bool_], wrong: NDArray[np.bool_]) -> float:
    a, b = float(hits[wrong].mean()), float(hits[~wrong].mean())
    return 2 * a * b / (a + b) if a + b else 0.0
