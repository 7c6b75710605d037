"""Labels a sample of a run's problems for real and notes what each of them takes.

The whole pipeline runs, on its own models, into a temporary folder: journal, shards (one problem
each, so that every problem has costs of its own), commit. Seeds depend on run and problem only, so
these problems take in the run exactly what they took here.
"""

from __future__ import annotations

import asyncio
import dataclasses
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from labeler.labelling.parts import Parts, Progress
from labeler.labelling.pipeline import Shard, ShardSummary
from labeler.labelling.run import LabellingRun
from labeler.planning.disk import on_disk, staged_rows
from labeler.planning.plan import BILLED, MONEY, SERVED
from labeler.planning.recording_sampler import recording
from labeler.records import Problem
from labeler.unread import Unread, unread_by_asker


@dataclass(frozen=True, slots=True)
class Measured:
    """What a sample took: quantities of BILLED, SERVED and STORED by problem, in order."""

    by_problem: list[dict[str, float]]
    once: dict[str, float]
    """What is taken once, however many problems there are."""
    seconds: float
    """Of labelling, without loading models."""
    unread: dict[str, Unread]


async def measure(
    parts: Parts, problems: Sequence[Problem], on_progress: Callable[[Progress], None]
) -> Measured:
    """Labels `problems` with the parts of a run, which it closes; nothing is kept."""
    # A model under several names is one engine with one cache.
    observed = {id(sampler): recording(sampler) for sampler in parts.samplers.values()}
    options = parts.options.model_copy(update={"shards": len(problems)})
    sample = dataclasses.replace(
        parts,
        problems=tuple(problems),
        rejections=(),
        samplers={name: observed[id(sampler)] for name, sampler in parts.samplers.items()},
        options=options,
    )
    with tempfile.TemporaryDirectory(prefix="labeler-plan-") as folder:
        out = Path(folder) / "sample"
        async with LabellingRun(sample, out, False, on_progress) as run:
            started = time.monotonic()
            summaries = await _all_at_once(run)
            seconds = time.monotonic() - started
            staged = [staged_rows(shard.rows_file) for shard in run.shards]
            run.commit(summaries)
        stored = on_disk(out, [_billed(one)["calls"] for one in summaries], staged)
    by_problem = []
    for problem, summary, bytes_ in zip(problems, summaries, stored.by_problem, strict=True):
        served = sum((one.served[problem.problem_id] for one in observed.values()), Counter[str]())
        by_problem.append({**_billed(summary), **{k: served[k] for k in SERVED}, **bytes_})
    whole = ShardSummary()
    for summary in summaries:
        whole.add(summary)
    return Measured(by_problem, stored.once, seconds, unread_by_asker(whole.statistics))


async def _all_at_once(run: LabellingRun) -> list[ShardSummary]:
    """All shards, as many at a time as the run holds problems open."""
    room = asyncio.Semaphore(run.parts.options.max_active)

    async def one(shard: Shard) -> ShardSummary:
        async with room:
            return await run.label(shard)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(shard)) for shard in run.shards]
    except ExceptionGroup as several:
        raise several.exceptions[0] from None
    return [task.result() for task in tasks]


def _billed(summary: ShardSummary) -> dict[str, float]:
    whole = summary.total()
    return {name: float(getattr(whole, name)) for name in (*BILLED, MONEY)}
