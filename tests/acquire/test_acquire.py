"""Whom acquisition asks, on simulated solutions whose labelers' worth is known."""

import dataclasses
import random
import re
from collections import Counter

import pytest

from labeler.acquire.base import Ask, Terms, Unit
from labeler.acquire.drift import degraded, got_worse
from labeler.acquire.drop import dropped
from labeler.acquire.gain import Expecting
from labeler.acquire.habits import learn_habits, learn_prices
from labeler.acquire.hindsight import came_true
from labeler.acquire.pilot import DRAWN, learned, learning, share_of
from labeler.acquire.spend import spend
from labeler.consensus.fusion import Fusion, FusionRule
from labeler.consensus.label_model import LabelModel
from tests.acquire.replayed import answer, board_of, drive
from tests.consensus.simulation import JUDGE, SPARE, Judge, simulate

RULE = Fusion(FusionRule(min_confidence=0.9))
SOURCES = ("judge", "spare", "monte_carlo")
DICE = Judge("dice", "other", right=0.5, error=0.5, after=0.5, stops=False)
GRATIS = Judge("gratis", "another", right=0.99, error=0.05, after=0.3)
COPY = Judge("copy", "other", copies="judge")
N, PILOT = 120, 40


def rows_of(*judges, seed=0, n=N):
    """Solutions of problems that have a reference, for SPARE to speak."""
    rows = [row for row, _ in simulate(n, judges, seed)]
    return [
        dataclasses.replace(
            row, problem=dataclasses.replace(row.problem, reference_solution=("step",))
        )
        for row in rows
    ]


def acquire(rows, sources=SOURCES, **terms):
    """What was learned on a pilot of 40, and how often who was asked about the others."""
    asked_for = Terms(sources, 0.9, pilot=PILOT, enough=PILOT, explore=0.0, **terms)
    pilot = board_of(rows[:PILOT], RULE)
    drive(learning(pilot, RULE, asked_for, len(rows)), rows[:PILOT])
    known = learned(pilot, RULE, asked_for)
    board = board_of(rows[PILOT:], dataclasses.replace(RULE, model=known.expecting.model))
    numbers = range(len(rows) - PILOT)
    share = share_of(pilot, asked_for, len(numbers))
    budget = None if share is None else share * len(numbers)
    asked = drive(spend(board, numbers, asked_for, known, (), budget), rows[PILOT:])
    return known, asked, pilot, board


@pytest.fixture(scope="module")
def plain():
    return acquire(rows_of(JUDGE, SPARE))


def test_a_dear_labeler_is_asked_where_cheap_ones_leave_something_open(plain):
    _, asked, pilot, board = plain
    assert asked["monte_carlo"] < asked["spare"]
    everybody = sum(len(c.solution.steps) * 232 for one in (pilot, board) for c in one.cases)
    assert pilot.spent().tokens + board.spent().tokens < everybody / 4
    assert sum(case.is_decided for case in board.cases) > 0.6 * len(board.cases)


def test_what_is_asked_depends_on_nothing_but_the_replies(plain):
    again = acquire(rows_of(JUDGE, SPARE))
    assert again[1] == plain[1]
    assert [case.asked for case in again[3].cases] == [case.asked for case in plain[3].cases]


def rounds(asking, rows):
    """What is asked, round by round."""
    found, asks = [], next(asking, None)
    while asks is not None:
        found.append(asks)
        try:
            asks = asking.send([answer(rows[ask.number], ask.source) for ask in asks])
        except StopIteration:
            asks = None
    return found


def test_what_costs_nothing_is_heard_of_all_before_others_are_paid_for_what_it_leaves_open():
    rows, sources = rows_of(JUDGE, SPARE, GRATIS), ("gratis", "judge", "spare")
    terms = Terms(sources, 0.9, pilot=PILOT, enough=PILOT)
    board = board_of(rows, RULE)
    first, free, *paid = rounds(learning(board, RULE, terms, N), rows)
    assert Counter(ask.source for ask in first) == dict.fromkeys(sources, 1)
    assert Counter(ask.source for ask in free) == {"gratis": N - 1}
    asked = {ask.number for one in paid for ask in one}
    assert asked <= set(range(PILOT))
    gratis = board_of(rows, RULE)
    gratis.add(free, [answer(rows[ask.number], "gratis") for ask in free])
    gratis.decide_by(RULE.fit(gratis.rows()))
    assert 0 < sum(gratis.cases[n].is_decided for n in asked) <= DRAWN


def test_less_is_asked_where_a_smaller_share_of_what_all_would_decide_is_enough():
    spent, kept = {}, {}
    for share in (0.5, 0.8, 1.0):
        *_, board = acquire(rows_of(JUDGE, SPARE), kept=share)
        spent[share] = board.spent().tokens
        kept[share] = sum(case.n_kept for case in board.cases)
    assert spent[0.5] < spent[0.8] < spent[1.0]
    assert 0.4 < kept[0.5] / kept[1.0] < kept[0.8] / kept[1.0] < 1


def test_what_is_left_of_a_budget_is_not_spent_where_nothing_is_open():
    """Asking the two about everything costs 23,000; what is open takes less."""
    _, _, _, enough = acquire(rows_of(JUDGE, SPARE), ("judge", "spare"))
    _, _, pilot, board = acquire(rows_of(JUDGE, SPARE), ("judge", "spare"), budget=15_000.0)
    assert enough.spent().tokens < 10_000
    assert pilot.spent().tokens + board.spent().tokens < 12_000
    assert all(case.is_decided or len(case.asked) == 2 for case in board.cases)


def test_a_labeler_that_decides_less_than_was_hoped_for_is_expected_to_decide_less():
    """By the model's belief about any judge, before it has learned which of them rolls dice."""
    rows, sources = rows_of(JUDGE, SPARE, DICE), ("spare", "dice")
    board = board_of(rows, RULE)
    asks = [Ask(n, name) for n in range(N) for name in sources]
    board.add(asks, [answer(rows[ask.number], ask.source) for ask in asks])
    hopes = Expecting(LabelModel(), learn_habits(board.cases, sources), 0.9)
    found = came_true(board.cases, hopes, sources)
    assert found["dice"] < 0.5 < found["spare"]


def test_nobody_is_asked_twice_and_nobody_about_what_is_decided(plain):
    *_, board = plain
    assert all(cost.calls == 1 for case in board.cases for cost in case.asked.values())
    for case in board.cases:
        if case.decided_by:
            assert list(case.asked)[-1] == case.decided_by


def test_a_labeler_whose_verdicts_are_random_is_dropped():
    known, asked, *_ = acquire(rows_of(JUDGE, SPARE, DICE), (*SOURCES, "dice"))
    assert list(known.dropped) == ["dice"]
    assert "no difference to be seen" in known.dropped["dice"]
    assert asked["dice"] == 0


def test_a_copy_of_another_labeler_is_dropped():
    known, asked, *_ = acquire(rows_of(JUDGE, SPARE, COPY), (*SOURCES, "copy"))
    [(name, reason)] = known.dropped.items()
    assert name in ("copy", "judge")
    assert "said the same as" in reason
    assert asked[name] == 0


def test_who_says_the_same_of_wrong_answers_only_replaces_nobody():
    rows = rows_of(JUDGE, SPARE, Judge("bisect", "other", copies="spare"))
    board, sources = board_of(rows, RULE), ("spare", "bisect")
    asks = [Ask(n, s) for n, c in enumerate(board.cases) for s in sources if c.may_hear(s)]
    board.add(asks, [answer(rows[ask.number], ask.source) for ask in asks])
    prices = learn_prices(board.cases, Unit.TOKENS)
    assert prices.by_source["bisect"] < prices.by_source["spare"]
    model, habits = RULE.fit(board.rows()).model, learn_habits(board.cases, sources)
    assert dropped(board.cases, model, habits, prices, sources) == {}


@pytest.mark.parametrize("budget", [7_000, 9_000])
def test_a_budget_is_spent_to_within_two_in_a_hundred(budget):
    _, _, pilot, board = acquire(rows_of(JUDGE, SPARE), budget=float(budget))
    spent = pilot.spent().tokens + board.spent().tokens
    assert spent == pytest.approx(budget, rel=0.02)


def test_a_labeler_that_gets_worse_is_noticed():
    worse = dataclasses.replace(SPARE, right=0.7, error=0.5)
    before, later = rows_of(JUDGE, SPARE), rows_of(JUDGE, worse, seed=1, n=60)
    rule = RULE.fit(before)
    said = degraded(before, later, rule, SOURCES)
    assert list(said) == ["spare"]
    assert "explored" in said["spare"]
    assert degraded(before, rows_of(JUDGE, SPARE, seed=1, n=60), rule, SOURCES) == {}


def test_a_labeler_that_gets_worse_late_in_a_run_is_noticed():
    """Of 24 solutions that are explored, the last ten are those on which it is worse."""
    worse = dataclasses.replace(SPARE, right=0.7, error=0.5)
    before, sound = rows_of(JUDGE, SPARE, n=24), rows_of(JUDGE, SPARE, seed=1, n=14)
    rule = RULE.fit(rows_of(JUDGE, SPARE))
    said = degraded(before, [*sound, *rows_of(JUDGE, worse, seed=2, n=10)], rule, SOURCES)
    assert list(said) == ["spare"]
    assert re.fullmatch(
        r"against what others decided it was wrong on \d of the last \d+ solutions explored, "
        r"on \d of \d+ before",
        said["spare"],
    )
    assert degraded(before, [*sound, *rows_of(JUDGE, SPARE, seed=2, n=10)], rule, SOURCES) == {}


def test_mistakes_that_come_as_chance_has_it_are_not_said():
    """300 runs of a labeler that is wrong on a tenth, or on three tenths, from first to last."""
    draws = random.Random(3)
    said = []
    for n in range(300):
        share = 0.1 if n % 2 else 0.3
        pilot, explored = ([draws.random() < share for _ in range(n)] for n in (10, 40))
        said.append(got_worse(pilot, explored))
    assert said == [""] * 300


def explored_at_once(known, rows, budget, explore=None):
    """Of ten solutions that are explored, how often who is asked first, and at what price."""
    board = board_of(rows[:10], RULE)
    drawn = {n: n / 100 for n in range(10)}
    asks = next(spend(board, range(10), Terms(SOURCES, 0.9, explore=explore), known, drawn, budget))
    price = sum(known.prices.of(ask.source, board.cases[ask.number]) for ask in asks)
    return Counter(ask.source for ask in asks), price


def test_who_explores_asks_everybody_but_spends_a_tenth_of_a_budget_at_most(plain):
    known, rows = plain[0], rows_of(JUDGE, SPARE)[PILOT:]
    everybody, whole = explored_at_once(known, rows, None, explore=0.1)
    assert everybody == dict.fromkeys(SOURCES, 10)
    some, price = explored_at_once(known, rows, whole)
    assert price <= whole / 10
    assert some["monte_carlo"] < some["judge"] <= some["spare"] == 10


def test_without_a_budget_who_is_dear_is_explored_on_the_smallest_draws_only(plain):
    """Each of three has 40 tokens; a solution of 8 steps costs brute force 1,600 tokens."""
    known, rows = plain[0], rows_of(JUDGE, SPARE)[PILOT:]
    some, _ = explored_at_once(dataclasses.replace(known, usual=1200.0), rows, None)
    assert some["spare"] == some["judge"] == 10 > some["monte_carlo"] > 1


def test_without_a_budget_ten_times_the_usual_price_is_too_dear_and_under_one_nothing_is():
    assert Terms(SOURCES, 0.9).worth(100, 1000.0) == pytest.approx(0.1 / 10)
    assert Terms(SOURCES, 0.9, budget=5000.0).worth(100, 1000.0) == 0.0
    assert Terms(SOURCES, 0.9, budget=5000.0, dearest=2.0).worth(100, 1000.0) == 0.05
