"""Text <-> steps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeler.steps import reference_text, split_steps


@given(st.text(alphabet="ab \n\t.", max_size=60), st.sampled_from(["\n", "\n\n", ". "]))
def test_joining_gives_the_text_back(text, delimiter):
    steps = split_steps(text, delimiter)
    assert "".join(steps) == (text if text.strip() else "")


@given(st.text(alphabet="ab \n", max_size=60))
def test_no_step_is_blank(text):
    assert all(step.strip() for step in split_steps(text, "\n"))


@pytest.mark.parametrize(
    ("text", "delimiter", "steps"),
    [
        ("one\ntwo\nAnswer: 3", "\n", ("one\n", "two\n", "Answer: 3")),
        ("one\n\n\n\ntwo", "\n\n", ("one\n\n\n\n", "two")),
        ("\n\none", "\n", ("\n\none",)),
        ("one", "\n", ("one",)),
        ("", "\n", ()),
        (" \n ", "\n", ()),
    ],
)
def test_a_step_ends_with_its_delimiter(text, delimiter, steps):
    assert split_steps(text, delimiter) == steps


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        (("16 - 7 = 9.", "9 * 2 = 18."), "16 - 7 = 9.\n9 * 2 = 18."),
        (("    total = 0\n", "\n    return total\n"), "    total = 0\n\n    return total\n"),
        ((), ""),
    ],
)
def test_steps_of_a_reference_stand_on_lines_of_their_own(steps, text):
    assert reference_text(steps) == text
