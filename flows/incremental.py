"""Labels what is new: problems that a file, folder, Delta table or Hub dataset did not have before,
and withdraws what it has no more.

`labeler incremental` calls it; what counts as new, changed and deleted is in
`labeler.labelling.new_problems`. Where nothing is new the flow says so and ends, without loading a
model. Made for schedules: it always goes on with what an interrupted run left.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from prefect import flow, get_run_logger, runtime, task

from labeler.dataset.ledger import newest_version
from labeler.dataset.storage import located
from labeler.errors import ConfigError, DatasetError
from labeler.labelling.new_problems import (
    NewProblems,
    Origin,
    find_new_problems,
    withdraw_changed,
)
from labeler.labelling.parts import RunSummary
from labeler.problems.sources import PROBLEM_SOURCES
from labeler.wiring import open_run
from labeler.wiring.consensus import build_rule
from labeler.wiring.problems import origin_of, what_is_held

from .at_work import told
from .error_filter import explain_errors
from .parameters import Config
from .reporting import ProgressBoard, in_one_line, show_changes, show_text
from .stages import SHARD_TIMEOUT_S, execute_run, few_shards


def _run_name() -> str:
    given = runtime.flow_run.parameters
    return f"new problems of {given['config'].name} into {Path(given['out']).name}"


@task(task_run_name="look for new problems", persist_result=False)
def look(config: Config, out: str) -> NewProblems:
    """Reads what is new in the source and compares it with the dataset."""
    if PROBLEM_SOURCES.find(config.problems.kind, "problems.kind").read_solutions:
        raise ConfigError("problems.kind: solved files are not watched; use `labeler label`")
    # What a limit cuts off was not deleted.
    sees_all = getattr(config.problems, "limit", None) is None
    origin = Origin(origin_of(config), sees_all, config.keep_deleted)
    where = located(out)
    with what_is_held(config, where) as held:
        return find_new_problems(held, where, origin)


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
    changes = told_changes(found)
    await show_changes(changes, out)
    if not found.problems:
        version = _withdraw(config, found, out)
        if version is not None:
            summary = _only_withdrawn(out, version, changes)
            return summary, in_one_line(summary)
        said = f"nothing new: all {found.n_known} problems are labelled in {out}"
        get_run_logger().info("%s", said)
        await show_text("labelling-summary", said)
        return None, said
    board = ProgressBoard()
    given = (found.problems, found.rejections)
    run = open_run(
        few_shards(config),
        located(out),
        resume=True,
        on_progress=board.note,
        preset_problems=given,
        again=found.n_withdrawn_before,
        grows=True,
    )
    async with run:
        # Only now is the output ours alone.
        if newest_version(located(out)) != found.seen_at:
            raise DatasetError(f"{out}: another run added a version meanwhile; start it again")
        get_run_logger().info("%d new problems, %d known", len(found.problems), found.n_known)
        version = run.finished_version()
        if version is not None:
            summary = run.already_there(version)
        else:
            summary = await execute_run(
                config, run, board, shard_timeout_s=shard_timeout_s, may_be_empty=True
            )
    # After the new labels are in: a crash between leaves both, and the next run comes here again.
    _withdraw(config, found, out)
    summary = replace(summary, changes=tuple(changes))
    return summary, in_one_line(summary)


def told_changes(found: NewProblems) -> list[str]:
    """What became of problems, and what is none and why, one line each."""
    rejected = [f"{one.stage}: {one.record_id} ({one.reason})" for one in found.rejections]
    return [*map(str, found.changes), *rejected]


def _only_withdrawn(out: str, version: int, changes: list[str]) -> RunSummary:
    """The summary of a run that labelled nothing and took something out."""
    return RunSummary(located(out), "", version, 0, 0, {}, {}, {}, 0.0, changes=tuple(changes))


def _withdraw(config: Config, found: NewProblems, out: str) -> int | None:
    """Takes out the labels of problems that were changed or deleted."""
    rule = build_rule(config.consensus) if config.earlier_labels == "anew" else None
    version = withdraw_changed(found, located(out), rule)
    if version is not None:
        get_run_logger().info("version %d is without what was changed or deleted", version)
    return version
