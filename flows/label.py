"""The labelling run as a Prefect flow: a task is a shard of problems, never a rollout.

Truth lives in files: a shard that is staged, and every reply in the journal, survives whatever
Prefect forgets. So tasks need no result persistence, and a retried task repeats nothing. The model
is loaded once per flow run, outside the tasks, and all shards share its batches.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from pathlib import Path
from typing import Any

# Before Prefect is imported: nothing is reported to anybody.
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
# A busy laptop needs more than the default 20 s for the temporary server's first start.
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "180")

from prefect import flow, get_run_logger, task
from prefect.artifacts import (
    acreate_markdown_artifact,
    acreate_progress_artifact,
    acreate_table_artifact,
    aupdate_progress_artifact,
)
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from labeler.config import RunConfig
from labeler.errors import LabelerError
from labeler.labelling_run import SHARDS_AT_ONCE, LabellingRun, Progress, RunSummary, already_there
from labeler.pipeline import Shard, ShardSummary
from labeler.wiring import open_run

PROGRESS_PERIOD_S = 10.0
"""Artifacts live in Prefect's database: rarely is enough."""


def _may_help(task: Task[Any, Any], task_run: TaskRun, state: State[Any]) -> bool:
    """A full disk or a wrong setting is not mended by trying again."""
    error = state.data if isinstance(state.data, BaseException) else None
    error = getattr(state.data, "error", error)
    return not isinstance(error, LabelerError) or error.retry_helps


@task(
    task_run_name="{name}",
    retry_condition_fn=_may_help,
    retries=2,
    retry_delay_seconds=5,
    retry_jitter_factor=0.5,
    persist_result=False,
    tags=["labeler-shard"],
)
async def label_shard(name: str, run: LabellingRun, shard: Shard) -> ShardSummary:
    """Labels one shard; a retry is answered from the journal up to where it failed."""
    summary = await run.label(shard)
    get_run_logger().info(
        "%s: %d problems, %d solutions, %d rejected",
        name, summary.n_problems, summary.n_rows, len(summary.rejections),
    )  # fmt: skip
    return summary


@task(persist_result=False)
async def commit_version(run: LabellingRun, summaries: list[ShardSummary]) -> RunSummary:
    """Makes one version of all shards; the only writer of the dataset."""
    return run.commit(summaries)


@flow(name="label", flow_run_name="label-{config.name}", validate_parameters=True)
async def label(config: RunConfig, out: str, resume: bool = False) -> RunSummary:
    """Labels the problems of a run and commits one version of the dataset at `out`."""
    logger = get_run_logger()
    board = _ProgressBoard()
    run = open_run(config, Path(out), resume=resume, on_progress=board.note)
    async with run:
        version = run.finished_version()
        if version is not None:
            logger.info("%s: already version %d of %s", config.name, version, out)
            return already_there(run, version)
        n_problems, n_shards = len(run.parts.problems), len(run.shards)
        logger.info("run %s: %d problems in %d shards", run.run_id, n_problems, n_shards)
        showing = asyncio.create_task(board.show())
        try:
            summaries = await _label_all(run)
        finally:
            showing.cancel()
            await asyncio.gather(showing, return_exceptions=True)
        summary = await commit_version(run, summaries)
    await _summarise(summary)
    return summary


async def _label_all(run: LabellingRun) -> list[ShardSummary]:
    """A few shards at a time: enough to keep the sampler busy, few enough to finish some early."""
    room = asyncio.Semaphore(SHARDS_AT_ONCE)

    async def one(shard: Shard) -> ShardSummary:
        async with room:
            return await label_shard(shard.name, run, shard)

    return list(await asyncio.gather(*(one(shard) for shard in run.shards)))


class _ProgressBoard:
    """A progress artifact and a line in the log, brought up to date every few seconds."""

    def __init__(self) -> None:
        self._latest = Progress(0, 1, 0, 0)

    def note(self, progress: Progress) -> None:
        self._latest = progress

    async def show(self) -> None:
        logger = get_run_logger()
        artifact = await acreate_progress_artifact(progress=0.0, description="problems labelled")
        started = time.monotonic()
        while True:
            await asyncio.sleep(PROGRESS_PERIOD_S)
            latest, seconds = self._latest, time.monotonic() - started
            left_s = (latest.total - latest.done) * seconds / latest.done if latest.done else None
            logger.info(
                "%d of %d problems, %.0f tokens/s, %s left",
                latest.done,
                latest.total,
                latest.completion_tokens / seconds,
                "?" if left_s is None else f"{left_s:.0f} s",
            )
            await aupdate_progress_artifact(artifact, progress=100 * latest.done / latest.total)


async def _summarise(summary: RunSummary) -> None:
    rows: list[dict[str, Any]] = [
        {
            "asked by": asker,
            "calls": cost.calls,
            "reused": cost.reused,
            "samples": cost.samples,
            "prompt tokens": cost.prompt_tokens,
            "generated tokens": cost.completion_tokens,
            "failed": cost.failed,
        }
        for asker, cost in sorted(summary.cost.items())
    ]
    await acreate_table_artifact(table=rows, key="labelling-cost", description="Cost of the run")
    rejected = ", ".join(f"{n} at {stage}" for stage, n in summary.rejections.items()) or "none"
    await acreate_markdown_artifact(
        key="labelling-summary",
        markdown=(
            f"# Version {summary.version} of {summary.out.name}\n\n"
            f"run {summary.run_id}: {summary.n_problems} problems, "
            f"{summary.n_solutions} labelled solutions in {summary.seconds:.0f} s; "
            f"rejected: {rejected}\n"
        ),
    )


def main() -> None:
    """`python -m flows.label CONFIG --out DIR`, which `labeler run --flow` calls."""
    from labeler.cli import fail
    from labeler.config import load_config
    from labeler.errors import BackendError, LabelerError
    from labeler.terminal import print_summary

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("config")
    parser.add_argument("--out", required=True)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--set", action="append", default=[], dest="settings")
    given = parser.parse_args()
    try:
        config = load_config(given.config, given.settings)
        summary = asyncio.run(label(config, given.out, given.resume))
    except KeyboardInterrupt:
        fail("interrupted; what was sampled is kept, add --resume to go on", 130)
    except BackendError as error:
        fail(f"{error} (what was sampled is kept; add --resume to go on)", 3)
    except LabelerError as error:
        fail(str(error), 2)
    print_summary(summary)


if __name__ == "__main__":
    main()
