"""Labels what is new: problems that a file, folder, Delta table or Hub dataset did not have before.

`labeler incremental` calls it; what counts as new is in `labeler.labelling.new_problems`. Where
nothing is new the flow says so and ends, without loading a model. Made for schedules: it always
goes on with what an interrupted run left.
"""

from __future__ import annotations

from pathlib import Path

from prefect import flow, get_run_logger, runtime, task

from flows.at_work import told
from flows.error_filter import explain_errors
from flows.parameters import Config
from flows.reporting import ProgressBoard, in_one_line, show_text
from flows.stages import SHARD_TIMEOUT_S, execute_run, few_shards
from labeler.dataset.ledger import newest_version
from labeler.dataset.storage import located
from labeler.errors import ConfigError, DatasetError
from labeler.labelling.new_problems import NewProblems, find_new_problems, withdraw_changed
from labeler.labelling.run import RunSummary, already_there
from labeler.problems.sources import PROBLEM_SOURCES
from labeler.wiring import open_run
from labeler.wiring.problems import find_problems


def _run_name() -> str:
    given = runtime.flow_run.parameters
    return f"new problems of {given['config'].name} into {Path(given['out']).name}"


@task(task_run_name="look for new problems", persist_result=False)
def look(config: Config, out: str) -> NewProblems:
    """Reads the source and compares it with the dataset."""
    if PROBLEM_SOURCES.find(config.problems.kind, "problems.kind").read_solutions:
        raise ConfigError("problems.kind: solved files are not watched; use `labeler label`")
    return find_new_problems(*find_problems(config), located(out))


@flow(name="incremental", flow_run_name=_run_name, validate_parameters=True, persist_result=False)
async def incremental(
    config: Config, out: str, shard_timeout_s: float = SHARD_TIMEOUT_S
) -> RunSummary | None:
    """Labels the new and changed problems and appends a version; None where nothing is new."""
    explain_errors()
    return await told(_incremental(config, out, shard_timeout_s))


async def _incremental(
    config: Config, out: str, shard_timeout_s: float
) -> tuple[RunSummary | None, str]:
    """The work, and what came of it in one line."""
    found = look(config, out)
    if not found.problems:
        said = f"nothing new: all {found.n_known} problems are labelled in {out}"
        get_run_logger().info("%s", said)
        await show_text("labelling-summary", said)
        _withdraw(found, out)
        return None, said
    board = ProgressBoard()
    given = (found.problems, found.rejections)
    run = open_run(
        few_shards(config), located(out), resume=True, on_progress=board.note, preset_problems=given
    )
    async with run:
        # Only now is the output ours alone.
        if newest_version(located(out)) != found.seen_at:
            raise DatasetError(f"{out}: another run added a version meanwhile; start it again")
        get_run_logger().info("%d new problems, %d known", len(found.problems), found.n_known)
        version = run.finished_version()
        if version is not None:
            summary = already_there(run, version)
            return summary, in_one_line(summary)
        summary = await execute_run(
            config, run, board, shard_timeout_s=shard_timeout_s, may_be_empty=True
        )
    # After the new labels are in: a crash between leaves both, and the next run comes here again.
    _withdraw(found, out)
    return summary, in_one_line(summary)


def _withdraw(found: NewProblems, out: str) -> None:
    """Takes out the labels of problems that were changed."""
    version = withdraw_changed(found, located(out))
    if version is not None:
        get_run_logger().info("version %d is without labels of problems that changed", version)
