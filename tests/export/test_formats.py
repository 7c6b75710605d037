"""What each format makes of one labelled solution: whole lines, written out."""

from __future__ import annotations

import inspect
import json
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import pytest

from labeler.consensus.human import human_evidence
from labeler.export import FORMATS, AfterError, ExportError, ExportOptions, Neutral
from labeler.export.rationales import STOCK
from labeler.records import (
    LabeledSolution,
    ProblemSamples,
)

from .converted import MASK, SOFT, made
from .datasets import (
    GAP,
    NEUTRAL,
    Q1,
    Q2,
    RIGHT,
    UNKNOWN,
    WRONG,
    C,
    W,
    problem,
    solved,
)


def test_trl() -> None:
    assert made("trl", RIGHT, WRONG) == [
        {"prompt": "What is 1 + 1?", "completions": ["Take 1.", "Add 1: 2."],
         "labels": [True, True]},
        {"prompt": "What is 1 + 1?", "completions": ["Take 1.", "Add 1: 3."],
         "labels": [True, False]},
    ]  # fmt: skip


def test_trl_asks_nothing_where_no_label_is_known() -> None:
    assert made("trl", GAP) == [
        {"prompt": "What is 2 + 2?", "completions": ["Well.\n4."], "labels": [True]}
    ]


def test_trl_refuses_soft_labels_that_it_would_turn_into_zeros() -> None:
    with pytest.raises(ExportError, match="trl has no soft labels"):
        made("trl", RIGHT, options=SOFT)


@pytest.mark.parametrize(
    ("neutral", "labels", "completions"),
    [
        (Neutral.RIGHT, [True, True], ["Hm.", "2 + 2 = 4."]),
        (Neutral.WRONG, [False], ["Hm."]),
        (Neutral.MASK, [True], ["Hm.\n2 + 2 = 4."]),
    ],
)
def test_neutral_steps(neutral: Neutral, labels: list[bool], completions: list[str]) -> None:
    (found,) = made("trl", NEUTRAL, options=ExportOptions(neutral=neutral))
    assert found == {"prompt": "What is 2 + 2?", "completions": completions, "labels": labels}


def test_a_threshold_replaces_the_labels_and_moves_the_first_error() -> None:
    (found,) = made("trl", RIGHT, options=ExportOptions(threshold=0.5))
    assert found == {
        "prompt": "What is 1 + 1?",
        "completions": ["Take 1.", "Add 1: 2."],
        "labels": [True, False],
    }


def test_math_shepherd_in_both_columns() -> None:
    (found,) = made("math_shepherd", WRONG, options=MASK)
    assert found == {
        "input": "What is 1 + 1? Step 1: Take 1. ки\nStep 2: Add 1: 3. ки\nStep 3: So 3.",
        "label": "What is 1 + 1? Step 1: Take 1. +\nStep 2: Add 1: 3. -\nStep 3: So 3.",
        "task": "toys",
    }


def test_math_shepherd_does_not_number_numbered_steps_twice() -> None:
    numbered = solved("s", Q1, ("Step 1: Take 1.\n", "Step 2: 2.\n"), (1, 1), C)
    (found,) = made("math_shepherd", numbered)
    assert isinstance(found, dict)
    assert found["input"] == "What is 1 + 1? Step 1: Take 1. ки\nStep 2: 2. ки"


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("math_shepherd", "a ки b", "its text holds the step tag"),
        ("math_shepherd", "a\nStep 1: b", 'its text holds "Step 1: ", which readers split at'),
        ("openrlhf", "a ки b", "its text holds the placeholder"),
        ("qwen", "<extra_0>", "its text holds <extra_0>"),
    ],
)
def test_a_text_that_holds_the_marker_is_rejected(name: str, text: str, reason: str) -> None:
    assert made(name, solved("s", Q1, (text,), (1,), C)) == [reason]


def test_prm800k_keeps_ratings_as_they_are() -> None:
    (right,) = made("prm800k", NEUTRAL)
    assert isinstance(right, dict)
    assert right["question"] == {
        "problem": "What is 2 + 2?",
        "ground_truth_solution": "Two and two.\nSo $2+2=4$.\n",
        "ground_truth_answer": "4",
        "pre_generated_steps": ["Hm.", "2 + 2 = 4."],
        "pre_generated_answer": "2",
    }
    assert right["label"] == {
        "steps": [
            {"completions": [{"text": "Hm.", "rating": 0, "flagged": False}],
             "human_completion": None, "chosen_completion": 0},
            {"completions": [{"text": "2 + 2 = 4.", "rating": 1, "flagged": False}],
             "human_completion": None, "chosen_completion": 0},
        ],
        "total_time": 0,
        "finish_reason": "solution",
    }  # fmt: skip
    (wrong,) = made("prm800k", WRONG)
    assert isinstance(wrong, dict)
    assert wrong["label"]["finish_reason"] == "found_error"  # type: ignore[index]
    assert [step["chosen_completion"] for step in wrong["label"]["steps"]] == [0, None]  # type: ignore[index]


def test_prm800k_says_who_and_when_as_openr_reads_them() -> None:
    """Its reader asks for microseconds, a UUID, and whole numbers that are no truth values."""
    (line,) = made("prm800k", RIGHT)
    assert isinstance(line, dict)
    when = datetime.strptime(str(line["timestamp"]), "%Y-%m-%dT%H:%M:%S.%f")
    assert (when, UUID(str(line["labeler"])).version) == (datetime(1970, 1, 1), 5)
    assert [type(line["generation"]), type(line["label"]["total_time"])] == [int, int]  # type: ignore[index]


def test_prm800k_calls_no_wrong_answer_a_solution() -> None:
    lost = solved("s-lost", Q1, ("Take 1.\n", "3.\n"), (1, None), W)
    assert made("prm800k", lost, UNKNOWN) == [
        "its outcome is wrong, and no step is called so, so it has no finish reason",
        "its outcome is unknown, so it has no finish reason",
    ]


def test_processbench_counts_from_zero_and_keeps_all_steps() -> None:
    first_step_wrong = solved("s-first", Q1, ("Take 2.\n", "So 4.\n"), (-1, None), W)
    assert made("processbench", WRONG, first_step_wrong, RIGHT) == [
        {"id": "s-wrong", "generator": "tiny", "problem": "What is 1 + 1?",
         "steps": ["Take 1.", "Add 1: 3.", "So 3."], "final_answer_correct": False, "label": 1},
        {"id": "s-first", "generator": "tiny", "problem": "What is 1 + 1?",
         "steps": ["Take 2.", "So 4."], "final_answer_correct": False, "label": 0},
        {"id": "s-right", "generator": "tiny", "problem": "What is 1 + 1?",
         "steps": ["Take 1.", "Add 1: 2."], "final_answer_correct": True, "label": -1},
    ]  # fmt: skip


def test_processbench_rejects_what_is_undecided() -> None:
    assert made("processbench", UNKNOWN, GAP) == [
        "its outcome is unknown",
        "its first error is undecided",
    ]


def test_qwen_has_one_label_per_separator() -> None:
    (found,) = made("qwen", WRONG, options=MASK)
    assert isinstance(found, dict)
    assert found["messages"][1:] == [  # type: ignore[index]
        {"role": "user", "content": "What is 1 + 1?"},
        {"role": "assistant", "content": "Take 1.<extra_0>Add 1: 3.<extra_0>So 3.<extra_0>"},
    ]
    assert found["labels"] == [1, 0, -100]


def test_soft_labels_are_probabilities_or_else_shares_of_right_rollouts() -> None:
    (certain,) = made("qwen", WRONG, options=SOFT)
    (counted,) = made("qwen", GAP, options=SOFT)
    assert isinstance(certain, dict)
    assert isinstance(counted, dict)
    assert certain["labels"] == [0.75, 0.25]
    assert counted["labels"] == [-100.0, 1.0]


def test_rlhflow() -> None:
    assert made("rlhflow", WRONG) == [
        {
            "conversations": [
                {"role": "user", "content": "What is 1 + 1? Take 1."},
                {"role": "assistant", "content": "+"},
                {"role": "user", "content": "Add 1: 3."},
                {"role": "assistant", "content": "-"},
            ]
        }
    ]


def test_openrlhf_hard_and_soft() -> None:
    text = "What is 1 + 1?\nTake 1. ки\nAdd 1: 3. ки"
    assert made("openrlhf", WRONG) == [{"input": text, "labels": ["+", "-"]}]
    assert made("openrlhf", WRONG, options=SOFT) == [{"input": text, "labels": [0.75, 0.25]}]


def test_openr_tree_shares_prefixes_and_joins_those_without_a_value() -> None:
    jump = solved("s-jump", Q1, ("Take 1.\n", "Hm.\n", "2.\n"), (1, 1, 1), C,
                  evidence={0: [(6, 8)], 2: [(1, 1)]})  # fmt: skip
    (found,) = made("openr", RIGHT, WRONG, jump)
    assert isinstance(found, dict)
    assert found.pop("question_id") == 1_972_308_688
    assert found == {
        "question": "What is 1 + 1?",
        "final_answer": "2",
        "reasoning_steps": {
            "text": "What is 1 + 1?",
            "mc_value": 2 / 3,
            "children": [
                {
                    "text": "Take 1.",
                    "mc_value": 0.75,
                    "children": [
                        {"text": "Add 1: 2.", "mc_value": 0.5, "children": []},
                        {"text": "Add 1: 3.", "mc_value": 0.0, "children": []},
                        {"text": "Hm.\n2.", "mc_value": 1.0, "children": []},
                    ],
                }
            ],
        },
    }


def test_openr_s_root_is_worth_what_all_samples_are() -> None:
    def drawn(row: LabeledSolution) -> LabeledSolution:
        samples = ProblemSamples(seed=7, n=16, n_decided=16, n_correct=15)
        return replace(row, solution=replace(row.solution, samples=samples))

    (found,) = made("openr", drawn(RIGHT), drawn(WRONG))
    assert isinstance(found, dict)
    assert found["reasoning_steps"]["mc_value"] == 15 / 16  # type: ignore[index]


def test_genprm_stops_at_the_first_wrong_paragraph() -> None:
    (found,) = made("genprm", WRONG)
    assert isinstance(found, dict)
    assert found["messages"][1:] == [  # type: ignore[index]
        {"role": "user", "content": "Question: What is 1 + 1?\n\nTake 1."},
        {"role": "assistant", "content": "<analyze>\nLet's analyze the Paragraph 1 step by step: "
         "One is given.\n</analyze>\n<output>\n**Judgement**: $\\boxed{Yes}$\n</output>\n"},
        {"role": "user", "content": "Add 1: 3."},
        {"role": "assistant", "content": "<analyze>\nLet's analyze the Paragraph 2 step by step: "
         "1 + 1 is not 3.\n</analyze>\n<output>\n**Judgement**: $\\boxed{No}$\n</output>\n"},
    ]  # fmt: skip


def test_thinkprm_counts_steps_from_one() -> None:
    (found,) = made("thinkprm", WRONG)
    assert isinstance(found, dict)
    asked, answered = found["messages"]  # type: ignore[misc]
    assert "[Solution]\nStep 1: Take 1.\nStep 2: Add 1: 3.\n\nReview" in asked["content"]
    assert answered["content"] == (
        "<think>\nStep 1: One is given. The step is \\boxed{correct}\n\n"
        "Step 2: 1 + 1 is not 3. The step is \\boxed{incorrect}\n</think>\n"
        "Is the solution correct? No"
    )


def test_groundedprm_tells_what_a_tool_computed() -> None:
    (found,) = made("groundedprm", RIGHT)
    assert isinstance(found, dict)
    assert [turn["content"] for turn in found["messages"][1:]] == [  # type: ignore[index]
        "What is 1 + 1?\nTake 1.",
        "<judge>\nOne is given.\n</judge>\n<output>\n\\boxed{+}\n</output>",
        "Add 1: 2.",
        "<verify>\n1+1 = 2\n</verify>\n<judge>\n1 + 1 = 2\n</judge>\n"
        "<output>\n\\boxed{+}\n</output>",
    ]


@pytest.mark.parametrize("name", ["genprm", "thinkprm", "groundedprm"])
@pytest.mark.parametrize("row", [RIGHT, WRONG], ids=["right", "wrong"])
def test_nothing_is_said_of_calculations_that_nobody_made(name: str, row: LabeledSolution) -> None:
    (found,) = made(name, row)
    assert isinstance(found, dict)
    written = json.dumps(found)
    for claim in ("thinking step", "no specific calc", "needed", "<verify></verify>", "None"):
        assert claim not in written
    assert [turn["role"] for turn in found["messages"][-2:]] == ["user", "assistant"]


def test_what_a_person_noted_is_a_judgement_and_no_computation() -> None:
    bare = solved("s", Q1, ("2.",), (1,), C)
    said = human_evidence(bare.steps[0].prefix_id, 1, "Fits.")
    steps = (replace(bare.steps[0], evidence=(said,)),)
    (found,) = made("groundedprm", replace(bare, steps=steps))
    assert isinstance(found, dict)
    assert found["messages"][-1]["content"] == (  # type: ignore[index]
        "<judge>\nFits.\n</judge>\n<output>\n\\boxed{+}\n</output>"
    )


@pytest.mark.parametrize("name", ["genprm", "thinkprm", "groundedprm"])
def test_a_rationale_for_the_other_verdict_is_never_taught(name: str) -> None:
    disagreeing = replace(NEUTRAL, steps=NEUTRAL.steps[1:])
    assert made(name, disagreeing) == ["no rationale says that a step labelled right is right"]


def test_a_judge_that_only_named_the_place_teaches_no_rationale() -> None:
    from labeler.labelers.shared.replies import read

    for said in STOCK:
        assert f'"{said}"' in inspect.getsource(read)
    bare = solved("s", Q1, ("2.",), (1,), C, evidence={0: [(C, STOCK[2])]})
    assert made("genprm", bare) == ["no rationale says that a step labelled right is right"]


def test_code_keeps_its_indentation() -> None:
    code = solved("s", problem(3), ("def f():\n", "    return 2\n\n"), (1, 1), C)
    (found,) = made("trl", code)
    assert isinstance(found, dict)
    assert found["completions"] == ["def f():", "    return 2"]


def test_labels_after_an_error_are_cut_masked_or_kept() -> None:
    judged = solved("s", Q2, ("a\n", "b\n", "c\n"), (-1, 1, None), W)
    shown = {
        what: made("qwen", judged, options=ExportOptions(after_error=what)) for what in AfterError
    }
    labels = {what: found[0]["labels"] for what, found in shown.items()}  # type: ignore[index]
    assert labels == {
        AfterError.CUT: [0],
        AfterError.MASK: [0, -100, -100],
        AfterError.KEEP: [0, 1, -100],
    }


def test_solutions_that_consensus_dropped_are_left_out_unless_asked_for() -> None:
    dropped = replace(RIGHT, consensus=replace(RIGHT.consensus, kept=False))
    assert made("trl", dropped) == ["dropped by consensus"]
    (found,) = made("trl", dropped, options=ExportOptions(dropped_too=True))
    assert isinstance(found, dict)


def test_every_format_states_its_readers_and_its_loss() -> None:
    for fmt in FORMATS.values():
        assert fmt.readers
        assert fmt.loss
        assert fmt.about
