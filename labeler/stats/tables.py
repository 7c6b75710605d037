"""Statistics as a person reads them in the terminal; a dash for what is not known."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Group
from rich.table import Table

from labeler.stats.agreement import Agreement, Coefficient, one_sided
from labeler.stats.calibration import Calibration
from labeler.stats.drift import Drift
from labeler.stats.rates import Difference, Rate, Spread
from labeler.stats.records import AgentCounts, CostPerLabel, LabelCounts, LabelStatistics, step_name
from labeler.unread import REMEDY, Unread


def show_statistics(s: LabelStatistics) -> Group:
    """A version in numbers: what it holds, where first errors lie, who said what, what it took."""
    tables = [_facts(s), *_agents(s.agents), _bars("first error", s.first_errors), _evidence(s)]
    tables += [_labels("labels by domain", s.labels_by_domain)] if len(s.by_domain) > 1 else []
    by_step = {step_name(int(step)): n for step, n in s.labels_by_position.items()}
    tables.append(_labels("labels by place", by_step))
    tables.append(_keeping(s))
    if s.drop_reasons:
        reasons = {why or "no reason given": n for why, n in s.drop_reasons.items()}
        tables.append(_bars("not kept", reasons))
    for labeler, by_n in s.monte_carlo.items():
        for n, counts in by_n.items():
            rollouts = {f"{right} of {n}": count for right, count in enumerate(counts)}
            tables.append(_bars(f"rollouts right, {labeler}", rollouts))
    tables += [_agreement(s.agreement)] if s.agreement.n_steps else []
    tables += [_calibration(by, found) for by, found in s.calibration.items()]
    tables += [_unread(s)] if s.unread else []
    return Group(*tables, _costs(s.cost))


def show_drift(d: Drift) -> Group:
    """What moved between two versions."""
    shares = _table(f"version {d.old_version} -> {d.new_version}", "share", "old", "new", "change")
    for name, shift in d.shares.items():
        change = _change(shift.change)
        shares.add_row(name, _rate(shift.old), _rate(shift.new), change)
    distances = _table("total variation distance (0 same, 1 disjoint)", "of", "distance")
    for name, value in d.distances.items():
        distances.add_row(name, _number(value, 3))
    return Group(shares, distances)


def _facts(s: LabelStatistics) -> Table:
    facts = Table(title=f"version {s.version}", title_justify="left", show_header=False)
    facts.add_row("problems", f"{s.n_problems:,}")
    facts.add_row("solutions", f"{s.n_solutions:,}  ({_counts(s.by_outcome)})")
    facts.add_row("kept", f"{s.n_kept:,}  {_share(s.keep_rate)}")
    facts.add_row("steps", f"{s.n_steps:,}  ({_number(s.mean_steps, 1)} per solution)")
    facts.add_row(
        "labels",
        f"{s.n_correct_steps:,} right, {s.n_wrong_steps:,} wrong, {s.n_neutral_steps:,} neutral, "
        f"{s.n_undecided_steps:,} undecided",
    )
    facts.add_row("steps per solution", _spread(s.steps_per_solution))
    facts.add_row("characters per step", _spread(s.characters_per_step))
    facts.add_row(
        "duplicates", f"{s.duplicates.solutions:,} solutions, {s.duplicates.problem_texts:,} "
        f"problem texts; {s.duplicates.shared_steps:,} steps shared"
    )  # fmt: skip
    facts.add_row(
        "cost", f"{_count(s.calls)} calls, {_count(s.prompt_tokens)} prompt tokens, "
        f"{_count(s.completion_tokens)} generated"
    )  # fmt: skip
    return facts


def _agents(a: AgentCounts | None) -> list[Table]:
    """What agents did; tokens are words and marks."""
    if a is None:
        return []
    facts = Table(title="turns of agents", title_justify="left", show_header=False)
    facts.add_row("solutions, turns", f"{a.n_solutions:,}, {a.n_turns:,}")
    facts.add_row("calls", f"{a.n_calls:,}; per solution: {_spread(a.calls_per_solution)}")
    facts.add_row(
        "words and marks", f"{a.own_tokens:,} the policy's, {a.observed_tokens:,} in "
        f"{a.n_observations:,} observations"
    )  # fmt: skip
    tools = _table("calls by tool", "tool", "calls", "failed", "how")
    for name, one in a.tools.items():
        how = ", ".join(f"{n:,} {kind}" for kind, n in one.failures.items())
        tools.add_row(name, _count(one.n_calls), _share(one.failed), how)
    return [facts, *([tools] if a.tools else [])]


def _evidence(s: LabelStatistics) -> Table:
    # Columns for scores without a verdict only where there are any: the table is wide without them.
    alone = any(one.n_signals for one in s.by_labeler.values())
    table = _table(
        "evidence", "labeler", "pieces", "right", "wrong", "unknown", "mean score",
        *(["scores alone", "mean"] if alone else []), "generated",
    )  # fmt: skip
    for name, one in s.by_labeler.items():
        numbers = (one.n_evidence, one.n_correct, one.n_wrong, one.n_unknown)
        signals = (_count(one.n_signals), _number(one.mean_signal)) if alone else ()
        table.add_row(
            name, *map(_count, numbers), _number(one.mean_score), *signals,
            _count(one.completion_tokens),
        )  # fmt: skip
    return table


def _labels(title: str, groups: Mapping[str, LabelCounts]) -> Table:
    table = _table(title, "", "right", "neutral", "wrong", "undecided", "wrong/decided")
    for name, one in groups.items():
        numbers = (one.n_correct, one.n_neutral, one.n_wrong, one.n_undecided)
        table.add_row(name, *map(_count, numbers), _share(one.wrong_rate))
    return table


def _unread(s: LabelStatistics) -> Table:
    table = _table("replies without a readable answer", "asked by", "replies", "unread", "")
    for asker, rate in s.unread.items():
        warning = REMEDY if Unread(rate.n, rate.n_yes).warns else ""
        table.add_row(asker, _count(rate.n), _share(rate), warning)
    return table


def _keeping(s: LabelStatistics) -> Table:
    table = _table("kept, by share of the problem's solutions that are right",
                   "right", "problems", "solutions", "kept")  # fmt: skip
    for band, one in s.keep_by_difficulty.items():
        table.add_row(band, _count(one.n_problems), _count(one.keep_rate.n), _share(one.keep_rate))
    return table


def _agreement(found: Agreement) -> Table:
    title = f"agreement on {found.n_steps:,} steps, alpha {_coefficient(found.alpha)}"
    table = _table(title, "labelers", "steps", "agree", "kappa")
    for pair in found.pairs:
        table.add_row(
            f"{pair.a}, {pair.b}",
            _count(pair.agree.n),
            _share(pair.agree),
            "one-sided" if one_sided(pair) else _coefficient(pair.kappa),
        )
    return table


def _calibration(by: str, found: Calibration) -> Table:
    whose = {
        "human": "a person's verdict",
        "annotated": "the file's own labels",
        "outcome": "the outcome (last steps)",
    }.get(by, by)
    title = f"probabilities against {whose}: Brier {_number(found.brier, 3)}, " \
            f"expected error {_number(found.expected_error, 3)}"  # fmt: skip
    table = _table(title, "probability", "steps", "said", "right")
    for one in found.bins:
        where = f"{one.low:.1f}-{one.high:.1f}"
        table.add_row(where, _count(one.right.n), _number(one.mean_probability), _share(one.right))
    return table


def _costs(cost: Mapping[str, CostPerLabel]) -> Table:
    table = _table("cost", "", "in all", "per label", "per kept label")
    for kind, one in cost.items():
        table.add_row(
            kind.replace("_", " "),
            _amount(one.total),
            _amount(one.per_label),
            _amount(one.per_kept_label),
        )
    return table


def _bars(title: str, counts: Mapping[str, int]) -> Table:
    table = Table(title=title, title_justify="left", show_header=False, box=None)
    most = max(counts.values(), default=1) or 1
    for name, count in counts.items():
        bar = "█" * max(1, round(40 * count / most)) if count else ""
        table.add_row(name, f"{count:,}", bar)
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left")
    return table


def _share(rate: Rate) -> str:
    return f"{_number(rate.rate)} [{_number(rate.low)}, {_number(rate.high)}]"


def _rate(rate: Rate) -> str:
    return f"{_number(rate.rate, 3)} ({rate.n_yes:,}/{rate.n:,})"


def _change(change: Difference) -> str:
    if change.value is None:
        return "-"
    return f"{change.value:+.3f} [{change.low:+.3f}, {change.high:+.3f}]"


def _coefficient(found: Coefficient) -> str:
    return f"{_number(found.value)} [{_number(found.low)}, {_number(found.high)}]"


def _spread(found: Spread) -> str:
    if found.n == 0:
        return "-"
    return (
        f"median {found.median:,}, 80% from {found.p10:,} to {found.p90:,}, "
        f"all from {found.smallest:,} to {found.largest:,}"
    )


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


def _count(count: int | None) -> str:
    return "-" if count is None else f"{count:,}"


def _amount(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 1000 else f"{value:,.3g}"


def _number(value: float | None, digits: int = 2) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
