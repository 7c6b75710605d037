"""Problems labelled to a target or a budget: a conversation that is made of conversations.

Problems go in groups of `GROUP`, always the same ones, each one conversation with a share of the
budget of its own; shards hold whole groups. So what is asked depends on the run's problems, seed
and settings only, neither on shards nor on timing, and a resumed run asks what the first one asked.

What is learned before (`labeler.acquire.pilot`) is fixed when the first shard starts. The pilot's
problems keep what they were asked then: nothing is asked twice, for replies are in the journal when
their turn comes.

Does not cover whom to ask (`labeler.acquire`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from labeler.acquire.base import Answer, Ask, Asking, Spent, Terms
from labeler.acquire.board import Board, Case
from labeler.acquire.pilot import learned, learning, share_of, surer
from labeler.acquire.rehearse import Rehearsal, rehearse
from labeler.acquire.spend import Known, spend
from labeler.consensus.fusion import Fusion
from labeler.driver.conversation import Conversation, together
from labeler.driver.driver import Driver
from labeler.driver.money import PriceTable
from labeler.driver.requests import OfModel, Request, Samples
from labeler.labelers.base import Findings
from labeler.labelers.methods import method_of
from labeler.labelling.pipeline import (
    LabeledProblem,
    Recipe,
    labelled,
    refused,
    solve_problem,
)
from labeler.labelling.solving import SampledSolutions
from labeler.records import Problem, Solution, Verdict, short_hash
from labeler.seeds import derive_seed

ACQUIRED = "acquire "
"""Begins the names of a run's statistics on what was asked of each labeler."""

Told = TypeVar("Told")

CENT = 1_000_000
"""Money in statistics, which are whole numbers, is in millionths."""


@dataclass(frozen=True)
class Acquiring:
    """What acquisition needs beside a recipe; `known` and `asked` are the pilot's.

    `asked`: by problem of the pilot, the questions about its solutions, in order.
    `left` is the budget of a problem that was not in the pilot.
    """

    terms: Terms
    prices: PriceTable
    known: Known | None = None
    asked: Mapping[str, Sequence[Ask]] = field(default_factory=dict)
    left: float | None = None


def learned_on(recipe: Recipe, problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """The problems that the run learns on whom to ask, then those of which it hears only what
    costs nothing; drawn by the hash of their ids, so the same ones however they are ordered.
    """
    if recipe.terms is None:
        return ()
    drawn = sorted((short_hash("pilot", one.problem_id), i) for i, one in enumerate(problems))
    return tuple(problems[i] for _, i in drawn[: recipe.terms.n_first])


async def acquiring_recipe(
    recipe: Recipe,
    problems: Sequence[Problem],
    n_problems: int,
    prices: PriceTable,
    driver: Driver,
) -> Recipe:
    """The recipe of a run that has learned on the first `problems` whom to ask, of `n_problems`."""
    terms = recipe.terms
    if terms is None:
        return recipe
    start = Acquiring(terms, prices)
    conversation = _learn(problems, recipe, start, n_problems)
    [ready] = [one async for _, one in driver.run([("pilot", conversation)], None)]
    assert ready.known is not None
    return replace(
        recipe,
        label_group=partial(label_group, acquiring=ready),
        dropped=ready.known.dropped,
    )


def _learn(
    problems: Sequence[Problem], recipe: Recipe, acquiring: Acquiring, n_problems: int
) -> Conversation[Acquiring]:
    solved = yield from together([solve_problem(one, recipe) for one in problems])
    board, numbers = _board(problems, solved, recipe)
    rule, terms = recipe.rule, acquiring.terms
    assert isinstance(rule, Fusion)
    log: list[tuple[Ask, Answer]] = []
    asking = learning(board, rule, terms, n_problems)
    yield from _converse(asking, board, recipe, acquiring.prices, log)
    asked: dict[str, list[Ask]] = {one.problem_id: [] for one in problems[: terms.n_learned]}
    for ask, _ in log:
        name = board.cases[ask.number].problem.problem_id
        if name in asked:
            asked[name].append(ask)
    own = {
        name: [Ask(numbers[name].index(ask.number), ask.source) for ask in asks]
        for name, asks in asked.items()
    }
    left = share_of(board, terms, n_problems - len(asked))
    return replace(acquiring, known=learned(board, rule, terms), asked=own, left=left)


def label_group(
    problems: Sequence[Problem], recipe: Recipe, acquiring: Acquiring
) -> Conversation[list[LabeledProblem]]:
    """A group of problems, from their texts to their rows."""
    known, terms = acquiring.known, acquiring.terms
    assert known is not None and isinstance(recipe.rule, Fusion)
    solved = yield from together([solve_problem(one, recipe) for one in problems])
    rule = surer(recipe.rule, terms, known)
    board, numbers = _board(problems, solved, recipe, rule)
    log: list[tuple[Ask, Answer]] = []
    again = [
        Ask(numbers[one.problem_id][ask.number], ask.source)
        for one in problems
        for ask in acquiring.asked.get(one.problem_id, ())
    ]
    yield from _converse(_all_at_once(board, again), board, recipe, acquiring.prices, log)
    others = [one.problem_id for one in problems if one.problem_id not in acquiring.asked]
    draws = {name: exploring_draw(name, recipe) for name in others}
    explored = {n: u for name, u in draws.items() if u < terms.explored for n in numbers[name]}
    budget = None if acquiring.left is None else acquiring.left * len(others)
    asking = spend(board, [n for p in others for n in numbers[p]], terms, known, explored, budget)
    yield from _converse(asking, board, recipe, acquiring.prices, log)
    found: dict[str, list[tuple[str, Findings]]] = {one.problem_id: [] for one in problems}
    for ask, answer in log:
        name = board.cases[ask.number].problem.problem_id
        found[name].append((ask.source, answer.findings))
    return [
        _labelled(one, recipe, result, found[one.problem_id],
                  [board.cases[n] for n in numbers[one.problem_id]])
        for one, result in zip(problems, solved, strict=True)
    ]  # fmt: skip


def rehearsing(
    problems: Sequence[Problem], recipe: Recipe, terms: Terms, prices: PriceTable, n_sample: int,
    n_problems: int, budgets: Sequence[float | None],
) -> Conversation[Rehearsal]:  # fmt: skip
    """Plays a run of `n_problems`, of which these are some, the first of them its sample."""
    solved = yield from together([solve_problem(one, recipe) for one in problems])
    board, _ = _board(problems, solved, recipe)
    assert isinstance(recipe.rule, Fusion)
    pairs = [(case.problem, case.solution) for case in board.cases]
    playing = rehearse(pairs, recipe.rule, terms, n_sample, n_problems, budgets)
    return (yield from _converse(playing, board, recipe, prices, []))


def exploring_draw(problem_id: str, recipe: Recipe) -> float:
    """A problem's place in [0, 1): those below `Terms.explore` are explored."""
    return derive_seed(recipe.policy.run_seed, "explore", problem_id) / 2**63


def _labelled(
    problem: Problem,
    recipe: Recipe,
    solved: SampledSolutions,
    found: Sequence[tuple[str, Findings]],
    cases: Sequence[Case],
) -> LabeledProblem:
    if solved.refused:
        return refused(problem, recipe, solved)
    result = labelled(problem, recipe, solved, solved.solutions, found)
    return replace(result, statistics={**result.statistics, **_statistics(cases)})


def _statistics(cases: Iterable[Case]) -> dict[str, dict[str, int]]:
    """By labeler: how often it was asked, what its answers decided, what that cost."""
    counts: dict[str, Counter[str]] = {}
    for case in cases:
        for name, spent in case.asked.items():
            mine = counts.setdefault(ACQUIRED + name, Counter())
            mine.update(
                asked=1, tokens=spent.tokens, calls=spent.calls, money=round(spent.money * CENT)
            )
            if case.decided_by == name:
                mine.update(decided=1, steps=case.n_kept)
    return {name: dict(sums) for name, sums in counts.items()}


def _board(
    problems: Sequence[Problem],
    solved: Sequence[SampledSolutions],
    recipe: Recipe,
    rule: Fusion | None = None,
) -> tuple[Board, dict[str, list[int]]]:
    """All solutions, and the numbers of each problem's."""
    pairs: list[tuple[Problem, Solution]] = []
    numbers: dict[str, list[int]] = {}
    for problem, one in zip(problems, solved, strict=True):
        solutions = () if one.refused else one.solutions
        numbers[problem.problem_id] = list(range(len(pairs), len(pairs) + len(solutions)))
        pairs += [(problem, solution) for solution in solutions]
    return Board(pairs, rule or recipe.rule), numbers


def _all_at_once(board: Board, asks: list[Ask]) -> Asking:
    if asks:
        board.add(asks, (yield asks))


def _converse(
    asking: Generator[list[Ask], list[Answer], Told], board: Board, recipe: Recipe,
    prices: PriceTable, log: list[tuple[Ask, Answer]],
) -> Conversation[Told]:  # fmt: skip
    """Has the questions answered by the labelers, all of a round together."""
    try:
        asks = next(asking)
        while True:
            answers = yield from together([_answer(ask, board, recipe, prices) for ask in asks])
            log += zip(asks, answers, strict=True)
            asks = asking.send(answers)
    except StopIteration as stop:
        told: Told = stop.value
        return told


def _answer(ask: Ask, board: Board, recipe: Recipe, prices: PriceTable) -> Conversation[Answer]:
    case = board.cases[ask.number]
    solutions = [case.solution]
    if method_of(ask.source).only_of_wrong_answers:
        # It works on this one; right solutions of the problem are rollouts that cost nothing.
        solutions += [
            other.solution
            for other in board.cases
            if other.problem.problem_id == case.problem.problem_id
            and other is not case
            and other.solution.outcome is Verdict.CORRECT
        ]
    labeler = recipe.labelers[ask.source]
    return (yield from _metered(labeler(case.problem, tuple(solutions)), case.problem, prices))


def _metered(
    conversation: Conversation[Findings], problem: Problem, prices: PriceTable
) -> Conversation[Answer]:
    """What a labeler found, with what its requests cost; they belong to the problem."""
    spent = Spent()
    try:
        requests = next(conversation)
        while True:
            asked = [_of_problem(one, problem) for one in requests]
            replies = yield asked
            for request, reply in zip(asked, replies, strict=True):
                tokens = reply.completion_tokens if isinstance(reply, Samples) else 0
                calls = int(isinstance(request, OfModel))
                spent += Spent(tokens, calls, prices.price(request, reply))
            requests = conversation.send(replies)
    except StopIteration as stop:
        return Answer(stop.value, spent)


def _of_problem(request: Request, problem: Problem) -> Request:
    return replace(request, group=problem.problem_id) if isinstance(request, OfModel) else request
