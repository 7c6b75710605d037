"""Thinking and answer, by the marks of several families of models."""
# ruff: noqa: E501

import pytest

from labeler.steps import after_thinking
from labeler.steps.thinking import parts_of


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("The answer is 5.", "The answer is 5."),
        ("<think>\\boxed{6}? No.</think>\\boxed{5}", "\\boxed{5}"),
        ("Hm, \\boxed{6}?\n</think>\n\n5", "\n\n5"),
        ("<think>a</think>5<think>b</think>6", "6"),
        ("<think>\\boxed{6}", ""),
        ("<thinking>6</thinking>5", "5"),
        ("[THINK]6[/THINK]5", "5"),
        ("◁think▷6◁/think▷5", "5"),
        ("<seed:think>6</seed:think>5", "5"),
        ("<|begin_of_thought|>6<|end_of_thought|>5", "5"),
        ("<|channel|>analysis<|message|>6<|end|><|start|>assistant<|channel|>final<|message|>5", "5"),
        ("<|channel|>analysis<|message|>6", ""),
        ("<|channel>thought\n6<channel|>5", "5"),
        ("analysisWe add: 6? No.assistantfinalIt is 5", "It is 5"),
        ("An analysisWe", "An analysisWe"),
        ("<|START_THINKING|>6<|END_THINKING|>5", "5"),
        ("Here is my thought process: 6 Here is my response: 5", " 5"),
    ],
)  # fmt: skip
def test_the_answer_stands_behind_the_thinking(text, answer):
    assert after_thinking(text) == answer


def test_thinking_and_answer_are_parts_of_their_own():
    assert parts_of("Well. <think>\na\n</think>\n\nb") == [
        "Well. ",
        "<think>\na\n</think>\n\n",
        "b",
    ]
