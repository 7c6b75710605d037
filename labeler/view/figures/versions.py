"""Two versions side by side: shares that moved, with their lists in both."""

from __future__ import annotations

from labeler.stats.drift import drift
from labeler.stats.records import LabelStatistics
from labeler.view.figures.base import Figure, Number, Table, interval, percent, query

QUERIES = {
    "solutions kept": query(kept="yes"),
    "solutions right": query(outcome="correct"),
    "labels wrong": query(mark="wrong"),
}


def side_by_side(old: LabelStatistics, new: LabelStatistics) -> Figure:
    """Counts and shares of an older version beside this one's; the older numbers lead to its lists.

    A number of the older version has a query that begins with its version and a slash.
    """
    moved = drift(old, new)
    rows = [
        (
            Number(name),
            _of(old.version, Number(f"{getattr(old, field):,}", "")),
            Number(f"{getattr(new, field):,}", ""),
            Number(f"{getattr(new, field) - getattr(old, field):+,}"),
        )
        for name, field in (("solutions", "n_solutions"), ("problems", "n_problems"),
                            ("steps", "n_steps"))
    ]  # fmt: skip
    for name, shift in moved.shares.items():
        rows.append(
            (
                Number(name),
                _of(old.version, Number(interval(shift.old), QUERIES.get(name))),
                Number(interval(shift.new), QUERIES.get(name)),
                Number(_change(shift.change.value, shift.change.low, shift.change.high)),
            )
        )
    far = {name: far for name, far in moved.distances.items() if far}
    words = "Shares with 95% intervals; the change takes both versions as samples of their own."
    if far:
        most = max(far, key=lambda name: far[name] or 0)
        words += f" Most has moved: {most}, {percent(far[most])} of it lies elsewhere."
    columns = ("", f"version {old.version}", f"version {new.version}", "change")
    return Figure("versions", "Versions side by side", words, table=Table(columns, tuple(rows)))


def _of(version: int, number: Number) -> Number:
    return Number(number.text, None if number.query is None else f"{version}/{number.query}")


def _change(value: float | None, low: float | None, high: float | None) -> str:
    if value is None or low is None or high is None:
        return "no data"
    told = [f"{round(100 * share, 1) + 0.0:+.1f}" for share in (value, low, high)]
    return f"{told[0]} points [{told[1]}, {told[2]}]"
