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

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, combinations

from labeler.acquire.base import Ask, Asking, Terms
from labeler.acquire.board import Board, Case
from labeler.acquire.gain import Expecting, Sources
from labeler.acquire.habits import Prices

MOST_EXPLORING = 0.1
"""Of a group's budget."""


@dataclass(frozen=True)
class Known:
    """What the pilot has taught; fixed from then on.

    `dropped` are labelers that are asked no more, each with the reason. `worth` are the steps that
    a unit of what is spent must be expected to decide.
    """

    expecting: Expecting
    prices: Prices
    worth: float = 0.0
    dropped: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """The best that can be asked of a solution, and what it is worth: steps for a unit."""

    ask: Ask
    rate: float
    price: float


def spend(
    board: Board,
    numbers: Sequence[int],
    terms: Terms,
    known: Known,
    explored: Collection[int] = (),
    budget: float | None = None,
    most_over: float = 0.5,
) -> Asking:
    """Asks about the solutions with these numbers. The last question may cost more than is left, by
    `most_over` of its price: a half where nobody gets what is left over, nothing where others do.
    """
    before = board.spent().of(terms.unit)
    asked = [
        Ask(n, name)
        for n in numbers
        for name in terms.sources
        if is_free(name, known) and board.cases[n].may_hear(name)
    ]
    asked += _to_explore(board, [n for n in numbers if n in explored], terms, known, budget)
    best: dict[int, tuple[object, Question | None]] = {}
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
        found = best_questions([(n, board.cases[n]) for n in changed], terms, known)
        best |= {n: (board.cases[n].row, found.get(n)) for n in changed}
        questions = [one for n in still_open if (one := best[n][1]) is not None]
        questions.sort(key=lambda one: (-one.rate, one.ask.number))
        asked = _affordable([paid.corrected(one) for one in questions], left, most_over)
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
    board: Board, explored: Sequence[int], terms: Terms, known: Known, budget: float | None
) -> list[Ask]:
    """Everybody about these, the cheapest questions first, as far as `MOST_EXPLORING` of a budget
    pays.
    """
    asks = [
        (known.prices.of(name, board.cases[n]), Ask(n, name))
        for n in explored
        for name in terms.sources
        if not is_free(name, known) and board.cases[n].may_hear(name)
    ]
    if budget is None:
        return [ask for _, ask in asks]
    asks.sort(key=lambda one: one[0])
    sums = accumulate(price for price, _ in asks)
    return [ask for (_, ask), n in zip(asks, sums, strict=True) if n <= MOST_EXPLORING * budget]


def is_free(source: str, known: Known) -> bool:
    """Whether asking costs nothing in what is to be spent sparingly."""
    table = (known.prices.by_source, known.prices.of_wrong)
    return all(prices.get(source) == 0.0 for prices in table)


def best_questions(
    cases: Sequence[tuple[int, Case]], terms: Terms, known: Known
) -> dict[int, Question]:
    """Of each solution the best question, by its number, if any is worth it."""
    sets: list[tuple[int, Case, Sources]] = []
    for number, case in cases:
        open_to = [s for s in terms.sources if s not in known.dropped and case.may_hear(s)]
        sets += [(number, case, one) for k in (1, 2) for one in combinations(open_to, k)]
    kept = known.expecting.gains([(case, sources) for _, case, sources in sets]).tolist()
    best: dict[int, Question] = {}
    for (number, case, sources), steps in zip(sets, kept, strict=True):
        prices = {source: known.prices.of(source, case) for source in sources}
        whole = sum(prices.values())
        rate = steps / whole if whole else float("inf")
        first = min(sources, key=lambda source: (prices[source], source))
        question = Question(Ask(number, first), rate, prices[first])
        if rate >= known.worth and steps > 0 and (number not in best or rate > best[number].rate):
            best[number] = question
    return best


def _affordable(questions: Sequence[Question], left: float | None, most_over: float) -> list[Ask]:
    """Those that half of what is left pays for, since prices are estimates; at last one at a time,
    while any fits, and then the cheapest, if what is left pays for enough of it.
    """
    if left is None or not questions:
        return [one.ask for one in questions]
    chosen: list[Ask] = []
    for_now = left / 2
    for one in questions:
        if one.price <= for_now:
            chosen.append(one.ask)
            for_now -= one.price
    if chosen:
        return chosen
    fitting = [one for one in questions if one.price <= left]
    last = fitting[0] if fitting else min(questions, key=lambda one: one.price)
    return [last.ask] if last.price * (1 - most_over) <= left else []
