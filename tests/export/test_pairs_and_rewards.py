"""What formats of outcomes, pairs and rewards make of labelled solutions: whole lines."""

from __future__ import annotations

import pytest

from .converted import made
from .datasets import (
    NEUTRAL,
    Q1,
    RIGHT,
    UNKNOWN,
    WRONG,
    C,
    W,
    solved,
    with_ratios,
)


def test_outcome_formats_ask_for_the_answer_only() -> None:
    assert made("outcome_rm", RIGHT, WRONG, UNKNOWN) == [
        {"prompt": "What is 1 + 1?", "completion": "Take 1.\nAdd 1: 2.", "label": True},
        {"prompt": "What is 1 + 1?", "completion": "Take 1.\nAdd 1: 3.\nSo 3.", "label": False},
        "its outcome is unknown",
    ]
    right, wrong = made("outcome_sft", RIGHT, WRONG)
    assert isinstance(right, dict)
    assert isinstance(wrong, dict)
    assert right["messages"][1]["content"] == (  # type: ignore[index]
        "1 + 1 = 2\n\nVerification: Is the answer correct (Yes/No)? Yes"
    )
    assert wrong["messages"][1]["content"] == (  # type: ignore[index]
        "Verification: Is the answer correct (Yes/No)? No"
    )


def test_step_pairs_share_their_prefix() -> None:
    assert made("dpo_steps", RIGHT, WRONG) == [
        {"prompt": "What is 1 + 1?\nTake 1.\n", "chosen": "Add 1: 2.", "rejected": "Add 1: 3."}
    ]


def test_pareto_needs_both_a_better_answer_and_better_steps() -> None:
    lucky = solved("s-lucky", Q1, ("Take 3.\n", "2.\n"), (-1, None), C)
    dull = solved("s-dull", Q1, ("Take 1.\n", "3.\n"), (1, 1), W)
    assert made("dpo_pareto", RIGHT, WRONG, lucky, dull) == [
        {
            "prompt": "What is 1 + 1?",
            "chosen": "Take 1.\nAdd 1: 2.",
            "rejected": "Take 1.\nAdd 1: 3.\nSo 3.",
        }
    ]


def test_step_rewards_with_their_returns_and_capo_table() -> None:
    assert made("step_rewards", WRONG) == [
        {
            "prompt": "What is 1 + 1?",
            "completion": "Take 1.\nAdd 1: 3.\nSo 3.\n",
            "spans": [[0, 8], [8, 18], [18, 24]],
            "rewards": [1.0, 0.0, -100.0],
            "returns_sum": [1.0, 0.0, 0.0],
            "returns_min": [0.0, 0.0, 1.0],
            "capo": [0.0, -1.0, 0.0],
            "outcome": False,
        }
    ]


@pytest.mark.parametrize(
    ("outcome", "label", "reward"), [(C, 1, 2.0), (C, -1, 1.0), (W, 1, 0.0), (W, -1, -1.0)]
)
def test_capo_table(outcome: object, label: int, reward: float) -> None:
    (found,) = made("step_rewards", solved("s", Q1, ("x",), (label,), outcome))  # type: ignore[arg-type]
    assert isinstance(found, dict)
    assert found["capo"] == [reward]


def test_log_ratio_rewards_in_the_readings_of_three_papers() -> None:
    """R is 1 and -1 (one right, one wrong). Shares 1, 3 and 1, -2, 2: mean 1, variance 14 / 5."""
    right = with_ratios(RIGHT, "cumulative", 1.0, 4.0)
    wrong = with_ratios(WRONG, "step", 1.0, -2.0, 2.0)
    spread = (14 / 5) ** 0.5
    assert made("log_ratio_rewards", right, wrong) == [
        {
            "prompt": "What is 1 + 1?",
            "completion": "".join(RIGHT.solution.steps),
            "spans": [[0, 8], [8, 18]],
            "implicit": [1.0, 3.0],
            "implicit_cumulative": [1.0, 4.0],
            "prl": [-2.0, 1.0],
            "istar": pytest.approx([0.0, 2 / spread]),
            "outcome": True,
        },
        {
            "prompt": "What is 1 + 1?",
            "completion": "".join(WRONG.solution.steps),
            "spans": [[0, 8], [8, 18], [18, 24]],
            "implicit": [1.0, -2.0, 2.0],
            "implicit_cumulative": [1.0, -1.0, 1.0],
            "prl": [-1.0, -3.0, -1.0],
            "istar": pytest.approx([0.0, -3 / spread, 1 / spread]),
            "outcome": False,
        },
    ]


def test_log_ratio_rewards_of_a_step_without_a_score_are_none() -> None:
    reason = "not every step has a log-ratio (labeler implicit)"
    assert made("log_ratio_rewards", with_ratios(RIGHT, "step", 1.0, None)) == [reason]
    assert made("log_ratio_rewards", RIGHT) == [reason]


def test_masked_fill_hides_numbers_of_one_step_of_each_right_chain() -> None:
    first, second = made("masked_fill", NEUTRAL)
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert "Two and two.\nSo [MASK].\n" in first["prompt"]  # type: ignore[operator]
    assert (first["answer"], first["step"]) == (["$2+2=4$"], 1)
    assert "Hm.\n[MASK] + [MASK] = [MASK].\n" in second["prompt"]  # type: ignore[operator]
    assert (second["answer"], second["step"]) == (["2", "2", "4"], 1)


def test_reorder_answers_with_the_numbers_in_the_right_order() -> None:
    steps = tuple(f"step {letter}\n" for letter in "abcdef")
    (found,) = made("reorder", solved("s", Q1, steps, (1,) * 6, C))
    assert isinstance(found, dict)
    listed = dict(
        line[1:].split(") ") for line in str(found["prompt"]).splitlines() if line[:1] == "("
    )
    order = [listed[str(number)] for number in found["answer"]]  # type: ignore[attr-defined]
    assert order == [step.strip() for step in steps]
    assert list(listed.values()) != order


def test_wrong_solutions_teach_no_chain() -> None:
    for name in ("masked_fill", "reorder"):
        assert made(name, WRONG) == ["its problem has no right chain"]
