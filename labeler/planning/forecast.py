"""From the parts of a run to its plan: draw a sample, label it for real, tell of all problems."""

from __future__ import annotations

from collections.abc import Callable

from labeler.dataset.storage import Location, located
from labeler.errors import ConfigError
from labeler.labelling.parts import Parts, Progress
from labeler.labelling.run import LabellingRun
from labeler.planning.estimate import draw, total
from labeler.planning.measure import measure
from labeler.planning.plan import BILLED, MONEY, SERVED, STORED, Estimate, Plan
from labeler.samplers.base import Probed


async def forecast(
    parts: Parts,
    n_sample: int,
    out: str | Location,
    tokens_per_s: float | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Plan:
    """What a run of these parts into `out` will take; closes the parts and leaves `out` alone.

    Raises `ConfigError` where there is no problem, and what a run raises.
    """
    if not parts.problems:
        raise ConfigError("no problem is left to label; see `labeler problems check`")
    run_id = LabellingRun(parts, located(out), False, on_progress).run_id
    probed = tuple(n for n in parts.needs if isinstance(parts.samplers[n], Probed))
    sample = draw(parts.problems, n_sample, parts.seed)
    measured = await measure(parts, [one.problem for one in sample], on_progress)
    stands_for = [one.stands_for for one in sample]
    estimates = {
        name: total([one[name] for one in measured.by_problem], stands_for, parts.seed)
        for name in (*BILLED, *SERVED, *STORED)
    }
    for name, taken in measured.once.items():
        estimates[name] = _moved(estimates[name], taken)
    if parts.prices.models:
        spent = [one[MONEY] for one in measured.by_problem]
        estimates[MONEY] = total(spent, stands_for, parts.seed)
    generated = sum(one["engine_completion_tokens"] for one in measured.by_problem)
    speed = tokens_per_s or (generated / measured.seconds if generated else None)
    if speed:
        hours = _scaled(estimates["engine_completion_tokens"], 1 / (speed * 3600))
        estimates["hours"] = hours
    return Plan(
        run_id=run_id,
        n_problems=len(parts.problems),
        n_sample=len(sample),
        estimates=estimates,
        tokens_per_s=speed,
        is_measured=tokens_per_s is None,
        sample_s=measured.seconds,
        unread=measured.unread,
        currency=parts.prices.currency,
        limit=parts.prices.limit,
        probed=probed,
    )


def _scaled(one: Estimate, factor: float) -> Estimate:
    return Estimate(one.value * factor, one.low * factor, one.high * factor)


def _moved(one: Estimate, by: float) -> Estimate:
    return Estimate(one.value + by, one.low + by, one.high + by)
