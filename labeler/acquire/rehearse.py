"""A run's acquisition played on a sample of its problems, for several budgets.

The sample is learned on as a run learns on its first problems; then, with what is known by then, it
is asked about afresh for each budget, each problem with a problem's share. Nobody is asked twice:
what was answered is remembered. Of more problems than the sample only what costs nothing is heard:
how many steps of these stay open tells how many questions will be left, better than the sample
alone does.

Limits: what was learned on the sample is played on the same sample, so what is kept is told a
little too well where that is small.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace

from labeler.acquire.base import GROUP, Answer, Ask, Asking, Spent, Terms, Unit
from labeler.acquire.board import Board, Case, speaks_of
from labeler.acquire.habits import learn_prices
from labeler.acquire.pilot import learned, learning, surer
from labeler.acquire.spend import Known, prospects, spend
from labeler.consensus.fusion import Fusion
from labeler.labelers.methods import method_of
from labeler.records import Problem, Solution


@dataclass(frozen=True, slots=True)
class Taken:
    """What all problems take, and what of them is kept."""

    spent: Spent
    kept_steps: float
    kept_solutions: float


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """By budget (None: as much as it takes); and if everybody were asked about everything."""

    taken: dict[float | None, Taken]
    everything: Taken
    dropped: dict[str, str]


Rehearsing = Generator[list[Ask], list[Answer], Rehearsal]
"""Asks as `Asking` does, and tells what came out."""


def rehearse(
    solved: Sequence[tuple[Problem, Solution]],
    rule: Fusion,
    terms: Terms,
    n_sample: int,
    n_problems: int,
    budgets: Sequence[float | None],
) -> Rehearsing:
    """Plays a run of `n_problems`; the first `n_sample` of those solved are the sample."""
    answers: dict[Ask, Answer] = {}
    taught = replace(
        terms, budget=None, enough=min(terms.enough, n_sample), pilot=min(terms.pilot, n_sample)
    )
    board = Board(solved, rule)
    yield from _remembered(learning(board, rule, taught, n_problems), answers)
    known = learned(board, rule, taught)
    names = list(dict.fromkeys(case.problem.problem_id for case in board.cases))
    sample = set(names[:n_sample])
    numbers = [n for n, case in enumerate(board.cases) if case.problem.problem_id in sample]
    scale = n_problems / len(names)

    free = Board(solved, surer(rule, terms, known))
    asking = spend(free, range(len(solved)), replace(terms, budget=0.0), known, budget=0.0)
    yield from _remembered(asking, answers)
    heard = _Kept.of(free.cases, rule, known)
    of_sample = _Kept.of([free.cases[n] for n in numbers], rule, known)
    # Steps that stay open, for each that stays open in the sample.
    larger = heard.n_open / of_sample.n_open if of_sample.n_open else len(names) / len(sample)
    everything = Taken(
        scale * _of_everybody(board, terms),
        *(scale * one for one in _most(free, known, terms, heard)),
    )

    taken: dict[float | None, Taken] = {}
    for budget in budgets:
        limited = replace(terms, budget=budget)
        share = None
        if budget is not None:
            share = budget * len(sample) / n_problems
        played = Board(solved, surer(rule, terms, known))
        for at in range(0, len(numbers), GROUP):
            some = numbers[at : at + GROUP]
            part = None if share is None else share * len(some) / len(numbers)
            yield from _remembered(spend(played, some, limited, known, budget=part), answers)
        on_sample = sum((played.cases[n].spent for n in numbers), Spent())
        # The problems that a run learns on cost what they cost here, the others what was played.
        others = 1 - min(taught.n_learned / n_problems, 1)
        whole = others * scale * larger * on_sample + board.spent()
        if budget is not None:
            most = min(budget, everything.spent.of(terms.unit))
            whole = min(1.0, most / max(whole.of(terms.unit), 1e-9)) * whole
        kept = _Kept.of([played.cases[n] for n in numbers], rule, known)
        taken[budget] = Taken(
            whole,
            scale * (heard.steps + larger * (kept.steps - of_sample.steps)),
            scale * (heard.solutions + larger * (kept.solutions - of_sample.solutions)),
        )
    return Rehearsal(taken, everything, known.dropped)


def _remembered(
    asking: Asking, answers: dict[Ask, Answer]
) -> Generator[list[Ask], list[Answer], None]:
    """Passes on the questions that were not answered before."""
    asks = next(asking, None)
    while asks is not None:
        new = [ask for ask in asks if ask not in answers]
        if new:
            answers.update(zip(new, (yield new), strict=True))
        try:
            asks = asking.send([answers[ask] for ask in asks])
        except StopIteration:
            return


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the rule keeps of some solutions, and the steps of those that acquisition would go on
    to ask about.
    """

    steps: int
    solutions: int
    n_open: int

    @classmethod
    def of(cls, cases: Iterable[Case], rule: Fusion, known: Known) -> _Kept:
        cases = list(cases)
        fitted = replace(rule, model=known.expecting.model)
        steps = solutions = 0
        for case in cases:
            decision = fitted.decide(case.solution, [s.evidence for s in case.row.steps])
            if decision.kept:
                solutions += 1
                steps += sum(label is not None for label in decision.labels)
        n_open = sum(len(one.solution.steps) for one in cases if not one.is_decided)
        return cls(steps, solutions, n_open)


def _of_everybody(board: Board, terms: Terms) -> Spent:
    """What asking everybody about these solutions would cost."""
    sums = []
    for unit in Unit:
        prices = learn_prices(board.cases, unit)
        sums.append(
            sum(
                prices.of(name, case)
                for case in board.cases
                for name in terms.sources
                if speaks_of(method_of(name), case)
            )
        )
    tokens, calls, money = sums
    return Spent(round(tokens), round(calls), money)


def _most(free: Board, known: Known, terms: Terms, heard: _Kept) -> tuple[float, float]:
    """Steps and solutions that would be kept then, by expectation."""
    still_open = [(n, case) for n, case in enumerate(free.cases) if not case.is_decided]
    found = prospects(still_open, terms, known)
    steps = sum(found[n].most for n, _ in still_open)
    solutions = sum(found[n].most / len(case.solution.steps) for n, case in still_open)
    return heard.steps + steps, heard.solutions + solutions
