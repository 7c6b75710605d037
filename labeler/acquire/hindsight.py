"""How much of what was expected of questions came true, as the run's own answers show it.

What a question is expected to decide (`gain`) is the label model's opinion of itself: where states
look alike to all labelers, or their mistakes go together in ways that it cannot see, it hopes for
too much, always of the same labelers. So each question that was asked of a solution that was open
is put again to the model of today, with what was known of the solution then: the steps that it
would have expected, and those that the answer decided. A labeler's share is the one sum divided by
the other, begun with `AT_FIRST` on `PRIOR_STEPS` expected steps.

Source: the calibration of a forecast by its ratio to what happened, shrunk as a Gamma-Poisson rate
is (Efron and Morris, JASA 1975, on such estimates).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from labeler.acquire.board import Case
from labeler.acquire.gain import Expecting

AT_FIRST = 0.5
PRIOR_STEPS = 10.0


def came_true(cases: Iterable[Case], expecting: Expecting, free: Iterable[str]) -> dict[str, float]:
    """By labeler that is not free; `expecting` counts on everything that it expects."""
    free = set(free)
    asked = [one for case in cases for one in _as_it_was(case, free)]
    found = expecting.gains([(before, (name,)) for before, name, _ in asked]).tolist()
    sums: dict[str, list[float]] = {}
    for (before, name, after), expected in zip(asked, found, strict=True):
        was = expecting.decided(before)
        if was < len(before.solution.steps) and expected > 0:
            mine = sums.setdefault(name, [0.0, 0.0])
            mine[0] += expected
            mine[1] += expecting.decided(after) - was
    return {
        name: max(0.0, AT_FIRST * PRIOR_STEPS + actual) / (PRIOR_STEPS + expected)
        for name, (expected, actual) in sums.items()
    }


def _as_it_was(case: Case, free: set[str]) -> Iterator[tuple[Case, str, Case]]:
    """Each answer that was paid for, between what was known before and after it."""
    before = _heard(case, {name for name in case.asked if name in free}, case.asked)
    heard = {name for name in case.asked if name in free}
    for name in (one for one in case.asked if one not in free):
        heard.add(name)
        after = _heard(case, heard, case.asked)
        yield before, name, after
        before = after


def _heard(case: Case, names: set[str], asked: Iterable[str]) -> Case:
    """The solution as if of those who were asked only these had spoken."""
    silent = set(asked) - names
    steps = tuple(
        replace(step, evidence=tuple(e for e in step.evidence if e.labeler not in silent))
        for step in case.row.steps
    )
    return Case(case.problem, case.solution, replace(case.row, steps=steps))
