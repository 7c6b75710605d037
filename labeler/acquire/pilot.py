"""The run's first problems, from which it learns whom to ask about the others.

One short problem is put to everybody, so that all prices are known. Who costs nothing is heard of
`Terms.heard` problems, and a first label model is fitted to that. Then the pilot: `DRAWN` problems
as they were drawn, and others that what costs nothing leaves open, for there something is to be
decided anyway. None spends more in it than `MOST_SPENT` times what the cheapest one spends, nor all
together more than `MOST_OF_BUDGET` of a budget.

The next ones are labelled as all others will be, with what is known by then; each group is as large
as all before it, and after each everything is learned anew, until `Terms.enough` problems were
seen. From then on nothing changes. That choice depends on what was seen makes the label model no
worse: it is fitted to what was said, and who was not asked has said nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from labeler.acquire.base import Ask, Asking, Terms
from labeler.acquire.board import Board, Case
from labeler.acquire.drop import dropped
from labeler.acquire.gain import Expecting
from labeler.acquire.habits import learn_habits, learn_prices
from labeler.acquire.hindsight import came_true
from labeler.acquire.spend import Known, spend
from labeler.consensus.fusion import Fusion

DRAWN = 4
MOST_SPENT = 1.0
MOST_OF_BUDGET = 0.25


def learning(board: Board, rule: Fusion, terms: Terms, n_problems: int) -> Asking:
    """Asks about the run's first problems, all of them on `board`, of `n_problems` in all."""
    problems = _problems(board, terms)
    # Nobody's price is known yet: everybody is asked about a short one.
    shortest = min(problems[: terms.pilot], key=lambda name: _n_steps(board, name))
    asked = _everybody(board, _numbers(board, [shortest]), terms)
    board.add(asked, (yield asked))
    free = [name for name in terms.sources if learn_prices(board.cases, terms.unit).is_free(name)]
    asked = _everybody(board, range(len(board.cases)), replace(terms, sources=tuple(free)))
    if asked:
        board.add(asked, (yield asked))
    board.decide_by(surer(rule, terms, learned(board, rule, terms)))
    pilot = _pilot(board, problems, shortest, terms)
    questions = _numbers(board, pilot[:DRAWN])
    questions += [n for n in _numbers(board, pilot[DRAWN:]) if not board.cases[n].is_decided]
    asked_first = 1
    while asked_first <= len(questions):
        some = questions[asked_first - 1 : 2 * asked_first - 1]
        asked = list(_as_far_as_they_pay(board, some, questions, terms))
        if asked:
            board.add(asked, (yield asked))
        asked_first *= 2
    others = [name for name in problems if name not in pilot]
    first = 0
    while True:
        known = learned(board, rule, terms)
        board.decide_by(surer(rule, terms, known))
        group = others[first : first + max(terms.pilot, first)]
        if not group:
            return
        share = share_of(board, terms, n_problems - len(pilot) - first)
        budget = None if share is None else share * len(group)
        numbers = _numbers(board, group)
        yield from spend(board, numbers, terms, known, budget=budget, most_over=0.0)
        first += len(group)


def _pilot(board: Board, problems: Sequence[str], shortest: str, terms: Terms) -> list[str]:
    """Some as they were drawn, then those that what costs nothing leaves open."""
    drawn = [shortest, *(name for name in problems if name != shortest)]
    still_open = {one.problem.problem_id for one in board.cases if not one.is_decided}
    rest = [name for name in drawn[DRAWN:] if name in still_open]
    return [*drawn[:DRAWN], *rest][: terms.pilot]


def surer(rule: Fusion, terms: Terms, known: Known) -> Fusion:
    """The rule by which acquisition takes a solution for decided."""
    settings = rule.settings.model_copy(update={"min_confidence": terms.asks_until})
    return replace(rule, settings=settings, model=known.expecting.model)


def share_of(board: Board, terms: Terms, n_others: int) -> float | None:
    """What may be spent on each of the other problems; None: as much as is worth it."""
    if terms.budget is None:
        return None
    return max(terms.budget - board.spent().of(terms.unit), 0.0) / max(n_others, 1)


def learned(board: Board, rule: Fusion, terms: Terms) -> Known:
    """What the solutions on the board that somebody was asked about teach."""
    asked = [case for case in board.cases if case.asked]
    model = rule.fit([case.row for case in asked]).model
    habits, prices = learn_habits(asked, terms.sources), learn_prices(asked, terms.unit)
    paid = {name for name in terms.sources if not prices.is_free(name)}
    expecting = Expecting(model, habits, terms.asks_until)
    expecting = replace(expecting, came_true=came_true(asked, expecting, paid))
    spent = board.spent().of(terms.unit)
    bought = _bought([case for case in asked if paid & case.asked.keys()], expecting, paid)
    return Known(
        expecting,
        prices,
        terms.worth(bought, spent),
        dropped(asked, model, habits, prices, terms.sources),
        spent / max(len(_numbers(board, _problems(board, terms))), 1),
    )


def _bought(cases: Sequence[Case], expecting: Expecting, paid: Collection[str]) -> float:
    """Steps that were decided by what was paid for."""
    before = (expecting.decided(case.without(paid)) for case in cases)
    return sum(expecting.decided(case) for case in cases) - sum(before)


def _problems(board: Board, terms: Terms) -> list[str]:
    """Those that are learned on."""
    return list(dict.fromkeys(one.problem.problem_id for one in board.cases))[: terms.n_learned]


def _numbers(board: Board, problems: Sequence[str]) -> list[int]:
    some = set(problems)
    return [n for n, case in enumerate(board.cases) if case.problem.problem_id in some]


def _n_steps(board: Board, problem: str) -> int:
    return sum(len(board.cases[n].solution.steps) for n in _numbers(board, [problem]))


def _everybody(board: Board, numbers: Sequence[int], terms: Terms) -> list[Ask]:
    return [Ask(n, s) for n in numbers for s in terms.sources if board.cases[n].may_hear(s)]


def _as_far_as_they_pay(
    board: Board, numbers: Sequence[int], of_pilot: Sequence[int], terms: Terms
) -> Iterator[Ask]:
    """The pilot's questions about these solutions; who was never asked is asked once, for its price
    is not known.
    """
    prices, spent = learn_prices(board.cases, terms.unit), dict.fromkeys(terms.sources, 0.0)
    whole = dict.fromkeys(terms.sources, 0.0)
    for case in board.cases:
        for name, cost in case.asked.items():
            spent[name] += cost.of(terms.unit)
            whole[name] += cost.of(terms.unit)
    for number in of_pilot:
        for name in terms.sources:
            if board.cases[number].may_hear(name):
                whole[name] += prices.of(name, board.cases[number])
    known = {name for case in board.cases for name in case.asked}
    most = most_in_pilot([one for one in whole.values() if one], terms)
    for number in numbers:
        case = board.cases[number]
        for name in (one for one in terms.sources if case.may_hear(one)):
            price = prices.of(name, case)
            pays = spent[name] + price <= most or name in terms.searching or not price
            if name not in known or (pays and name in prices.by_source):
                spent[name] += price
                known.add(name)
                yield Ask(number, name)


def most_in_pilot(costs: Sequence[float], terms: Terms) -> float:
    """What one labeler may spend in the pilot, given what each that is not free would take."""
    most = MOST_SPENT * min(costs, default=0.0)
    if terms.budget is None or not costs:
        return most
    return min(most, MOST_OF_BUDGET * terms.budget / len(costs))
