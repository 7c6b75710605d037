"""The questions of a group of solutions, in rounds, until a target is met or a budget is gone.

What costs nothing is asked first, of every solution. Then each that is not decided names its best
question: that which is expected to decide most steps for what it costs, alone or before a second
one. Questions are asked in the order of that rate, all solutions of the group together, as far as
the budget goes and as long as they are worth it. Solutions that are explored are asked about by
everybody at once, under a budget by those whose price is a small part of it.

A group's budget is its own, so that groups need not know of each other: neither shards nor timing
change what is asked.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, combinations

from labeler.acquire.base import Ask, Asking, Terms
from labeler.acquire.board import Board, Case
from labeler.acquire.gain import Expecting, Sources
from labeler.acquire.habits import Prices

MOST_EXPLORING = 0.1
"""Of a group's budget, or of what is usually spent."""
DEAR = 0.1
"""Of a group's budget: a question that takes more must fit with `MARGIN`, for its price is an
estimate."""
MARGIN = 1.25
"""Times its estimated price."""

NOBODY: Mapping[int, float] = {}


@dataclass(frozen=True)
class Known:
    """What the pilot has taught; fixed from then on.

    `dropped` are labelers that are asked no more, each with the reason. `worth` are the steps that
    a unit of what is spent must be expected to decide. `usual` is what is spent on a solution.
    """

    expecting: Expecting
    prices: Prices
    worth: float = 0.0
    dropped: dict[str, str] = field(default_factory=dict)
    usual: float = 0.0


@dataclass(frozen=True, slots=True)
class Question:
    """The best that can be asked of a solution, and what it is worth: steps for a unit."""

    ask: Ask
    rate: float
    price: float
    steps: float
    """That will have been decided of it, it and its second together."""


@dataclass(frozen=True, slots=True)
class Prospect:
    """Of an open solution: its best question, if any is worth it, and the most steps that are
    expected to be decided of it, whatever that costs.
    """

    best: Question | None = None
    most: float = 0.0


def spend(
    board: Board,
    numbers: Sequence[int],
    terms: Terms,
    known: Known,
    explored: Mapping[int, float] = NOBODY,
    budget: float | None = None,
    most_over: float = 0.5,
) -> Asking:
    """Asks about the solutions with these numbers. The last question may cost more than is left, by
    `most_over` of its price: a half where nobody gets what is left over, nothing where others do.
    `explored` are numbers with a draw from [0, 1) each.
    """
    before = board.spent().of(terms.unit)
    asked = [
        Ask(n, name)
        for n in numbers
        for name in terms.sources
        if known.prices.is_free(name) and board.cases[n].may_hear(name)
    ]
    asked += _to_explore(board, explored, terms, known, budget)
    best: dict[int, tuple[object, Prospect]] = {}
    paid = Paid(known.prices)
    while True:
        if asked:
            answers = yield asked
            board.add(asked, answers)
            paid.add(board, asked, [one.spent.of(terms.unit) for one in answers])
        left = None if budget is None else budget - (board.spent().of(terms.unit) - before)
        still_open = [n for n in numbers if not board.cases[n].is_decided]
        # What nobody has said more of since is worth what it was.
        changed = [n for n in still_open if n not in best or best[n][0] is not board.cases[n].row]
        found = prospects([(n, board.cases[n]) for n in changed], terms, known)
        best |= {n: (board.cases[n].row, found[n]) for n in changed}
        questions = [one for n in still_open if (one := best[n][1].best) is not None]
        questions.sort(key=lambda one: (-one.rate, one.price, one.ask.number))
        if budget is None:
            n_decided = sum(board.cases[n].n_kept for n in numbers)
            most = n_decided + sum(best[n][1].most for n in still_open)
            questions = _enough(questions, terms.kept * most - n_decided)
        asked = _affordable([paid.corrected(one) for one in questions], left, budget, most_over)
        if not asked:
            return


@dataclass
class Paid:
    """What questions of a group have cost, by labeler, beside what was expected: a pilot that asked
    a dear labeler once knows its price badly.
    """

    prices: Prices
    sums: dict[str, tuple[int, float, float]] = field(default_factory=dict)

    def add(self, board: Board, asked: Sequence[Ask], costs: Sequence[float]) -> None:
        for ask, cost in zip(asked, costs, strict=True):
            n, expected, actual = self.sums.get(ask.source, (0, 0.0, 0.0))
            price = self.prices.of(ask.source, board.cases[ask.number])
            self.sums[ask.source] = (n + 1, expected + price, actual + cost)

    def corrected(self, question: Question) -> Question:
        """With the price that it will rather have; the pilot's counts as one question."""
        n, expected, actual = self.sums.get(question.ask.source, (0, 0.0, 0.0))
        if not expected:
            return question
        mean = expected / n
        factor = (actual + mean) / (expected + mean)
        return replace(question, price=question.price * factor)


def _to_explore(
    board: Board, explored: Mapping[int, float], terms: Terms, known: Known, budget: float | None
) -> list[Ask]:
    """Everybody about these. Under a budget as far as `MOST_EXPLORING` of it pays, the cheapest
    questions first. Without one, where the run does not say how many to explore, each labeler that
    costs something has an equal part of what is usually spent, and who is so dear that it would
    need more is asked about those with the smallest draws.
    """
    asks = [
        (known.prices.of(name, board.cases[n]), Ask(n, name))
        for n in explored
        for name in terms.sources
        if not known.prices.is_free(name) and board.cases[n].may_hear(name)
    ]
    if budget is None and terms.explore is not None:
        return [ask for _, ask in asks]
    if budget is None:
        paid = [name for name in terms.sources if not known.prices.is_free(name)]
        part = MOST_EXPLORING * known.usual / max(len(paid), 1)
        return [ask for price, ask in asks if explored[ask.number] * price < part]
    asks.sort(key=lambda one: one[0])
    sums = accumulate(price for price, _ in asks)
    return [ask for (_, ask), n in zip(asks, sums, strict=True) if n <= MOST_EXPLORING * budget]


def prospects(cases: Sequence[tuple[int, Case]], terms: Terms, known: Known) -> dict[int, Prospect]:
    """Of each solution, by its number. Under a budget anything is worth asking."""
    sets: list[tuple[int, Case, Sources]] = []
    for number, case in cases:
        open_to = [s for s in terms.sources if s not in known.dropped and case.may_hear(s)]
        sets += [(number, case, one) for k in (1, 2) for one in combinations(open_to, k)]
    kept = known.expecting.gains([(case, sources) for _, case, sources in sets]).tolist()
    known_now = {number: known.expecting.decided(case) for number, case in cases}
    best = {number: Prospect() for number, _ in cases}
    limit = known.worth or -math.inf
    for (number, case, sources), steps in zip(sets, kept, strict=True):
        prices = {source: known.prices.of(source, case) for source in sources}
        whole = sum(prices.values())
        rate = steps / whole if whole else float("inf")
        first = min(sources, key=lambda source: (prices[source], source))
        decided = known_now[number] + steps
        question = Question(Ask(number, first), rate, prices[first], decided)
        before = best[number]
        is_worth_it = rate >= limit and (steps > 0 or terms.budget is not None)
        is_better = is_worth_it and (before.best is None or rate > before.best.rate)
        best[number] = Prospect(question if is_better else before.best, max(before.most, decided))
    return best


def _enough(questions: Sequence[Question], steps: float) -> list[Question]:
    """The first of these, as many as are expected to decide so many steps."""
    so_far = accumulate((one.steps for one in questions), initial=0.0)
    return [one for one, decided in zip(questions, so_far, strict=False) if decided < steps]


def _affordable(
    questions: Sequence[Question], left: float | None, budget: float | None, most_over: float
) -> list[Ask]:
    """Those that half of what is left pays for, since prices are estimates; at last one at a time,
    while any fits, and then the cheapest, if what is left pays for enough of it.
    """
    if left is None or budget is None or not questions:
        return [one.ask for one in questions]
    chosen: list[Ask] = []
    for_now = left / 2
    for one in questions:
        if one.price <= for_now:
            chosen.append(one.ask)
            for_now -= one.price
    if chosen:
        return chosen
    dear = DEAR * budget
    for one in questions:
        if one.price * (MARGIN if one.price > dear else 1) <= left:
            return [one.ask]
    last = min(questions, key=lambda one: one.price)
    fits = last.price <= dear and last.price * (1 - most_over) <= left
    return [last.ask] if fits else []
