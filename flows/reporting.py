"""What a flow shows on Prefect's page: progress, cost, label statistics, where the report lies.

Artifacts are kept in Prefect's database, so they are few, small and renewed every ten seconds at
most. A server that is away costs a line in the log, never the run: truth lies in the dataset.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
from prefect import get_run_logger
from prefect.artifacts import (
    acreate_link_artifact,
    acreate_markdown_artifact,
    acreate_progress_artifact,
    acreate_table_artifact,
    aupdate_progress_artifact,
)
from prefect.exceptions import PrefectException, PrefectHTTPStatusError

from labeler.dataset.reader import open_dataset
from labeler.dataset.storage import storage_of
from labeler.errors import LabelerError
from labeler.files import make_folder
from labeler.labelling.parts import Progress, RunSummary
from labeler.shown import line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from labeler.stats import LabelStatistics, Rate

PROGRESS_PERIOD_S = 10.0
LISTED = 50
CHANGES = ("changed", "reworded", "deleted", "kept")
SERVER_ERRORS = (httpx.HTTPError, PrefectHTTPStatusError, PrefectException, OSError)
Result = TypeVar("Result")


async def shown(what: Awaitable[Result]) -> Result | None:
    """Waits for an artifact to be made; a server that cannot take it is logged, no more."""
    try:
        return await what
    except SERVER_ERRORS as error:
        get_run_logger().warning("the Prefect server did not take an artifact: %r", error)
        return None


class ProgressBoard:
    """Problems labelled, as a progress artifact and a line in the log, every few seconds."""

    def __init__(self) -> None:
        self._latest = Progress(0, 1, 0, 0)

    def note(self, progress: Progress) -> None:
        """Remembers the newest figures; cheap, so it may be called at any rate."""
        self._latest = progress

    @asynccontextmanager
    async def showing(self, stage: str) -> AsyncIterator[None]:
        """Shows progress until the stage ends."""
        telling = asyncio.create_task(self._show(stage))
        try:
            yield
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    async def _show(self, stage: str) -> None:
        logger = get_run_logger()
        artifact = await shown(acreate_progress_artifact(progress=0.0, description=stage))
        started = time.monotonic()
        while True:
            await asyncio.sleep(PROGRESS_PERIOD_S)
            latest, seconds = self._latest, time.monotonic() - started
            left_s = (latest.total - latest.done) * seconds / latest.done if latest.done else None
            logger.info(
                "%s: %d of %d problems, %.0f tokens/s, %s left",
                stage,
                latest.done,
                latest.total,
                latest.completion_tokens / seconds,
                "?" if left_s is None else f"{left_s:.0f} s",
            )
            if artifact is not None:
                percent = 100 * latest.done / latest.total
                await shown(aupdate_progress_artifact(artifact, progress=percent))


async def show_summary(summary: RunSummary) -> None:
    """What a run made and why something is not in it, first; then what it cost, by requester."""
    rejected = ", ".join(f"{n} at {stage}" for stage, n in summary.rejections.items()) or "none"
    reasons = "".join(f"\n- {n:,} rejected: {reason}" for reason, n in summary.reasons.items())
    await show_text(
        "labelling-summary",
        f"# Version {summary.version} of {summary.out.name}\n\n"
        f"run {summary.run_id}: {summary.n_problems} problems, "
        f"{summary.n_solutions} labelled solutions in {summary.seconds:.0f} s; "
        f"rejected: {rejected}\n{reasons}\n",
    )
    rows: list[dict[str, Any]] = [
        {
            "asked by": requester,
            "calls": cost.calls,
            "reused": cost.reused,
            "samples": cost.samples,
            "prompt tokens": cost.prompt_tokens,
            "generated tokens": cost.completion_tokens,
            "failed": cost.failed,
        }
        for requester, cost in sorted(summary.cost.items())
    ]
    await shown(
        acreate_table_artifact(table=rows, key="labelling-cost", description="Cost of the run")
    )


async def show_statistics(summary: RunSummary) -> None:
    """What the whole version holds, and a link to its report, OUT/_reports/version-N.html."""
    from labeler.report import write_report
    from labeler.stats import label_statistics

    dataset = open_dataset(summary.out, summary.version)
    rows = _statistics_rows(label_statistics(dataset))
    await show_table("label-statistics", rows, f"{summary.out}, version {summary.version}")
    report = storage_of(summary.out).local / "_reports" / f"version-{summary.version}.html"
    try:
        make_folder(report.parent)
        write_report(dataset, report)
    except LabelerError as error:
        # The labels are committed; a picture of them that cannot be drawn is no failure.
        get_run_logger().warning("no report: %s", error)
        return
    link = report.resolve().as_uri()
    await shown(acreate_link_artifact(link, key="report", description=f"Report of {summary.out}"))


def with_version(out: str, version: int | None = None) -> str:
    """A dataset and its version (the newest by default), for the name of a run; its name alone
    where it cannot be read: that is told by the run itself.
    """
    from labeler.dataset.ledger import newest_version
    from labeler.dataset.storage import located

    name = Path(out).name
    try:
        number = newest_version(located(out)) if version is None else version
    except LabelerError:
        return name
    return f"{name}, version {number}" if number >= 0 else name


def in_one_line(summary: RunSummary) -> str:
    """What a run made, for the message of its state."""
    if summary.already_there:
        return f"is version {summary.version} of {summary.out.name} already"
    reasons = "; ".join(f"{reason}: {n:,}" for reason, n in summary.reasons.items())
    kinds = Counter(change.partition(":")[0] for change in summary.changes)
    changed = ", ".join(f"{n:,} {kind}" for kind, n in kinds.items() if kind in CHANGES)
    rejected = sum(summary.rejections.values())
    return (
        f"version {summary.version} of {summary.out.name}: {summary.n_problems:,} problems, "
        f"{summary.n_solutions:,} labelled solutions"
        + (f", {rejected:,} rejected ({reasons})" if rejected else "")
        + (f"; {changed}" if changed else "")
    )


async def show_changes(changes: Sequence[str], out: str) -> None:
    """What was changed, deleted or left out, by name and with the reason: a line in the log each,
    and a page; of very many only the first, the rest is in OUT/_rejections.
    """
    if not changes:
        return
    for change in changes[:LISTED]:
        get_run_logger().info("%s", change)
    more = f"\n- and {len(changes) - LISTED:,} more" if len(changes) > LISTED else ""
    lines = "\n".join(f"- {line(change)}" for change in changes[:LISTED])
    await show_text("source-changes", f"# Changed or left out, {out}\n\n{lines}{more}\n")


async def show_text(key: str, markdown: str) -> None:
    """A keyed page of text; earlier runs' pages stay visible under the same key."""
    await shown(acreate_markdown_artifact(markdown, key=key))


async def show_table(key: str, rows: Sequence[dict[str, Any]], description: str) -> None:
    """A keyed table of a few rows."""
    await shown(acreate_table_artifact(table=[*rows], key=key, description=description))


def with_interval(rate: Rate) -> str:
    """A share as people read it: value, 95% interval, counts."""
    if rate.rate is None:
        return "no data"
    return f"{rate.rate:.3f} [{rate.low:.3f}, {rate.high:.3f}] ({rate.n_yes} of {rate.n})"


def _statistics_rows(s: LabelStatistics) -> list[dict[str, Any]]:
    facts: dict[str, Any] = {
        "problems": s.n_problems,
        "solutions": s.n_solutions,
        "solutions kept": with_interval(s.keep_rate),
        "steps": s.n_steps,
        "steps right": s.n_correct_steps,
        "steps wrong": s.n_wrong_steps,
        "steps neutral": s.n_neutral_steps,
        "steps undecided": s.n_undecided_steps,
    }
    facts |= {f"evidence of {name}": one.n_evidence for name, one in s.by_labeler.items()}
    return [{"what": name, "value": value} for name, value in facts.items()]
