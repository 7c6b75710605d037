"""A quality check, made for a weekly schedule: are the stored labels still what we would say?

`labeler audit` calls it. Draws solutions that are kept for training, labels them again with fresh
rollouts (another seed), `more` times as many of them, and Monte Carlo on every step whatever the
run file asks; then compares. Drift and estimated accuracy, with intervals, are an artifact. A bound
that is surely passed is an alarm: the event `labeler.audit.alarm` and a failed run, to which
Prefect's automations can answer. The second labels stay in DIR/_audit, a dataset of its own.
"""

from __future__ import annotations

from typing import Any

from prefect import flow, get_run_logger, runtime, task
from prefect.events import emit_event

from labeler.audit import Audit, compare, draw
from labeler.dataset.reader import open_dataset
from labeler.dataset.storage import located
from labeler.errors import DatasetError, LabelerError
from labeler.labelling.run import LabellingRun
from labeler.records import LabeledSolution
from labeler.wiring.second_labelling import second_labelling

from .at_work import told
from .error_filter import explain_errors
from .parameters import Config
from .reporting import ProgressBoard, show_table, with_interval, with_version
from .stages import SHARD_TIMEOUT_S, execute_run, few_shards

ALARM = "labeler.audit.alarm"
PATIENCE_S = 1800.0


class AuditAlarm(LabelerError):
    """Stored labels are surely worse than they may be."""


def _run_name() -> str:
    given = runtime.flow_run.parameters
    return f"audit {given['sample']} solutions of {with_version(given['out'])}"


@task(task_run_name="draw {n} solutions", persist_result=False)
def sample_of(out: str, n: int, seed: int) -> list[LabeledSolution]:
    """A random sample of what is kept for training."""
    drawn = draw(open_dataset(out).solutions(), n, seed)
    if not drawn:
        raise DatasetError(f"{out}: keeps no solution for training, so there is nothing to audit")
    return drawn


@flow(name="audit", flow_run_name=_run_name, validate_parameters=True, persist_result=False)
async def audit(
    config: Config,
    out: str,
    sample: int = 50,
    more: int = 4,
    seed: int | None = None,
    min_accuracy: float = 0.8,
    max_drift: float = 0.1,
    shard_timeout_s: float = SHARD_TIMEOUT_S,
) -> Audit:
    """Labels a sample anew and compares; raises `AuditAlarm` where a bound is surely passed.

    Without a `seed` every scheduled run draws another sample (by its date).
    """
    explain_errors()
    return await told(
        _audit(config, out, sample, more, seed, min_accuracy, max_drift, shard_timeout_s)
    )


async def _audit(
    config: Config,
    out: str,
    sample: int,
    more: int,
    seed: int | None,
    min_accuracy: float,
    max_drift: float,
    shard_timeout_s: float,
) -> tuple[Audit, str]:
    """The work, and what came of it in one line."""
    if seed is None:
        seed = runtime.flow_run.scheduled_start_time.date().toordinal()
    drawn = sample_of(out, sample, seed)
    board = ProgressBoard()
    parts = second_labelling(few_shards(config), drawn, more, seed)
    # Two of a schedule may be due at once where a machine is busy; neither harms the other.
    place = located(out) / "_audit"
    run = LabellingRun(parts, place, True, board.note, patience_s=PATIENCE_S)
    async with run:
        if run.finished_version() is None:
            await execute_run(config, run, board, shard_timeout_s=shard_timeout_s)
    again = open_dataset(run.out, run.finished_version()).solutions()
    found = compare(drawn, (row for row in again))
    for fact in rows(found):
        get_run_logger().info("%s: %s", fact["what"], fact["value"])
    await show_table("label-audit", rows(found), f"{out}: stored labels, checked (seed {seed})")
    reason = found.alarm(min_accuracy, max_drift)
    if reason:
        emit_event(ALARM, {"prefect.resource.id": f"labeler.dataset.{located(out).name}"},
                   payload={"out": out, "reason": reason})  # fmt: skip
        raise AuditAlarm(f"{out}: {reason}; look at the audit's table and at {run.out}")
    accuracy = with_interval(found.accuracy)
    return found, f"{found.n_solutions} solutions checked, accuracy of first errors {accuracy}"


def rows(found: Audit) -> list[dict[str, Any]]:
    """The comparison as a table of what and how much, with 95% intervals."""
    facts = {
        "solutions sampled": found.n_solutions,
        "undecided the second time": found.n_undecided,
        "estimated accuracy (first errors)": with_interval(found.accuracy),
        "labels of steps that stay": with_interval(found.steps),
        "steps labelled wrong, stored": with_interval(found.wrong_before),
        "steps labelled wrong, again": with_interval(found.wrong_again),
    }
    return [{"what": name, "value": value} for name, value in facts.items()]
