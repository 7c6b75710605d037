"""The stages that labelling flows share: label shards, commit, statistics.

A task is a shard of problems, never a rollout. The models are loaded once per flow run, outside the
tasks, and all shards share their batches, so tasks are awaited on the flow's own event loop (a
`map` would give each a loop and a thread of its own). Truth lies in files: a staged shard and every
journalled reply survive whatever Prefect forgets, so tasks keep no results and a retry repeats
nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

from prefect import get_run_logger, task

from labeler.labelling.parts import RunSummary
from labeler.labelling.pipeline import ShardSummary
from labeler.labelling.run import SHARDS_AT_ONCE, LabellingRun
from labeler.wiring.runs import note

from .engine_limit import limited_engine, place_on
from .parameters import Config
from .ray_shards import label_on_ray
from .reporting import ProgressBoard, show_statistics, show_summary
from .retrying import is_retryable

MOST_SHARDS = 64
"""Above that, task runs cost more than they tell: 21 KB of Prefect's database each, and a part of
the pipeline that idles while the server takes note of their beginning and end."""

TURN_S = 30.0
"""A place on the engine is kept for so long from shard to shard: taking one costs a second of
Prefect's. Another run's turn comes at the end of the shard in which it is over."""

SHARD_TIMEOUT_S = 6 * 3600.0
LISTED_IDS = 20
"""So many problem ids stand in one line of the log; the whole list is in `_rejections/`."""


@task(
    task_run_name="{name}",
    retry_condition_fn=is_retryable,
    retries=2,
    retry_delay_seconds=5,
    retry_jitter_factor=0.5,
    timeout_seconds=SHARD_TIMEOUT_S,
    persist_result=False,
    tags=["labeler-shard"],
)
async def label_shard(
    name: str, run_id: str, work: Callable[[], Awaitable[ShardSummary]]
) -> ShardSummary:
    """Labels one shard; a retry is answered from the journal up to where it failed.

    `work` is a function because Prefect looks into everything else that a task is given.
    """
    logger = get_run_logger()
    summary = await work()
    logger.info(
        "run=%s shard=%s problems=%d solutions=%d rejected=%d",
        run_id, name, summary.n_problems, summary.n_rows, len(summary.rejections),
    )  # fmt: skip
    if summary.rejections:
        ids = [rejection.record_id for rejection in summary.rejections]
        more = f" and {len(ids) - LISTED_IDS} more" if len(ids) > LISTED_IDS else ""
        logger.info("run=%s shard=%s rejected=%s%s", run_id, name, ",".join(ids[:LISTED_IDS]), more)
    return summary


@task(task_run_name="commit {run_id}", persist_result=False, tags=["labeler-commit"])
async def commit_version(run_id: str, work: Callable[[], RunSummary]) -> RunSummary:
    """Makes one version of all shards; the only writer of the dataset."""
    return work()


@task(task_run_name="statistics of version {summary.version}", persist_result=False)
async def label_statistics(summary: RunSummary) -> None:
    """Shows what the run made and what the version holds now."""
    await show_summary(summary)
    await show_statistics(summary)


async def execute_run(
    config: Config,
    run: LabellingRun,
    board: ProgressBoard,
    *,
    shard_timeout_s: float = SHARD_TIMEOUT_S,
    replaces: bool = False,
    may_be_empty: bool = False,
) -> RunSummary:
    """All stages of an entered run, from its shards to its statistics.

    With `replaces`, the labels that earlier runs gave to the same problems are void; with
    `may_be_empty`, a version may say no more than that its problems were tried.
    """
    get_run_logger().info(
        "run=%s problems=%d shards=%d out=%s",
        run.run_id, len(run.parts.problems), len(run.shards), run.out,
    )  # fmt: skip
    labelled = label_shard.with_options(timeout_seconds=shard_timeout_s)
    engine = await limited_engine(config)
    waiting = deque(run.shards)
    done: dict[str, ShardSummary] = {}

    async def take_turns() -> None:
        while waiting:
            async with place_on(engine):
                turn_ends = time.monotonic() + TURN_S
                while waiting and time.monotonic() < turn_ends:
                    shard = waiting.popleft()
                    work = partial(run.label, shard)
                    done[shard.name] = await labelled(shard.name, run.run_id, work)

    def commit() -> RunSummary:
        # Written before the commit, counted only after it: a crash between leaves nothing wrong.
        note(config, run, replaces=replaces)
        return run.commit(
            [done[shard.name] for shard in run.shards],
            replaces=replaces,
            may_be_empty=may_be_empty,
        )

    async with board.showing("problems labelled"):
        if run.delegates_shards:
            done |= await label_on_ray(config, run, board)
        else:
            # A few at a time: enough to keep the model busy, few enough to finish some early.
            await _all_or_first_error([take_turns() for _ in range(SHARDS_AT_ONCE)])
    summary = await commit_version(run.run_id, commit)
    await label_statistics(summary)
    return summary


async def _all_or_first_error(works: list[Coroutine[Any, Any, None]]) -> None:
    """One shard's error stops the others; what they did is in the journal."""
    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)
    except ExceptionGroup as several:
        raise several.exceptions[0] from None


def few_shards(config: Config) -> Config:
    """The same run in no more shards than Prefect carries well; labels do not depend on it."""
    shards = min(config.run.shards, MOST_SHARDS)
    return config.model_copy(update={"run": config.run.model_copy(update={"shards": shards})})
