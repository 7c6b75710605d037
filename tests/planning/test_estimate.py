"""From a sample to a total: strata, intervals, prefixes that a cache knows."""

from __future__ import annotations

import random

import pytest

from labeler.planning.estimate import Drawn, draw, total
from labeler.planning.plan import Compared, Estimate
from labeler.planning.shared_prefixes import SharedPrefixes
from labeler.records import Problem, Source


def problem(length: int) -> Problem:
    source = Source("made", "1", "train", "MIT")
    return Problem(f"p{length:02}", "math", "x" * length, "1", source=source)


def test_one_problem_is_drawn_from_each_stratum_of_lengths():
    problems = [problem(length) for length in (7, 3, 9, 1, 5, 2, 8, 4, 6, 10)]
    drawn = draw(problems, 3, seed=5)
    lengths = [len(one.problem.text) for one in drawn]
    assert [one.stands_for for one in drawn] == [3, 3, 4]
    assert [1 <= lengths[0] <= 3, 4 <= lengths[1] <= 6, 7 <= lengths[2] <= 10] == [True] * 3
    assert draw(problems, 3, seed=5) == drawn
    assert {len(draw(problems, 3, seed)[0].problem.text) for seed in range(30)} == {1, 2, 3}


def test_a_sample_larger_than_the_set_is_the_set():
    problems = [problem(2), problem(1)]
    assert draw(problems, 24, seed=0) == [Drawn(problems[1], 1), Drawn(problems[0], 1)]


def test_where_all_was_measured_nothing_is_uncertain():
    assert total([3.0, 5.0], [1, 1], seed=0) == Estimate(8.0, 8.0, 8.0)


def test_where_all_problems_take_the_same_the_total_is_certain():
    assert total([4.0] * 5, [20] * 5, seed=0) == Estimate(400.0, 400.0, 400.0)


def test_a_total_is_never_below_what_was_measured():
    found = total([100.0, 0.0, 0.0], [2, 1, 1], seed=0)
    assert found.low >= 100.0


def test_intervals_hold_the_total_about_as_often_as_they_say():
    rng = random.Random(1)
    costs = [rng.lognormvariate(0, 0.7) for _ in range(120)]
    held = 0
    for seed in range(200):
        values = random.Random(seed).sample(costs, 24)
        found = total(values, [5] * 24, seed)
        held += found.low <= sum(costs) <= found.high
    # 95% for a normal population; a skewed one and 24 values cost some.
    assert held >= 176


def test_an_estimate_and_what_became_of_it():
    one = Compared(Estimate(100.0, 90.0, 112.0), 110.0)
    assert (one.off, one.is_within) == (pytest.approx(0.1), True)
    assert Compared(Estimate(100.0, 90.0, 105.0), 110.0).is_within is False
    assert Compared(Estimate(0.0, 0.0, 0.0), 0.0).off is None


def test_a_beginning_that_was_read_or_written_before_is_known_in_whole_blocks():
    read = SharedPrefixes()
    assert read.known_tokens("a" * 100, 100) == 0
    read.add("a" * 100)
    read.add("a" * 50 + "b" * 50)
    read.add("c")
    assert read.known_tokens("a" * 100, 100) == 96
    assert read.known_tokens("a" * 50 + "b" * 30 + "c" * 20, 100) == 80
    assert read.known_tokens("a" * 50 + "c" * 50, 50) == 16
    assert read.known_tokens("b" * 100, 100) == 0
    assert read.known_tokens("", 0) == 0
