"""What a person sees in the terminal: progress, summaries, scores, labelled solutions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from labeler.labelling.parts import Progress, RunSummary
from labeler.records import Asks, LabeledSolution, LabeledStep
from labeler.shown import console, line, shown
from labeler.unread import one_line, unread_by_asker

if TYPE_CHECKING:
    from labeler.evaluation.compare import Comparison
    from labeler.evaluation.pair_scores import PairComparison
    from labeler.evaluation.signals import SignalScore

MANY_OF_ONE_STEP = 0.1


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[Progress], None]]:
    """A bar with counts, rate and time left; gives the function that moves it."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bar

    columns = (
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rates]}"),
        TimeElapsedColumn(),
        TextColumn("so far,"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Bar(*columns, console=console(stderr=True), refresh_per_second=4) as bar:
        task = bar.add_task(what, total=None, rates="starting")

        def show(progress: Progress) -> None:
            seconds = bar.tasks[task].elapsed or 1e-9
            bar.update(
                task,
                total=progress.total,
                completed=progress.done,
                rates=f"{progress.done / seconds:.1f}/s, "
                f"{progress.completion_tokens / seconds:,.0f} tokens/s",
            )

        yield show


def print_summary(summary: RunSummary) -> None:
    """What a run did and what it cost."""
    out = console()
    for change in summary.changes:
        out.print(f"  {line(change)}", markup=False)
    if summary.already_there:
        out.print(
            f"{summary.out}: this run is already version {summary.version}; "
            f"see it with labeler stats {summary.out}"
        )
        return
    if not summary.run_id:
        out.print(f"{summary.out}, version {summary.version}: nothing new, labels withdrawn")
        return
    costs = Table(title=f"cost of run {summary.run_id}", title_justify="left")
    for column in ("asked by", "calls", "of these reused", "samples", "prompt tokens", "generated"):
        costs.add_column(column, justify="left" if column == "asked by" else "right")
    for requester, cost in sorted(summary.cost.items()):
        numbers = (
            cost.calls, cost.reused, cost.samples, cost.prompt_tokens, cost.completion_tokens
        )  # fmt: skip
        costs.add_row(requester, *(f"{number:,}" for number in numbers))
    out.print(costs)
    if summary.currency:
        out.print(f"spent: {summary.spent:,.4f} {summary.currency}{_by_asker(summary)}")
    for name, counts in sorted(summary.statistics.items()):
        out.print(f"{name}: {', '.join(f'{k} {v:,}' for k, v in counts.items())}")
    for told in _of_labelers(summary):
        out.print(told, style="yellow")
    if warning := _one_step(summary):
        out.print(warning, style="yellow")
    if unread := unread_by_asker(summary.statistics):
        warned = any(one.warns for one in unread.values())
        out.print(one_line(unread), style="yellow" if warned else "")
    rejected = ", ".join(f"{n} at {stage}" for stage, n in summary.rejections.items()) or "none"
    made = Text(f"{line(str(summary.out))}, version {summary.version}", style="bold")
    made.append(
        f": {summary.n_solutions} solutions of {summary.n_problems} problems in "
        f"{summary.seconds:.0f} s; rejected: {rejected}",
        style="not bold",
    )
    out.print(made)
    for reason, n in summary.reasons.items():
        out.print(f"  {n:,} rejected: {line(reason)}", style="yellow")
    if summary.reasons:
        out.print(f"  all of them: {summary.out}/_rejections/{summary.run_id}.jsonl")


def _by_asker(summary: RunSummary) -> str:
    """Who cost most, in brackets."""
    paid = sorted(((c.money, n) for n, c in summary.cost.items() if c.money), reverse=True)
    told = ", ".join(f"{name} {money:,.4f}" for money, name in paid)
    return f" ({told})" if told else ""


def _of_labelers(summary: RunSummary) -> list[str]:
    """One line for each labeler that was dropped, or got worse."""
    return [
        f"{name} {WHAT[what]}: {why}"
        for what, labelers in summary.labelers.items()
        for name, why in labelers.items()
    ]


WHAT = {"dropped": "was asked no more after the pilot", "degraded": "got worse during the run"}
"""How what is told of labelers begins."""


def print_wide(what: Table | str) -> None:
    """Prints a table that wraps in a narrow terminal; a file or a pipe has no edge."""
    out = console()
    (out if out.is_terminal else console(width=max(out.width, 160))).print(what)


def _one_step(summary: RunSummary) -> str:
    """One line where many solutions are a single step, "" elsewhere."""
    counts = summary.statistics.get("steps", {})
    n, of_one_step = counts.get("solutions", 0), counts.get("of one step", 0)
    if of_one_step <= MANY_OF_ONE_STEP * n:
        return ""
    return (
        f"{of_one_step:,} of {n:,} solutions ({of_one_step / n:.0%}) are one step, in which no "
        "error can be located; see steps: in the run file (auto follows the layout of replies)"
    )


def print_comparison(found: Comparison) -> None:
    """Scores of sources and rules, one row each, and why they missed."""
    out = console()
    table = Table(
        title=f"{found.n} solutions, {found.n_erroneous} with an error",
        title_justify="left",
        box=None,
        padding=(0, 1, 0, 0),
    )
    table.add_column("who", no_wrap=True)
    columns = ("F1 [95%]", "err.", "corr.", "cover", "flagged", "false", "exact", "ECE", "tokens")
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    scores = [*found.sources.items(), *((f"= {n}", s) for n, s in found.consensus.items())]
    for name, one in scores:
        low, high = one.f1_interval or (None, None)
        table.add_row(
            name, f"{_number(one.f1)} [{_number(low)}, {_number(high)}]",
            _number(one.acc_erroneous), _number(one.acc_correct), _number(one.coverage),
            _number(one.flagged), _number(one.false_flag_rate, 3), _number(one.flag_exact),
            _number(one.ece, 3), f"{one.generated_tokens:,}",
        )  # fmt: skip
    out.print(table)
    for name, one in scores:
        misses = ", ".join(f"{n} {why}" for why, n in sorted(one.misses.items())) or "none"
        out.print(f"{name}: missed {misses}")
    for name, signal in found.signals.items():
        out.print(f"{name}: {_told(signal)}", soft_wrap=True)


def print_pairs(found: PairComparison) -> None:
    """Who knew the better step, one row for each source and kind of pair, and what was said."""
    out = console()
    kinds = ", ".join(f"{n} of {kind}s" for kind, n in found.kinds.items())
    title = f"{found.n} pairs ({kinds})"
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0))
    for column in ("who", "pairs"):
        table.add_column(column, no_wrap=True)
    for column in ("n", "accuracy [95%]", "by position [95%]"):
        table.add_column(column, justify="right", no_wrap=True)
    rows = [(name, kind, one) for name, of in found.sources.items() for kind, one in of.items()]
    for name, kind, one in rows:
        low, high = one.interval or (None, None)
        place = one.by_position
        by_position = "-"
        if place is not None:
            by_position = f"{_number(place.rate)} [{_number(place.low)}, {_number(place.high)}]"
        accuracy = f"{_number(one.accuracy)} [{_number(low)}, {_number(high)}]"
        table.add_row(name, kind, f"{one.n:,}", accuracy, by_position)
    out.print(table)
    for name, kind, one in rows:
        said = ", ".join(f"{n} {what.replace('_', ' ')}" for what, n in one.counts.items())
        out.print(f"{name}, {kind}: {said}", soft_wrap=True)


def _told(signal: SignalScore) -> str:
    """What a source's scores are worth, and the settings that a labelled slice gives."""
    low, high = signal.auc_interval or (None, None)
    told = (
        f"scores of {signal.n_errors} first errors against {signal.n_right} right steps: "
        f"AUC {_number(signal.auc, 3)} [{_number(low, 3)}, {_number(high, 3)}], lowest at the first"
        f" error in {_number(signal.exact)} of {signal.n_placed}"
    )
    if signal.threshold is None:
        return told
    points = ", ".join(f"[{a:g}, {b:g}]" for a, b in signal.calibration)
    return (
        f"{told}\n  best here: threshold: {signal.threshold:.4g} (F1 {_number(signal.f1)}; "
        f"{_number(signal.f1_held_out)} on solutions it was not chosen on)\n"
        f"  or, with calibration: [{points}], threshold: {signal.calibrated_threshold:g}"
    )


def render(row: LabeledSolution) -> Text:
    """One solution: right steps green, the wrong one red, undecided ones grey."""
    text = Text()
    text.append(f"{line(row.problem.problem_id)}\n", style="bold")
    text.append(f"{shown(row.problem.text)}\n")
    for number, step in enumerate(row.steps, 1):
        style = {1: "green", -1: "bold red", 0: "yellow", None: "bright_black"}[step.label]
        mark = {1: "+", -1: "x", 0: "o", None: "?"}[step.label]
        text.append(f" {mark} {number}. {shown(step.text.strip())}", style=style)
        text.append(f"  {_known(step)}\n", style="dim")
    kept = "kept" if row.consensus.kept else f"not kept: {line(row.consensus.reason)}"
    gold = row.problem.gold_answer or "unknown"
    text.append(f"   gold {line(gold)}, {row.solution.outcome}; {kept}\n", style="dim")
    return text


def _known(step: LabeledStep) -> str:
    """P(right) and the counts behind it."""
    parts = [] if step.probability is None else [f"P {step.probability:.2f}"]
    parts += [
        f"{e.labeler} {e.n_correct}/{e.n}" for e in step.evidence if e.asks is Asks.VALUE and e.n
    ]
    parts += [f"{e.labeler} {e.signal:.2f}" for e in step.evidence if e.signal is not None]
    return ", ".join(parts)


def _number(value: float | None, digits: int = 2) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
