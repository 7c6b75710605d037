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

from collections.abc import Collection, Iterable, Iterator

from labeler.acquire.board import Case
from labeler.acquire.gain import Expecting

AT_FIRST = 0.5
PRIOR_STEPS = 10.0


def came_true(
    cases: Iterable[Case], expecting: Expecting, paid: Collection[str]
) -> dict[str, float]:
    """By labeler that is paid for; `expecting` counts on everything that it expects."""
    asked = [one for case in cases for one in _as_it_was(case, paid)]
    found = expecting.gains([(before, (name,)) for before, name, _ in asked]).tolist()
    sums: dict[str, list[float]] = {}
    for (before, name, after), expected in zip(asked, found, strict=True):
        if expected > 0:
            mine = sums.setdefault(name, [0.0, 0.0])
            mine[0] += expected
            mine[1] += expecting.decided(after) - expecting.decided(before)
    return {
        name: max(0.0, AT_FIRST * PRIOR_STEPS + actual) / (PRIOR_STEPS + expected)
        for name, (expected, actual) in sums.items()
    }


def _as_it_was(case: Case, paid: Collection[str]) -> Iterator[tuple[Case, str, Case]]:
    """Each answer that was paid for, between what was known before and after it."""
    still_to_come = [name for name in case.asked if name in paid]
    before = case.without(still_to_come)
    while still_to_come:
        name, *still_to_come = still_to_come
        after = case.without(still_to_come)
        yield before, name, after
        before = after
