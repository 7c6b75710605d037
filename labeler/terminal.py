"""What a person sees in the terminal: progress, summaries, scores, labelled solutions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from labeler.labelling_run import Progress, RunSummary
from labeler.records import Asks, LabeledSolution, LabeledStep

if TYPE_CHECKING:
    from labeler.oracle.evaluation import Evaluation
    from labeler.stats import LabelStatistics


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

    console = Console(stderr=True)
    columns = (
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rates]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=console, refresh_per_second=4) as bar:
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
    console = Console()
    if summary.already_there:
        console.print(f"{summary.out}: this run is already version {summary.version}")
        return
    costs = Table(title=f"cost of run {summary.run_id}", title_justify="left")
    for column in ("asked by", "calls", "of these reused", "samples", "prompt tokens", "generated"):
        costs.add_column(column, justify="left" if column == "asked by" else "right")
    for asker, cost in sorted(summary.cost.items()):
        numbers = (
            cost.calls, cost.reused, cost.samples, cost.prompt_tokens, cost.completion_tokens
        )  # fmt: skip
        costs.add_row(asker, *(f"{number:,}" for number in numbers))
    console.print(costs)
    for name, counts in sorted(summary.statistics.items()):
        console.print(f"{name}: {', '.join(f'{k} {v:,}' for k, v in counts.items())}")
    rejected = ", ".join(f"{n} at {stage}" for stage, n in summary.rejections.items()) or "none"
    console.print(
        f"[bold]{summary.out}, version {summary.version}[/]: {summary.n_solutions} solutions of "
        f"{summary.n_problems} problems in {summary.seconds:.0f} s; rejected: {rejected}"
    )


def print_evaluations(results: Sequence[Evaluation]) -> None:
    """Scores of labelers, one row per labeler and rule, and why they missed."""
    console = Console()
    table = Table(
        title="first errors, against the oracle",
        title_justify="left",
        box=None,
        padding=(0, 1, 0, 0),
    )
    table.add_column("labeler", no_wrap=True)
    table.add_column("rule", no_wrap=True)
    for column in ("wrong/n", "F1 [95%]", "prec.", "recall", "samples", "/error"):
        table.add_column(column, justify="right", no_wrap=True)
    for result in results:
        for rule, score in result.by_rule.items():
            low, high = score.f1_interval or (None, None)
            table.add_row(
                result.labeler, rule, f"{score.n_erroneous}/{score.n}",
                f"{_number(score.f1)} [{_number(low)}, {_number(high)}]",
                _number(score.precision), _number(score.recall), f"{score.samples:,}",
                _number(score.samples_per_located_error, 1),
            )  # fmt: skip
    console.print(table)
    for result in results:
        for rule, score in result.by_rule.items():
            misses = ", ".join(f"{n} {why}" for why, n in sorted(score.misses.items())) or "none"
            console.print(f"{result.labeler}, {rule}: missed {misses}")


def show_statistics(statistics: LabelStatistics) -> Group:
    """A version in numbers: what it holds, where first errors lie, what each labeler said."""
    s = statistics
    rate = s.keep_rate
    facts = Table(title=f"version {s.version}", title_justify="left", show_header=False)
    facts.add_row("problems", f"{s.n_problems:,}")
    facts.add_row("solutions", f"{s.n_solutions:,}  ({_counts(s.by_outcome)})")
    facts.add_row(
        "kept", f"{s.n_kept:,}  {_number(rate.rate)} [{_number(rate.low)}, {_number(rate.high)}]"
    )
    facts.add_row("steps", f"{s.n_steps:,}  ({_number(s.mean_steps, 1)} per solution)")
    facts.add_row(
        "labels",
        f"{s.n_correct_steps:,} right, {s.n_wrong_steps:,} wrong, {s.n_neutral_steps:,} neutral, "
        f"{s.n_undecided_steps:,} undecided",
    )
    facts.add_row(
        "cost", f"{_count(s.calls)} calls, {_count(s.prompt_tokens)} prompt tokens, "
        f"{_count(s.completion_tokens)} generated"
    )  # fmt: skip
    labelers = Table(title="evidence", title_justify="left")
    for column in ("labeler", "pieces", "right", "wrong", "unknown", "mean score", "generated"):
        labelers.add_column(column, justify="left" if column == "labeler" else "right")
    for name, one in s.by_labeler.items():
        numbers = (one.n_evidence, one.n_correct, one.n_wrong, one.n_unknown)
        labelers.add_row(
            name, *map(_count, numbers), _number(one.mean_score), _count(one.completion_tokens)
        )
    return Group(facts, _histogram(s.first_error_histogram), labelers)


def _histogram(counts: dict[str, int]) -> Table:
    """Solutions by the place of their first error, as bars."""
    table = Table(title="first error", title_justify="left", show_header=False, box=None)
    most = max(counts.values(), default=1)
    names = {"-1": "none"}
    for place, count in counts.items():
        name = names.get(place, place if place == "undecided" else f"step {int(place) + 1}")
        table.add_row(name, f"{count:,}", "█" * max(1, round(40 * count / most)))
    return table


def render(row: LabeledSolution) -> Text:
    """One solution: right steps green, the wrong one red, undecided ones grey."""
    text = Text()
    text.append(f"{row.problem.problem_id}\n", style="bold")
    text.append(f"{row.problem.text}\n")
    for step in row.steps:
        style = {1: "green", -1: "bold red", 0: "yellow", None: "bright_black"}[step.label]
        mark = {1: "+", -1: "x", 0: "o", None: "?"}[step.label]
        text.append(f" {mark} {step.text.strip()}", style=style)
        text.append(f"  {_known(step)}\n", style="dim")
    kept = "kept" if row.consensus.kept else f"not kept: {row.consensus.reason}"
    text.append(f"   gold {row.problem.gold_answer}, {row.solution.outcome}; {kept}\n", style="dim")
    return text


def _known(step: LabeledStep) -> str:
    """P(right) and the counts behind it."""
    parts = [] if step.probability is None else [f"P {step.probability:.2f}"]
    parts += [
        f"{e.labeler} {e.n_correct}/{e.n}" for e in step.evidence if e.asks is Asks.VALUE and e.n
    ]
    return ", ".join(parts)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


def _count(count: int | None) -> str:
    return "-" if count is None else f"{count:,}"


def _number(value: float | None, digits: int = 2) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
