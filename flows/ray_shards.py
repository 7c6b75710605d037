"""The shards of a run on the nodes of a Ray cluster, by Prefect's Ray task runner.

A task is a shard. Ray starts it where `cpus` and `gpus` of `execution:` are free; the process there
loads the models once and keeps them for its next shards, so one GPU per shard means one engine per
GPU. A shard whose node or process is lost is begun again elsewhere, and goes on from its journal.

Nodes need this environment with the extra `ray`, the output folder under the same path, and a
Prefect server that they can reach (`PREFECT_API_URL`; the temporary one of `labeler run --flow`
listens on the head's own machine only). Does not cover `shard_timeout_s`: a shard that hangs is
ended with its node.
"""

from __future__ import annotations

import asyncio
import functools
import pickle
from collections.abc import Sequence
from typing import Any

from prefect import get_run_logger, task

from labeler.config import RunConfig
from labeler.config.execution import Execution
from labeler.errors import BackendDown, ConfigError
from labeler.labelling.parts import Progress
from labeler.labelling.pipeline import Shard, ShardSummary
from labeler.labelling.ready import first_problems
from labeler.labelling.remote_shard import ShardTask, label_shard_task
from labeler.labelling.run import LabellingRun
from labeler.samplers.base import Sampler
from labeler.wiring.models import build_samplers
from labeler.wiring.runs import build

from .parameters import Config
from .reporting import ProgressBoard
from .retrying import is_retryable


@task(
    task_run_name="{name}",
    retry_condition_fn=is_retryable,
    retries=2,
    retry_delay_seconds=5,
    persist_result=False,
    tags=["labeler-shard"],
)
def label_handed_shard(name: str, run_file: str, parcel: bytes) -> ShardSummary:
    """Labels a shard in this process. `parcel` is a pickled `ShardTask`, into which Prefect would
    look piece by piece; `run_file` is the run file as JSON.
    """
    shard_task: ShardTask = pickle.loads(parcel)
    summary = _loop().run(_label(shard_task, run_file))
    get_run_logger().info(
        "run=%s shard=%s problems=%d solutions=%d rejected=%d",
        shard_task.provenance.run_id, name, summary.n_problems, summary.n_rows,
        len(summary.rejections),
    )  # fmt: skip
    return summary


async def _label(shard_task: ShardTask, run_file: str) -> ShardSummary:
    config = RunConfig.model_validate_json(run_file)
    parts = build(config, (shard_task.shard.problems, []), _samplers(run_file))
    try:
        return await label_shard_task(shard_task, parts)
    finally:
        for environment in parts.environments:
            await environment.aclose()
        await parts.checker.aclose()
        if parts.sandbox is not None:
            await parts.sandbox.aclose()


@functools.cache
def _loop() -> asyncio.Runner:
    """The event loop of this process: open connections of a sampler belong to one."""
    return asyncio.Runner()


@functools.lru_cache(maxsize=1)
def _samplers(run_file: str) -> dict[str, Sampler]:
    """The models of a run, loaded once in a process; they end with it."""
    return build_samplers(RunConfig.model_validate_json(run_file))


async def label_on_ray(
    config: Config, run: LabellingRun, board: ProgressBoard
) -> dict[str, ShardSummary]:
    """All shards of a run by name, each where there is room; the first error ends the others."""
    try:
        import ray
        from prefect_ray import RayTaskRunner
        from prefect_ray.context import remote_options
    except ImportError as error:
        raise ConfigError(
            f"execution.engine: ray needs the extra ray ({error.name} is missing); "
            "pip install -c constraints.txt 'labeler[ray]'"
        ) from error
    where = config.execution
    run_file = config.model_dump_json()
    fingerprints = {name: one.fingerprint for name, one in run.parts.samplers.items()}
    done: dict[str, ShardSummary] = {}

    async def one(name: str, future: Any) -> None:
        await asyncio.wait([asyncio.wrap_future(future.wrapped_future.future())])
        done[name] = await asyncio.to_thread(_result, future, where)
        board.note(_progress(list(done.values()), run))

    try:
        runner = RayTaskRunner(where.address, {"log_to_driver": False}).__enter__()
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise BackendDown(
            f"no Ray cluster at {where.address} ({str(error).splitlines()[0]}); start it with "
            "`ray start --head`, or mend execution.address"
        ) from error
    try:
        lost = {"max_retries": where.retries, "num_cpus": where.cpus, "num_gpus": where.gpus}
        with remote_options(**lost):
            futures = {
                shard.name: _submitted(runner, shard, run, run_file, fingerprints)
                for shard in run.shards
            }
        try:
            async with asyncio.TaskGroup() as group:
                for name, future in futures.items():
                    group.create_task(one(name, future))
        except ExceptionGroup as several:
            for future in futures.values():
                ray.cancel(future.wrapped_future, force=True)
            raise several.exceptions[0] from None
    finally:
        runner.__exit__(None, None, None)
    return done


def _submitted(
    runner: Any, shard: Shard, run: LabellingRun, run_file: str, fingerprints: dict[str, str]
) -> Any:
    first = first_problems(run.parts.recipe, run.parts.problems)
    task = ShardTask(
        shard,
        run.provenance,
        fingerprints,
        first_problems=tuple(first),
        n_problems=len(run.parts.problems),
        environments={one.name: one.fingerprint for one in run.parts.environments},
    )
    parcel = pickle.dumps(task)
    given = {"name": shard.name, "run_file": run_file, "parcel": parcel}
    return runner.submit(label_handed_shard, given)


def _result(future: Any, where: Execution) -> ShardSummary:
    """Waits for a shard. Raises `BackendDown` for one that Ray lost as often as it may."""
    from ray.exceptions import RayError

    try:
        summary: ShardSummary = future.result()
    except RayError as error:
        raise BackendDown(
            f"a shard was lost {where.retries + 1} times ({type(error).__name__}); look at the "
            "nodes of the Ray cluster, then run again with --resume"
        ) from error
    return summary


def _progress(done: Sequence[ShardSummary], run: LabellingRun) -> Progress:
    costs = [summary.total() for summary in done]
    return Progress(
        sum(summary.n_problems for summary in done),
        len(run.parts.problems),
        sum(cost.samples for cost in costs),
        sum(cost.completion_tokens for cost in costs),
    )
