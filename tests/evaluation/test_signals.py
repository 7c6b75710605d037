"""What scores without a verdict are worth: by hand, against sklearn, and back into a run file."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from labeler.evaluation.signals import score_signal
from labeler.labelers.prm import PRM
from labeler.records import (
    Asks,
    Consensus,
    Evidence,
    LabeledSolution,
    LabeledStep,
    Verdict,
)
from tests.labelers.talking import PROBLEM, solution


def row(*scores, labeler="prm"):
    """A solution whose steps have these scores, None for a step without one."""
    steps = tuple(
        LabeledStep(
            f"s{t}", f"{t}", None, None,
            (Evidence(f"{t}", labeler, "1", Asks.CORRECTNESS, Verdict.UNKNOWN,
                      score=score, signal=score, reason="a score, not a verdict"),),
        )
        for t, score in enumerate(scores)
    )  # fmt: skip
    texts = tuple(step.text for step in steps)
    return LabeledSolution(PROBLEM, solution(*texts), steps, None, Consensus("", False, ""))


ROWS = [row(0.9, 0.2, 0.1), row(0.8, 0.7), row(0.3, 0.6), row(0.9, 0.25)]
TRUTHS = [1, -1, 0, -1]
"""First errors 0.2 and 0.3 against right steps 0.9, 0.8, 0.7, 0.9, 0.25: 9 of 10 pairs."""


def test_first_errors_are_compared_with_right_steps_and_what_comes_after_with_nothing():
    found = score_signal(ROWS, TRUTHS, "prm")
    assert (found.n_errors, found.n_right, found.n_silent, found.auc) == (2, 5, 0, 0.9)
    # The lowest score of the first solution is behind its first error.
    assert (found.exact, found.n_placed) == (0.5, 2)


def test_the_threshold_is_the_one_with_the_best_f1():
    """From 0.3 (exclusive) to 0.7, three of four solutions are as the truth has them."""
    found = score_signal(ROWS, TRUTHS, "prm")
    assert 0.3 < found.threshold <= 0.7
    assert found.f1 == pytest.approx(2 / 3)


def test_it_is_the_best_of_all_and_the_auc_is_sklearns():
    rng = np.random.default_rng(3)
    rows, truths = [], []
    for _ in range(120):
        truth = int(rng.integers(-1, 4))
        scores = np.round(np.clip(rng.normal(0.7, 0.2, 4), 0, 1), 2)
        if truth >= 0:
            scores[truth] = np.round(np.clip(rng.normal(0.4, 0.2), 0, 1), 2)
        rows.append(row(*scores.tolist()))
        truths.append(truth)
    found = score_signal(rows, truths, "prm")
    known = [(e.steps[: t + 1 if t >= 0 else None], t) for e, t in zip(rows, truths, strict=True)]
    pairs = [(s.evidence[0].score, i != t) for steps, t in known for i, s in enumerate(steps)]
    assert found.auc == pytest.approx(roc_auc_score([y for _, y in pairs], [x for x, _ in pairs]))
    low, high = found.auc_interval
    assert low < found.auc < high

    def f1(threshold):
        hits = {True: [], False: []}
        for one, truth in zip(rows, truths, strict=True):
            below = [t for t, s in enumerate(one.steps) if s.evidence[0].score < threshold]
            hits[truth >= 0].append((below or [-1])[0] == truth)
        a, b = np.mean(hits[True]), np.mean(hits[False])
        return 2 * a * b / (a + b)

    assert found.f1 == pytest.approx(f1(found.threshold))
    assert found.f1 == pytest.approx(max(f1(x) for x in np.arange(0, 1.001, 0.005)))
    assert found.f1_held_out <= found.f1


def test_the_calibration_goes_into_a_run_file_and_its_threshold_says_the_same():
    found = score_signal(ROWS * 30, TRUTHS * 30, "prm")
    settings = PRM(calibration=found.calibration, threshold=found.calibrated_threshold)
    scores = [s.evidence[0].score for one in ROWS for s in one.steps]
    assert [settings.calibrated(x) >= settings.threshold for x in scores] == [
        x >= found.threshold for x in scores
    ]


def test_what_has_no_score_is_counted_and_left_out():
    found = score_signal([row(0.9, None), row(None, 0.2), row(0.8)], [-1, 1, -1], "prm")
    assert (found.n_errors, found.n_right, found.n_silent) == (1, 2, 2)
    assert score_signal([row(None)], [-1], "prm") is None
    assert score_signal(ROWS, TRUTHS, "judge") is None


def test_without_errors_there_is_no_rate():
    found = score_signal([row(0.9, 0.8)], [-1], "prm")
    assert (found.auc, found.auc_interval, found.exact, found.threshold) == (None,) * 4
