"""Relabels what a changed labeler, prompt or policy made stale, and nothing else.

`labeler refresh` calls it; what counts as stale is in `labeler.labelling.stale`. First it is shown
what would run and what it may cost; with `dry_run` that is all. The new labels come as one version,
the old ones are withdrawn by the next; earlier versions keep them. Replies that are still in the
journal cost nothing. New problems are left to `incremental`.
"""

from __future__ import annotations

from pathlib import Path

from prefect import flow, get_run_logger, runtime, task

from labeler.dataset.storage import located
from labeler.labelling.parts import Parts, RunSummary
from labeler.labelling.run import LabellingRun
from labeler.labelling.stale import Staleness, withdraw_replaced
from labeler.wiring.refresh import plan_refresh

from .at_work import told
from .error_filter import explain_errors
from .parameters import Config
from .reporting import ProgressBoard, in_one_line, show_table
from .stages import SHARD_TIMEOUT_S, execute_run, few_shards


def _run_name() -> str:
    given = runtime.flow_run.parameters
    return f"refresh {Path(given['out']).name} for {given['config'].name}"


@task(task_run_name="look for stale labels", persist_result=False)
def look(config: Config, out: str) -> tuple[Parts, Staleness]:
    """Loads what labels would be made with now, and compares."""
    return plan_refresh(few_shards(config), located(out))


@flow(name="refresh", flow_run_name=_run_name, validate_parameters=True, persist_result=False)
async def refresh(
    config: Config, out: str, dry_run: bool = False, shard_timeout_s: float = SHARD_TIMEOUT_S
) -> RunSummary | None:
    """Relabels stale problems; None where nothing is stale, or with `dry_run`."""
    explain_errors()
    return await told(_refresh(config, out, dry_run, shard_timeout_s))


async def _refresh(
    config: Config, out: str, dry_run: bool, shard_timeout_s: float
) -> tuple[RunSummary | None, str]:
    """The work, and what came of it in one line."""
    parts, stale = look(config, out)
    logger = get_run_logger()
    for fact in stale.rows():
        logger.info("%s: %s", fact["what"], fact["value"])
    await show_table("refresh-plan", stale.rows(), f"what a refresh of {out} relabels")
    summary = None
    if dry_run or not stale.problems:
        await parts.aclose()
    else:
        board = ProgressBoard()
        run = LabellingRun(parts, located(out), True, board.note)
        async with run:
            if run.finished_version() is None:
                summary = await execute_run(
                    config,
                    run,
                    board,
                    shard_timeout_s=shard_timeout_s,
                    replaces=True,
                    may_be_empty=True,
                )
    if not dry_run:
        version = withdraw_replaced(located(out))
        if version is not None:
            logger.info("version %d is without the replaced labels", version)
    n_stale = f"{len(stale.problems)} of {stale.n_known} problems are stale"
    return summary, n_stale if summary is None else f"{n_stale}; {in_one_line(summary)}"
