"""Plans on the terminal."""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Table

from labeler.planning.acquisition import BudgetPlan
from labeler.planning.plan import BILLED, MONEY, SERVED, STORED, Compared, Estimate, Plan
from labeler.unread import one_line

BAR = 12
"""Characters of the longest bar."""

NAMES = {
    "calls": "calls",
    "samples": "samples",
    "prompt_tokens": "prompt tokens",
    "completion_tokens": "generated tokens",
    "engine_requests": "requests to models",
    "engine_prompt_tokens": "prompt tokens there",
    "cached_prompt_tokens": "of these in a prefix cache",
    "engine_completion_tokens": "generated there",
    "journal_bytes": "journal",
    "dataset_bytes": "dataset",
    MONEY: "money",
    "hours": "hours",
}


def show_plan(plan: Plan) -> Table:
    """One row per quantity with its interval."""
    source = "measured on the sample" if plan.is_measured else "as given"
    notes = [plan.over_limit, *([one_line(plan.unread)] if plan.unread else [])]
    if plan.probed:
        asked = ", ".join(plan.probed)
        notes.append(
            f"the run first asks {asked} some short questions (run.probe); no part of this"
        )
    speed = f"{plan.tokens_per_s:,.0f} generated tokens/s, {source}" if plan.tokens_per_s else ""
    taken = f"estimated from {plan.n_sample:,} in {plan.sample_s:.0f} s"
    table = Table(
        title=f"{plan.n_problems:,} problems, {taken}",
        caption="\n".join(note for note in (speed, *notes) if note),
        title_justify="left",
        caption_justify="left",
    )
    for column in ("what", "expected", "95% interval"):
        table.add_column(column, justify="left" if column == "what" else "right", no_wrap=True)
    for name in (*BILLED, *SERVED, *STORED, MONEY, "hours"):
        if (one := plan.estimates.get(name)) is not None:
            called = plan.currency if name == MONEY else NAMES[name]
            table.add_row(called, _number(name, one.value), _interval(name, one))
    return table


def show_compared(found: Mapping[str, Compared]) -> Table:
    """What was planned and how it came out."""
    table = Table(title="planned and actual", title_justify="left")
    for column in ("what", "planned", "95% interval", "actual", "off"):
        table.add_column(column, justify="left" if column == "what" else "right", no_wrap=True)
    for name, one in found.items():
        off = "-" if one.off is None else f"{one.off:+.1%}"
        table.add_row(
            NAMES[name],
            _number(name, one.predicted.value),
            _interval(name, one.predicted),
            _number(name, one.actual),
            off if one.is_within else f"{off} !",
        )
    return table


def _interval(name: str, one: Estimate) -> str:
    return f"{_number(name, one.low)} - {_number(name, one.high)}"


def _number(name: str, value: float) -> str:
    if name == MONEY:
        return f"{value:,.4f}" if value < 1 else f"{value:,.2f}"
    if name == "hours":
        return f"{value:.2f} h" if value >= 1 else f"{60 * value:.1f} min"
    return f"{value / 1e6:,.2f} MB" if name.endswith("bytes") else f"{value:,.0f}"


def show_budget_plan(plan: BudgetPlan) -> Table:
    """One row per budget, with a bar for what is kept."""
    table = Table(
        title=f"{plan.n_problems:,} problems, told from {plan.n_sample:,}",
        caption="\n".join(f"{name} is asked no more: {why}" for name, why in plan.dropped.items()),
    )
    for name in ("budget", "tokens", "calls", "kept steps", "solutions", ""):
        table.add_column(name, justify="right" if name else "left", no_wrap=True)
    rows = [
        *((f"{one.budget:,.0f} {plan.unit}", one) for one in plan.curve),
        ("what is worth it", plan.worthwhile),
        ("everybody asked", plan.everything),
    ]
    most = max(one.kept_steps for _, one in rows) or 1
    for name, one in rows:
        bar = "█" * round(BAR * one.kept_steps / most)
        numbers = (one.tokens, one.calls, one.kept_steps, one.kept_solutions)
        table.add_row(name, *(f"{number:,.0f}" for number in numbers), bar)
    return table
