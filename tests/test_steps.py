"""Text <-> steps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeler.steps import join_steps, split_steps


@given(st.text(alphabet="ab \n\t.", max_size=60), st.sampled_from(["\n", "\n\n", ". "]))
def test_joining_gives_the_text_back(text, delimiter):
    steps = split_steps(text, delimiter)
    assert join_steps(steps) == (text if text.strip() else "")


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
