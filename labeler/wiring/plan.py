"""A plan from a config; kept beside the run's folder where that is named."""

from __future__ import annotations

from collections.abc import Callable

from labeler.acquire.base import Unit
from labeler.config import RunConfig
from labeler.dataset.storage import Location
from labeler.errors import ConfigError
from labeler.labelling.parts import Progress
from labeler.planning import Plan, keep_plan
from labeler.planning.acquisition import BudgetPlan, plan_budget
from labeler.planning.forecast import forecast
from labeler.wiring.loop import block_on
from labeler.wiring.runs import build


def make_plan(
    config: RunConfig,
    n_sample: int,
    on_progress: Callable[[Progress], None],
    *,
    tokens_per_s: float | None = None,
    out: str | Location | None = None,
) -> Plan:
    """Labels `n_sample` of a run's problems for real; blocks until they are done."""
    # Without a folder any will do: nothing is written there.
    where = "." if out is None else out
    plan = block_on(forecast(build(config), n_sample, where, tokens_per_s, on_progress))
    if out is not None:
        keep_plan(plan, out)
    return plan


def make_budget_plan(config: RunConfig, n_sample: int, budget: str) -> BudgetPlan:
    """What the run takes and keeps under `budget` (`tokens=N`, `calls=N` or `usd=N`), and under
    others; asks about `n_sample` problems for real, as the run would.
    """
    name, _, amount = budget.partition("=")
    try:
        unit, limit = Unit(name.strip()), float(amount)
    except ValueError:
        raise ConfigError(
            f"--budget {budget}: write tokens=N, calls=N or usd=N, for example tokens=2000000"
        )
    if limit <= 0:
        raise ConfigError(f"--budget {budget}: nothing can be asked for that; give more than 0")
    return block_on(plan_budget(build(config), n_sample, unit, limit))
