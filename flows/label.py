"""The labelling run as a Prefect flow: plan, label shards, commit, statistics, publish.

`labeler run --flow` calls it. Deciding labels (consensus) is part of a shard: a problem goes
through all of it as one conversation. Cancelling a run on Prefect's page, or Ctrl-C, keeps what was
sampled; the next run on the same folder goes on there.
"""

from __future__ import annotations

from pathlib import Path

from prefect import flow, get_run_logger, runtime, task

from labeler.dataset.storage import located
from labeler.labelling.parts import RunSummary
from labeler.labelling.run import LabellingRun
from labeler.wiring import open_run

from .at_work import told
from .error_filter import explain_errors
from .parameters import Config
from .reporting import ProgressBoard, in_one_line
from .stages import SHARD_TIMEOUT_S, execute_run, few_shards


def _run_name() -> str:
    given = runtime.flow_run.parameters
    return f"label {given['config'].name} into {Path(given['out']).name}"


@task(task_run_name="plan {config.name}", persist_result=False)
def plan(config: Config, out: str, resume: bool, board: ProgressBoard) -> LabellingRun:
    """Reads the problems, cuts them into shards (always the same ones), loads the models."""
    return open_run(few_shards(config), located(out), resume=resume, on_progress=board.note)


@flow(name="label", flow_run_name=_run_name, validate_parameters=True, persist_result=False)
async def label(
    config: Config, out: str, resume: bool = False, shard_timeout_s: float = SHARD_TIMEOUT_S
) -> RunSummary:
    """Labels the problems of a run and commits one version of the dataset at `out`.

    `resume` goes on with an unfinished run; a shard that takes longer than `shard_timeout_s` is
    tried again, from the journal. Raises `LabelerError` as the plain run does.
    """
    explain_errors()
    return await told(_label(config, out, resume, shard_timeout_s))


async def _label(
    config: Config, out: str, resume: bool, shard_timeout_s: float
) -> tuple[RunSummary, str]:
    """The work, and what came of it in one line."""
    board = ProgressBoard()
    run = plan(config, out, resume, board)
    async with run:
        version = run.finished_version()
        if version is not None:
            get_run_logger().info("run=%s is version %d of %s already", run.run_id, version, out)
            summary = run.already_there(version)
        else:
            summary = await execute_run(config, run, board, shard_timeout_s=shard_timeout_s)
    return summary, in_one_line(summary)
