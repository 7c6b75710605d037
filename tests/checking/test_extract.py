"""Where a solution that keeps to a form says its final answer, and what is one by domain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeler.checking.answers.marked import read_marked
from labeler.checking.extract import answer_in, final_answer

TEXTS = [
    (r"So $x=\boxed{42}$.", "42"),
    (r"\boxed{1}, no: \boxed{2}", "2"),
    (r"\boxed{\frac{1}{\sqrt{2}}}", r"\frac{1}{\sqrt{2}}"),
    (r"\boxed{\{1,2\}} and so on", r"\{1,2\}"),
    (r"$\boxed 5$", "5"),
    (r"\fbox{7}", "7"),
    (r"\boxed{3} and then \boxed{4", "3"),
    ("6*7=42\n#### 42", "42"),
    ("#### 1,000\n", "1,000"),
    ("Answer: 42", "42"),
    ("**Answer:** 42", "42"),
    ("Final answer: $\\frac12$.", r"$\frac12$"),
    ("The answer is 42.", "42"),
    ("The final answer is: 3.5. I hope it is correct.", "3.5"),
    ("The answer is 1. Wait. The answer is 2.", "2"),
    ("The answer is 1.\n#### 2", "2"),
    ("#### 2\n\\boxed{3}", "3"),
    ("There are 6 apples and 7 pears, so 42.", None),
    ("We want the answer.", None),
    (r"\boxed{}", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "answer"), TEXTS)
def test_the_final_answer_of_a_text(text, answer):
    assert read_marked(text) == answer


@given(st.text(max_size=30), st.text("0123456789x+-{}", min_size=1, max_size=10))
def test_a_balanced_box_at_the_end_is_always_found(before, inside):
    balanced = "{" + inside.replace("{", "").replace("}", "") + "}x"
    assert read_marked(f"{before} \\boxed{{{balanced}}}") == balanced


@given(st.text())
def test_no_text_raises(text):
    for read in (read_marked, final_answer):
        assert read(text) is None or read(text) != ""


@pytest.mark.parametrize(
    ("text", "program"),
    [
        ("Here:\n```python\nx = 1\n```\nor better\n```\nx = 2\n```\nDone.", "x = 2\n"),
        ("    return 1\n", "    return 1\n"),
        ("```python\nx = 1", "x = 1"),
        (" \n", None),
    ],
)
def test_the_answer_of_a_code_problem_is_its_program(text: str, program: str | None) -> None:
    assert answer_in("code", text) == program
    assert answer_in("math", "The answer is 3.") == "3"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Answer: 'one. two'", "'one. two'"),
        ("The answer is 'one. two'.", "'one. two'"),
        ("**Answer:** `['a. b', 1]`.", "['a. b', 1]"),
        ("Answer: 1\nNo. Answer: {'k': 'x. y'}\n", "{'k': 'x. y'}"),
        ("\\boxed{3}", "3"),
        ("no value", None),
    ],
)
def test_the_answer_on_a_trace_is_a_python_value(text: str, answer: str | None) -> None:
    assert answer_in("trace", text) == answer
