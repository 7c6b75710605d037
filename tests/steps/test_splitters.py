"""The table of ways to split, and what of it a run file can say."""

from typing import get_args

import pytest

from labeler.config.run import RunConfig
from labeler.labelers.base import Policy
from labeler.records import Sampling
from labeler.steps import SPLITTERS
from tests.noisy_policy import CONFIG


def policy(splitter: str, delimiter: str = "\n") -> Policy:
    return Policy("m", "1", "{problem}", "", Sampling(), delimiter, 0, splitter)


def test_a_run_file_can_name_every_splitter():
    assert get_args(RunConfig.model_fields["steps"].annotation) == tuple(SPLITTERS)


@pytest.mark.parametrize(
    ("splitter", "steps"),
    [
        ("delimiter", ("x = [1].\n\n", "```\ny = 2\n\n", "z\r\n```")),
        ("auto", ("x = [1].\n\n", "```\ny = 2\n\nz\r\n```")),
        ("lines", ("x = [1].\n\n", "```\n", "y = 2\n\n", "z\r\n", "```")),
    ],
)
def test_each_splits_the_same_text_its_way(splitter, steps):
    assert policy(splitter, "\n\n").split("x = [1].\n\n```\ny = 2\n\nz\r\n```") == steps


@pytest.mark.parametrize(
    ("splitter", "step", "is_whole"),
    [
        ("delimiter", "a\n", True), ("delimiter", "a", False),
        ("auto", "It is 5.\n\n", True), ("auto", "It is 5", False), ("auto", "```\na\n\n", False),
        ("lines", "a\r\n", True), ("lines", "a", False),
    ],
)  # fmt: skip
def test_a_step_that_was_cut_off_is_known(splitter, step, is_whole):
    assert policy(splitter).is_whole(step) is is_whole


def test_a_run_that_says_nothing_of_steps_is_the_run_that_it_was():
    """The identity as it was computed before there was a choice."""
    said_nothing = RunConfig.model_validate(CONFIG, strict=False)
    as_ever = RunConfig.model_validate(CONFIG | {"steps": "delimiter"}, strict=False)
    other = RunConfig.model_validate(CONFIG | {"steps": "auto"}, strict=False)
    assert said_nothing.identity() == as_ever.identity() != other.identity()
    assert said_nothing.earlier_identity() == as_ever.earlier_identity() == IDENTITY
    assert other.earlier_identity() != IDENTITY


IDENTITY = "98f3b94c0b4e2e84f8216bd178b56678471677aad2fd6584531137449f886dd3"
