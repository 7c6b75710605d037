"""What stands in a program is no answer that a solution states."""

import pytest

from labeler.checking.answers.code_blocks import without_programs
from labeler.checking.extract import answer_in

MODEL = "```python\nr = milp([-3, -2],\n         integrality=[1,1])\nprint(-r.fun)\n```"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (f"Let x be tables.\n{MODEL}", None),
        (f"{MODEL}\nSo it is 12.", "12"),
        ('```python\nprint("The answer is", x)\n```', None),
        ('So 7 apples.\n```py\nprint("Answer: 8")\n```', "7"),
        ("```\nimport numpy as np\nx = 3\n```", None),
        ("~~~python\nx = 3\nprint(x)\n~~~\n", None),
        ("```python\nx = 3", None),
        # Other blocks are a solution's own words.
        ("```output\nAnswer: 42\n```", "42"),
        ("The answer is:\n```\n42\n```", "42"),
        ("```\n\\boxed{5}\n```", "5"),
    ],
)
def test_answers_are_read_beside_programs(text, answer):
    assert answer_in("math", text) == answer


@pytest.mark.parametrize("text", ["no block", "a ``` b", "```math\nx = 3\n```\n", ""])
def test_a_text_without_a_program_stays_as_it_is(text):
    assert without_programs(text) == text


def test_many_blocks_are_read():
    """400,000 lines, which a reader that looks back from each would not end with."""
    n = 200_000
    assert "x = 1" not in without_programs("```python\nx = 1\n```\n" * n + "```" * n + " \t" * n)
