"""What a run with `acquire:` will take and keep, for several budgets, told from a sample.

The sample's problems are solved for real, and every labeler is asked about all of their solutions,
once. From these replies the run is played for each budget: whom it would ask of the sample, had
each of its problems a problem's share of the budget, and what fusion would keep of that. The sums
are scaled to all problems; the run's own pilot is added at what it cost here.

Limits: the labelers' worth is learned on the sample itself, so what is kept is told a little too
well where the sample is small; no interval is given.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from labeler.acquire.base import Answer, Ask, Asking, Spent, Terms, Unit
from labeler.acquire.board import Board, Case
from labeler.acquire.pilot import learned, most_in_pilot
from labeler.acquire.spend import Known, spend
from labeler.consensus.fusion import Fusion
from labeler.driver.driver import Driver, Retry
from labeler.driver.journal import Journal
from labeler.driver.money import Purse
from labeler.errors import ConfigError
from labeler.labelling.acquiring import Everything, ask_everybody
from labeler.labelling.parts import Parts
from labeler.labelling.pilot import piloted_recipe
from labeler.labelling.readiness import probe_all
from labeler.labelling.routes import routes
from labeler.planning.estimate import draw

SHARES = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Of the budget that was asked for: the curve."""


@dataclass(frozen=True, slots=True)
class Point:
    """What a run will spend under a budget (None: what is worth it), and what it will keep."""

    budget: float | None
    tokens: float
    calls: float
    money: float
    kept_steps: float
    kept_solutions: float


@dataclass(frozen=True, slots=True)
class BudgetPlan:
    """The budget asked for, others beside it, no budget, and everybody asked about everything."""

    unit: Unit
    n_problems: int
    n_sample: int
    chosen: Point
    curve: tuple[Point, ...]
    worthwhile: Point
    everything: Point
    dropped: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


async def plan_budget(parts: Parts, n_sample: int, unit: Unit, budget: float) -> BudgetPlan:
    """Closes the parts, and leaves no file. Raises `ConfigError` where nothing can be planned."""
    recipe = parts.recipe
    if recipe.terms is None or not isinstance(recipe.rule, Fusion):
        raise ConfigError(
            "--budget: the run file asks every labeler about everything; add acquire:"
        )
    if not parts.problems:
        raise ConfigError("no problem is left to label; see `labeler problems check`")
    terms = replace(recipe.terms, unit=unit)
    sample = [one.problem for one in draw(parts.problems, n_sample, parts.seed)]
    try:
        with (
            tempfile.TemporaryDirectory(prefix="labeler-plan-") as folder,
            Journal(Path(folder) / "journal.sqlite") as journal,
        ):
            for sampler in parts.samplers.values():
                await sampler.ready()
            for environment in parts.environments:
                await environment.ready()
            await probe_all(parts.samplers, parts.needs)
            options = parts.options
            async with Driver(
                routes(parts.samplers, parts.checker, parts.sandbox, parts.environments),
                journal,
                max_active=options.max_active,
                retry=Retry(options.attempts, options.longest_pause_s),
                purse=Purse(parts.prices, journal, "plan"),
            ) as driver:
                taught = await piloted_recipe(recipe, sample, driver)
                asking = ask_everybody(sample, taught, terms, parts.prices)
                [heard] = [one async for _, one in driver.run([("plan", asking)], {})]
    finally:
        await parts.aclose()
    return _plan(heard, recipe.rule, terms, budget, len(parts.problems), len(sample))


def _plan(
    heard: Everything, rule: Fusion, terms: Terms, budget: float, n_problems: int, n_sample: int
) -> BudgetPlan:
    known = learned(heard.board, rule, terms)
    scale = n_problems / n_sample
    # As many of the run's problems are asked about by everybody as its pilot has.
    n_pilot = min(terms.pilot, n_problems)
    pilot = [case for case in heard.board.cases if case.asked]
    on_pilot = _sum(one for case in pilot for one in case.asked.values())
    everything = _point(None, heard.board, on_pilot, scale)
    part = n_pilot / n_problems
    pilot_bill = [one / n_sample for one in _pilot_bill(pilot, terms, budget, n_pilot)]

    # A step's usual price is what it costs a run that asks as few as this one will.
    first = _played(heard, rule, terms, replace(known, worth=0.0), None)
    paid = _sum(one for case in first.cases for one in case.asked.values()).of(terms.unit)
    n_kept = sum(case.n_kept for case in first.cases)

    def at(limit: float | None) -> Point:
        left = None
        if limit is not None:
            on_others = max(limit - pilot_bill[list(Unit).index(terms.unit)], 0.0)
            left = on_others * n_sample / max(n_problems - n_pilot, 1)
        worth = replace(terms, budget=limit).worth(n_kept, paid)
        board = _played(heard, rule, terms, replace(known, worth=worth), left)
        spent = _sum(one for case in board.cases for one in case.asked.values())
        of_others = (spent.tokens, spent.calls, spent.money)
        whole = [
            (1 - part) * one + of_pilot / scale
            for one, of_pilot in zip(of_others, pilot_bill, strict=True)
        ]
        return _point(limit, board, whole, scale)

    return BudgetPlan(
        terms.unit,
        n_problems,
        n_sample,
        at(budget),
        tuple(at(budget * share) for share in SHARES),
        at(None),
        everything,
        known.dropped,
    )


def _played(
    heard: Everything, rule: Fusion, terms: Terms, known: Known, budget: float | None
) -> Board:
    board = Board(heard.solved, replace(rule, model=known.expecting.model))
    numbers = range(len(heard.solved))
    _drive(spend(board, numbers, terms, known, (), budget), heard.answers)
    return board


def _drive(asking: Asking, answers: dict[Ask, Answer]) -> None:
    asks = next(asking, None)
    while asks is not None:
        try:
            asks = asking.send([answers[ask] for ask in asks])
        except StopIteration:
            return


def _sum(spent: Iterable[Spent]) -> Spent:
    return sum(spent, Spent())


def _pilot_bill(
    cases: Sequence[Case], terms: Terms, budget: float, n_pilot: int
) -> tuple[float, float, float]:
    """Tokens, calls and money that a run's pilot takes, times the number of problems sampled."""
    whole = {
        name: _sum(case.asked[name] for case in cases if name in case.asked)
        for name in terms.sources
    }
    n_sample = len({case.problem.problem_id for case in cases})
    prices = {name: one.of(terms.unit) / max(n_sample, 1) for name, one in whole.items()}
    costs = [n_pilot * one for one in prices.values() if one]
    most = most_in_pilot(costs, replace(terms, budget=budget))
    tokens = calls = money = 0.0
    for name, one in whole.items():
        asked = n_pilot
        if prices[name] and name not in terms.searching:
            asked = min(n_pilot, max(1, int(most / prices[name])))
        tokens, calls = tokens + asked * one.tokens, calls + asked * one.calls
        money += asked * one.money
    return tokens, calls, money


def _point(
    budget: float | None, board: Board, spent: Spent | Sequence[float], scale: float
) -> Point:
    if isinstance(spent, Spent):
        spent = (spent.tokens, spent.calls, spent.money)
    kept = [case for case in board.cases if case.is_decided]
    tokens, calls, money = (scale * one for one in spent)
    n_kept = scale * sum(case.n_kept for case in kept)
    return Point(budget, tokens, calls, money, n_kept, scale * len(kept))
