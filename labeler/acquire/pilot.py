"""The run's first problems, from which it learns whom to ask about the others.

The first `pilot` of them are asked about by everybody, so that reliabilities, correlations and
prices are those of an unchosen sample. A labeler that costs many times what the cheapest does is
asked about fewer: none spends more here than `MOST_SPENT` times what the cheapest one spends, nor
all together more than `MOST_OF_BUDGET` of a budget; but all are asked about the first `AT_FIRST`.

The next ones are labelled as all others will be, with what is known by then; each group is as large
as all before it, and after each everything is learned anew, until `Terms.enough` problems were
seen. From then on nothing changes. That choice depends on what was seen makes the label model no
worse: it is fitted to what was said, and who was not asked has said nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from labeler.acquire.base import Ask, Asking, Terms
from labeler.acquire.board import Board
from labeler.acquire.drop import dropped
from labeler.acquire.gain import Expecting
from labeler.acquire.habits import learn_habits, learn_prices
from labeler.acquire.spend import Known, spend
from labeler.consensus.fusion import Fusion

AT_FIRST = 1
MOST_SPENT = 2.0
MOST_OF_BUDGET = 0.25


def learning(board: Board, rule: Fusion, terms: Terms, n_problems: int) -> Asking:
    """Asks about the run's first problems, all of them on `board`, of `n_problems` in all."""
    problems = list(dict.fromkeys(case.problem.problem_id for case in board.cases))
    pilot, others = problems[: terms.pilot], problems[terms.pilot :]
    asked = _everybody(board, _numbers(board, pilot[:AT_FIRST]), terms)
    board.add(asked, (yield asked))
    asked_first = AT_FIRST
    while asked_first < len(pilot):
        some = pilot[asked_first : 2 * asked_first]
        asked = list(_as_far_as_they_pay(board, some, len(pilot), terms))
        board.add(asked, (yield asked))
        asked_first += len(some)
    first = 0
    while True:
        known = learned(board, rule, terms)
        board.decide_by(replace(rule, model=known.expecting.model))
        some = others[first : first + max(terms.pilot, first)]
        if not some:
            return
        share = share_of(board, terms, n_problems - terms.pilot - first)
        budget = None if share is None else share * len(some)
        yield from spend(board, _numbers(board, some), terms, known, (), budget, most_over=0.0)
        first += len(some)


def share_of(board: Board, terms: Terms, n_others: int) -> float | None:
    """What may be spent on each of the other problems; None: as much as is worth it."""
    if terms.budget is None:
        return None
    return max(terms.budget - board.spent().of(terms.unit), 0.0) / max(n_others, 1)


def learned(board: Board, rule: Fusion, terms: Terms) -> Known:
    """What the solutions on the board that somebody was asked about teach."""
    asked = [case for case in board.cases if case.asked]
    model = rule.fit([case.row for case in asked]).model
    fitted = replace(rule, model=model)
    kept = 0
    for case in asked:
        decision = fitted.decide(case.row.solution, [s.evidence for s in case.row.steps])
        kept += sum(label is not None for label in decision.labels) if decision.kept else 0
    spent = sum((one.of(terms.unit) for c in asked for one in c.asked.values()), 0.0)
    habits, prices = learn_habits(asked, terms.sources), learn_prices(asked, terms.unit)
    return Known(
        Expecting(model, habits, terms.min_confidence),
        prices,
        terms.worth(kept, spent),
        dropped(asked, model, habits, prices, terms.sources),
    )


def _numbers(board: Board, problems: Sequence[str]) -> list[int]:
    some = set(problems)
    return [n for n, case in enumerate(board.cases) if case.problem.problem_id in some]


def _everybody(board: Board, numbers: Sequence[int], terms: Terms) -> list[Ask]:
    return [Ask(n, s) for n in numbers for s in terms.sources if board.cases[n].may_hear(s)]


def _as_far_as_they_pay(
    board: Board, problems: Sequence[str], n_pilot: int, terms: Terms
) -> Iterator[Ask]:
    """The pilot's questions about these problems; who was never asked is asked once, for its price
    is not known.
    """
    prices, spent = learn_prices(board.cases, terms.unit), dict.fromkeys(terms.sources, 0.0)
    for case in board.cases:
        for name, cost in case.asked.items():
            spent[name] += cost.of(terms.unit)
    known = {name for case in board.cases for name in case.asked}
    seen = len({case.problem.problem_id for case in board.cases if case.asked})
    most = most_in_pilot([n_pilot * one / seen for one in spent.values() if one], terms)
    for number in _numbers(board, problems):
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
