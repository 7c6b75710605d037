"""Narrated states, run: what each simulator finds, and what it leaves alone."""

from __future__ import annotations

import pytest

from labeler.checking.claims.decide import Kind
from labeler.checking.claims.steps import check_solution
from labeler.records import Verdict

BALLS = (
    "Alice, Bob, and Claire are playing a game. At the start of the game, they are each holding a "
    "ball: Alice has a orange ball, Bob has a white ball, and Claire has a blue ball. First, Bob "
    "and Alice swap balls. Then, Claire and Alice swap balls. Finally, Bob and Claire swap balls."
)
START = "At the start: Alice: orange, Bob: white, Claire: blue."
SORT = "Sort the following words in alphabetical order: pear fig apple"
CLOSE = "Complete the sequence, making sure that the parentheses are closed properly. Input: [ {"

FALSE = {
    "swaps": (BALLS, START, "Bob and Alice swap: Alice: white, Bob: white, Claire: blue."),
    "swaps, another pair": (
        BALLS,
        START,
        "Bob and Claire swap: Alice: orange, Bob: blue, Claire: white.",
    ),
    "swaps, the start": (BALLS, "At the start: Alice: white, Bob: orange, Claire: blue."),
    "queue": ("", "queue: [1, 2]", "enqueue 3, queue: [1, 2, 3]", "dequeue, queue: [1, 2]"),
    "stack": ("", "stack: [a]", "push b: stack: [a, b]", "pop: stack: [b]"),
    "push": ("", "stack: [a]", "push b: stack: [a, c]"),
    "sorting": (SORT, "The sorted list is: apple, pear, fig"),
    "sorting numbers": ("Sort in descending order: 3, 10, 7", "The sorted list is: 3, 7, 10"),
    "brackets": (CLOSE, "0: empty stack", "1: [ ; stack: [", "2: { ; stack: {"),
    "brackets, closing": (CLOSE, "1: [ ; stack: [", "2: ] ; stack: ["),
    "weekday": ("", "10 days after Monday is Friday."),
    "month": ("", "April has 31 days."),
    "date": ("", "30 days after March 5 is April 5."),
    "dated weekday": ("", "November 9, 2002 was a Sunday."),
    "rest of the year": (
        "It eats 1 cup for the first 180 days.",
        "The remaining 85 days of the year",
    ),
    "span": ("", "from 2:15 to 2:38 is 33 minutes"),
    "time": ("", "3 hours after 11 am is 3 pm."),
    "coins": ("", "3 quarters are 80 cents."),
    "containers": ("", "A: 5, B: 4", "Move 2 from A to B: A: 3, B: 7"),
    "walk": (
        "Take 3 steps. Turn left.",
        "We start at (0, 0), facing the positive y-axis.",
        "Take 3 steps: (0, 4), facing the positive y-axis.",
    ),
    "turn": (
        "Take 3 steps. Turn left.",
        "We start at (0, 0), facing north.",
        "Turn left: (0, 0), facing east.",
    ),
}

TRUE = {
    "swaps": (
        BALLS,
        START,
        "Bob and Alice swap: Alice: white, Bob: orange, Claire: blue.",
        "Claire and Alice swap: Alice: blue, Bob: orange, Claire: white.",
    ),
    "queue": ("", "queue: [1, 2]", "enqueue 3, queue: [1, 2, 3]", "dequeue, queue: [2, 3]"),
    "queue, newest first": ("", "queue: [2, 1]", "enqueue 3: queue: [3, 2, 1]"),
    "stack": ("", "stack: [a]", "push b: stack: [a, b]", "pop: stack: [a]"),
    "sorting": (SORT, "The sorted list is: apple, fig, pear"),
    "brackets": (CLOSE, "0: empty stack", "1: [ ; stack: [", "2: { ; stack: [ {"),
    "weekday": ("", "10 days after Monday is Thursday, 7 days before Friday is Friday."),
    "month": ("", "April has 30 days. February has 29 days."),
    "date": ("", "30 days after March 5 is April 4."),
    "dated weekday": ("", "November 9, 2002 was a Saturday."),
    "span": ("", "from 10:50 to 12:05 is 1 hour and 15 minutes"),
    "span over noon": ("", "From 9 a.m. to 5 p.m. is 8 hours."),
    "coins": ("", "3 quarters are 75 cents and 4 dimes = $0.40."),
    "containers": ("", "A: 5, B: 4", "Move 2 from A to B: A: 3, B: 6"),
    "walk": (
        "Take 3 steps. Turn left. Take 2 steps.",
        "We start at (0, 0), facing the positive y-axis.",
        "Take 3 steps: (0, 3), facing the positive y-axis.",
        "Turn left: (0, 3), facing the negative x-axis.",
        "Take 2 steps: (-2, 3), facing the negative x-axis.",
    ),
}

LEFT_ALONE = {
    "a swap that is undone by words": (BALLS, START, "Bob and Alice swap, so she has white now."),
    "things by other names": (
        BALLS,
        START,
        "Bob and Alice swap: Alice: cat, Bob: dog, Claire: cow.",
    ),
    "two moves at once": (
        "",
        "A: 5, B: 4",
        "Move 2 from A to B and move 1 from B to A: A: 4, B: 9",
    ),
    "half a queue": ("", "queue: [1, 2]", "We enqueue something.", "queue: [9]"),
    "a date over February": ("", "60 days after January 10 is March 12."),
    "bare numbers": ("", "from 3 to 7 is 4 hours of work for each"),
    "a ratio of times": ("", "If 3 hours after 11 am is 3 pm, then all clocks are wrong."),
    "a stack of hay": ("", "The stack: it has 5 bales."),
    "quarters of a game": ("", "4 quarters = 60 minutes"),
    "a point": ("Find the midpoint.", "The points (0, 1) and (2, 3)."),
}


def states(problem: str, *steps: str) -> set[Verdict]:
    """What is said of narrated states."""
    found = check_solution(problem, steps)
    return {link.verdict for links in found for link in links if link.kind is Kind.STATE}


@pytest.mark.parametrize("told", FALSE.values(), ids=FALSE)
def test_a_state_that_does_not_follow_is_false(told: tuple[str, ...]) -> None:
    assert Verdict.WRONG in states(*told)


@pytest.mark.parametrize("told", TRUE.values(), ids=TRUE)
def test_states_that_follow_hold(told: tuple[str, ...]) -> None:
    assert states(*told) == {Verdict.CORRECT}


@pytest.mark.parametrize("told", LEFT_ALONE.values(), ids=LEFT_ALONE)
def test_what_is_not_recognised_in_full_is_not_decided(told: tuple[str, ...]) -> None:
    assert Verdict.WRONG not in states(*told)


def test_one_slip_is_one_error() -> None:
    found = check_solution(
        BALLS,
        (
            START,
            "Bob and Alice swap: Alice: white, Bob: white, Claire: blue.",
            "Claire and Alice swap: Alice: blue, Bob: white, Claire: white.",
        ),
    )
    wrong = [any(link.verdict is Verdict.WRONG for link in links) for links in found]
    assert wrong == [False, True, False]
