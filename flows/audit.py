"""A quality check, made for a weekly schedule: are the stored labels still what we would say?

    python -m flows.audit CONFIG --out DIR [--sample 50] [--more 4] [--min-accuracy 0.8]

Draws solutions that are kept for training, labels them again with fresh rollouts (another seed),
`more` times as many of them, and Monte Carlo on every step whatever the run file asks; then
compares. Drift and estimated accuracy, with intervals, are an artifact. A bound that is surely
passed is an alarm: the event `labeler.audit.alarm` and a failed run, to which Prefect's automations
can answer. The second labels stay in DIR/_audit, a dataset of its own.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, runtime, task
from prefect.events import emit_event

from flows.command import ending_in_one_line
from flows.one_line import explain_errors
from flows.parameters import Config
from flows.reporting import ProgressBoard, show_table, with_interval
from flows.stages import SHARD_TIMEOUT_S, carry_out, few_shards
from labeler.audit import Audit, compare, draw
from labeler.config.labelers import MonteCarloLabeler
from labeler.dataset.place import located
from labeler.dataset.reader import open_dataset
from labeler.driver.requests import POLICY
from labeler.errors import DatasetError, LabelerError
from labeler.labelling.run import LabellingRun, Parts
from labeler.records import LabeledSolution, Problem, Solution, short_hash
from labeler.seeds import derive_seed
from labeler.wiring.labelers import build_recipe
from labeler.wiring.runs import build

ALARM = "labeler.audit.alarm"


class AuditAlarm(LabelerError):
    """Stored labels are surely worse than they may be."""


def _run_name() -> str:
    given = runtime.flow_run.parameters
    return f"audit {given['sample']} solutions of {Path(given['out']).name}"


@task(task_run_name="draw {n} solutions", persist_result=False)
def sample_of(out: str, n: int, seed: int) -> list[LabeledSolution]:
    """A random sample of what is kept for training."""
    drawn = draw(open_dataset(out).solutions(), n, seed)
    if not drawn:
        raise DatasetError(f"{out}: keeps no solution for training, so there is nothing to audit")
    return drawn


def second_labelling(
    config: Config, sample: Sequence[LabeledSolution], more: int, seed: int
) -> Parts:
    """A run that labels the sampled solutions as they are, more thoroughly, with fresh rollouts."""
    problems: dict[str, Problem] = {row.problem.problem_id: row.problem for row in sample}
    solutions: dict[str, tuple[Solution, ...]] = {}
    for row in sample:
        known = solutions.get(row.problem.problem_id, ())
        solutions[row.problem.problem_id] = (*known, row.solution)
    fresh = config.model_copy(
        update={
            "seed": derive_seed(config.seed, "audit", str(seed)) % 2**62,
            "labelers": thorough(config, more),
            "difficulty_filter": None,
        }
    )
    parts = build(few_shards(fresh), (list(problems.values()), []))
    identity = [row.solution.solution_id for row in sample]
    return replace(
        parts,
        recipe=build_recipe(fresh, parts.samplers.get(POLICY), solutions),
        config_sha=short_hash(fresh.identity(), "audit", str(more), *identity),
        earlier_shas=(),
    )


def thorough(config: Config, more: int) -> tuple[Any, ...]:
    """The run file's labelers with `more` times the rollouts, and Monte Carlo in any case.

    Searches write solutions of their own and say nothing about given ones: Monte Carlo, with the
    rollouts that they would draw, stands in for them.
    """
    chosen: dict[str, Any] = {}
    k = MonteCarloLabeler(kind="monte_carlo").k
    for labeler in config.labelers:
        k = getattr(labeler, "k", k)
        if labeler.kind != "omegaprm":
            chosen[labeler.kind] = labeler
    if config.policy is not None:
        chosen["monte_carlo"] = MonteCarloLabeler(kind="monte_carlo", k=k * more)
    return tuple(chosen.values())


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
    if seed is None:
        seed = runtime.flow_run.scheduled_start_time.date().toordinal()
    drawn = sample_of(out, sample, seed)
    board = ProgressBoard()
    parts = second_labelling(config, drawn, more, seed)
    run = LabellingRun(parts, located(out) / "_audit", True, board.note)
    async with run:
        if run.finished_version() is None:
            await carry_out(config, run, board, shard_timeout_s=shard_timeout_s)
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
    return found


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


def main() -> None:
    """The command."""
    from labeler.config import load_config

    parser = argparse.ArgumentParser(description="Check stored labels on a random sample.")
    parser.add_argument("config")
    parser.add_argument("--out", required=True)
    parser.add_argument("--sample", type=int, default=50)
    parser.add_argument("--more", type=int, default=4)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--min-accuracy", type=float, default=0.8)
    parser.add_argument("--max-drift", type=float, default=0.1)
    parser.add_argument("--set", action="append", default=[], dest="settings")
    given = parser.parse_args()
    with ending_in_one_line():
        config = load_config(given.config, given.settings)
        bounds = (given.min_accuracy, given.max_drift)
        found = asyncio.run(audit(config, given.out, given.sample, given.more, given.seed, *bounds))
        for fact in rows(found):
            print(f"{fact['what']}: {fact['value']}")


if __name__ == "__main__":
    main()
