"""What a run with `acquire:` will take and keep, for several budgets, told from a sample.

The run is played on the sample's problems (`labeler.acquire.rehearse`), asking for real whom it
would ask, for each budget and for none; of `HEARD` times as many problems what costs nothing is
heard. No interval is given.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from labeler.acquire.base import Terms, Unit
from labeler.acquire.rehearse import Rehearsal, Taken
from labeler.consensus.fusion import Fusion
from labeler.driver.driver import Driver, Retry
from labeler.driver.journal import Journal
from labeler.driver.money import Purse
from labeler.errors import ConfigError
from labeler.labelling.acquiring import rehearsing
from labeler.labelling.parts import Parts
from labeler.labelling.pilot import piloted_recipe
from labeler.labelling.readiness import probe_all
from labeler.labelling.routes import routes
from labeler.planning.estimate import draw
from labeler.records import Problem, short_hash

HEARD = 8

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
    problems = _drawn(parts.problems, n_sample, terms, parts.seed)
    budgets = (*(budget * share for share in SHARES), None)
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
                taught = await piloted_recipe(recipe, problems[:n_sample], driver)
                asking = rehearsing(
                    problems, taught, terms, parts.prices, n_sample, len(parts.problems), budgets
                )
                [told] = [one async for _, one in driver.run([("plan", asking)], {})]
    finally:
        await parts.aclose()
    return plan_of(told, unit, budget, len(parts.problems), min(n_sample, len(problems)))


def _drawn(problems: Sequence[Problem], n_sample: int, terms: Terms, seed: int) -> list[Problem]:
    """The sample, in an order of its own, then those of which only what costs nothing is heard."""
    sample = [one.problem for one in draw(problems, n_sample, seed)]
    sample.sort(key=lambda one: short_hash("plan", one.problem_id))
    chosen = {one.problem_id for one in sample}
    others = [one for one in problems if one.problem_id not in chosen]
    n_others = min(HEARD * n_sample, terms.heard) - len(sample)
    if not others or n_others <= 0:
        return sample
    return sample + [one.problem for one in draw(others, n_others, seed)]


def plan_of(
    told: Rehearsal, unit: Unit, budget: float, n_problems: int, n_sample: int
) -> BudgetPlan:
    """The plan from what was played for `SHARES` of the budget and for none."""

    def point(limit: float | None, one: Taken) -> Point:
        spent = one.spent
        return Point(
            limit, spent.tokens, spent.calls, spent.money, one.kept_steps, one.kept_solutions
        )

    return BudgetPlan(
        unit,
        n_problems,
        n_sample,
        point(budget, told.taken[budget]),
        tuple(point(budget * share, told.taken[budget * share]) for share in SHARES),
        point(None, told.taken[None]),
        point(None, told.everything),
        told.dropped,
    )
