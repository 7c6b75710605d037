"""Which step a token belongs to, whatever the tokenizer merges."""

from __future__ import annotations

import pytest

from labeler.driver.pieces import logprobs_by_piece


@pytest.mark.parametrize(
    ("tokens", "pieces", "expected"),
    [
        (("1+1", "\n", "2"), ("1+1\n", "2"), ((-1, -2), (-3,))),
        # a token of white space belongs where it begins
        (("a", "\n\n\n", "b"), ("a\n", "\n\n", "b"), ((-1, -2), (), (-3,))),
        # one that reaches over the end of a step, where most of its visible characters are
        (("a", ".\n", " The", " end"), ("a.\n ", "The end"), ((-1, -2), (-3, -4))),
        (("a", "b\ncd"), ("ab\n", "cd"), ((-1,), (-2,))),
        (("a", "b\nc"), ("ab\n", "c"), ((-1, -2), ())),
        # three steps in one token
        (("x\nyy\nz",), ("x\n", "yy\n", "z"), ((), (-1,), ())),
        # parts of a character go with the token before, the end token is no step's
        (("a", "", "é\n", "b", ""), ("aé\n", "b"), ((-1, -2, -3), (-4,))),
        ((), (), ()),
        ((), ("",), ((),)),
    ],
)
def test_a_token_belongs_to_the_step_that_holds_most_of_it(tokens, pieces, expected):
    logprobs = [-1.0 - i for i in range(len(tokens))]
    assert logprobs_by_piece(tokens, logprobs, pieces) == tuple(map(tuple, expected))


def test_tokens_of_another_text_tell_nothing():
    assert logprobs_by_piece(("a", "b"), (-1.0, -2.0), ("a", "c")) is None
    assert logprobs_by_piece(("a", "b"), (-1.0,), ("a", "b")) is None
