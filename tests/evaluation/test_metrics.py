"""ProcessBench's metric, flags, calibration: hand-computed, and on all rows of its files."""

import json
import os
from pathlib import Path

import pytest

from labeler.consensus.base import Decision, labels_before
from labeler.driver.cost import Cost
from labeler.evaluation.metrics import Prediction, calibration_error, score
from labeler.problems.solved import read_solutions
from labeler.records import Verdict

DATA = Path(os.environ.get("LABELER_SHARED_DATA", "../shared/data")) / "processbench"


def judged(predicted, truth, n_steps=4, probabilities=None, labels=None):
    labels = labels_before(predicted, n_steps) if labels is None else labels
    decision = Decision(predicted, labels, probabilities or (None,) * n_steps)
    return Prediction(decision, truth, Verdict.UNKNOWN)


def test_f1_is_the_harmonic_mean_of_the_accuracies_on_erroneous_and_correct_solutions():
    # Erroneous: 1 of 4 exact. Correct: 1 of 2 cleared. F1 = 2 * 0.25 * 0.5 / 0.75 = 1/3.
    found = score(
        [
            judged(2, 2),
            judged(1, 2),
            judged(-1, 0),
            judged(None, 3),
            judged(-1, -1),
            judged(0, -1),
        ],
        Cost(samples=12, completion_tokens=340),
    )
    assert (found.n, found.n_erroneous, found.n_correct) == (6, 4, 2)
    assert (found.acc_erroneous, found.acc_correct) == (0.25, 0.5)
    assert found.f1 == pytest.approx(1 / 3)
    assert found.coverage == 5 / 6
    # Steps called wrong in 2 of 4 erroneous ones, one of them exact; early at 1 < 2, and 0 of -1.
    assert (found.flagged, found.flag_exact, found.false_flag_rate) == (0.5, 0.5, 2 / 6)
    # Located 1, claimed 3 (2, 1, 0).
    assert found.precision == pytest.approx(1 / 3)
    assert (found.samples, found.generated_tokens, found.samples_per_located_error) == (12, 340, 12)


def test_the_first_and_the_last_step_count_from_zero():
    assert score([judged(0, 0), judged(3, 3), judged(-1, -1)], Cost()).f1 == 1.0


def test_both_accuracies_zero_is_f1_zero_not_a_division_by_zero():
    assert score([judged(1, 2), judged(2, -1)], Cost()).f1 == 0.0


def test_without_a_correct_solution_there_is_no_f1():
    assert score([judged(1, 1)], Cost()).f1 is None


def test_nothing_to_count_gives_no_rates():
    found = score([], Cost())
    assert (found.f1, found.coverage, found.ece, found.label_precision) == (None,) * 4


def test_a_flag_after_the_first_error_is_neither_exact_nor_false():
    found = score([judged(3, 1)], Cost())
    assert (found.flagged, found.flag_exact, found.false_flag_rate) == (1.0, 0.0, 0.0)


def test_labels_count_up_to_the_first_error_only():
    # Truth: step 1 is wrong. Labels right, right (false), wrong (not counted), none.
    found = score([judged(2, 1)], Cost())
    assert (found.kept_solutions, found.kept_steps, found.label_precision) == (1, 2, 0.5)


def test_steps_without_a_label_are_unknown():
    found = score([judged(None, -1, labels=(1, None, None, 1))], Cost())
    assert (found.unknown_rate, found.coverage, found.kept_solutions) == (0.5, 0.0, 0)


def test_calibration_by_hand():
    # Bin 0.9-1: 0.9 and 0.9, one right: |1.8 - 1| = 0.8. Bin 0.2-0.3: 0.25, wrong: 0.25. Of 3.
    assert calibration_error([(0.9, True), (0.9, False), (0.25, False)]) == pytest.approx(1.05 / 3)
    assert calibration_error([(1.0, True), (0.0, False)]) == 0.0
    found = score([judged(1, 1, 3, (0.9, 0.2, 0.6))], Cost())
    assert found.brier == pytest.approx((0.1**2 + 0.2**2) / 2)
    assert found.n_probabilities == 2


def test_why_a_rollout_labeler_missed():
    def by_rollouts(predicted, truth):
        return Prediction(
            Decision(predicted, labels_before(predicted, 4), (None,) * 4),
            truth,
            Verdict.UNKNOWN,
            by_rollouts=True,
        )

    cases = [by_rollouts(p, t) for p, t in ((None, 1), (-1, 1), (0, 1), (2, 1), (3, 1), (0, -1))]
    assert score(cases, Cost()).misses == {
        "undecided": 1,
        "right_answer_by_a_wrong_way": 1,
        "early_because_all_rollouts_failed": 2,
        "late_because_a_rollout_recovered": 1,
        "late_and_only_the_answer_shows_it": 1,
    }


@pytest.mark.skipif(not DATA.exists(), reason="no ProcessBench files (LABELER_SHARED_DATA)")
@pytest.mark.parametrize("claim", [-1, 0])
@pytest.mark.parametrize("name", ["gsm8k.json", "math.json"])
def test_constant_claims_score_on_processbench_as_its_definition_says(name, claim):
    rows = json.loads((DATA / name).read_text())
    solved = list(read_solutions(DATA / name))
    cases = [judged(claim, one.first_error, len(one.solution.steps)) for one in solved]
    found = score(cases, Cost())
    labels = [row["label"] for row in rows]
    erroneous = [label == claim for label in labels if label != -1]
    correct = [label == claim for label in labels if label == -1]
    acc_1, acc_2 = sum(erroneous) / len(erroneous), sum(correct) / len(correct)
    assert [one.first_error for one in solved] == labels
    assert (found.acc_erroneous, found.acc_correct) == (acc_1, acc_2)
    assert found.f1 == (2 * acc_1 * acc_2 / (acc_1 + acc_2) if acc_1 + acc_2 else 0.0)
