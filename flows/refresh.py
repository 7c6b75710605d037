"""Relabels what a changed labeler, prompt or policy made stale, and nothing else.

    python -m flows.refresh CONFIG --out DIR [--dry-run] [--set KEY=VALUE]

Every run lists beside the dataset what it made labels with, one version hash per part (policy with
its prompt, each labeler). A problem whose hashes are not those of today's run file and code is
stale. First it is shown what would run and what it may cost; with `dry_run` that is all. The new
labels come as one version, the old ones are withdrawn by the next; earlier versions keep them.
Replies that are still in the journal cost nothing. New problems are left to `incremental`.
"""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, runtime, task

from flows.command import ending_in_one_line
from flows.one_line import explain_errors
from flows.parameters import Config
from flows.reporting import ProgressBoard, show_table
from flows.stages import SHARD_TIMEOUT_S, carry_out, few_shards
from labeler.dataset.ledger import content_sha, labelled, void_rows
from labeler.dataset.place import Location, located
from labeler.dataset.reader import open_dataset
from labeler.dataset.withdraw import withdraw
from labeler.labelling.run import LabellingRun, Parts, RunSummary
from labeler.records import Problem, short_hash
from labeler.wiring.problems import find_problems
from labeler.wiring.runs import build
from labeler.wiring.versions import version_hashes


def _run_name() -> str:
    given = runtime.flow_run.parameters
    return f"refresh {Path(given['out']).name} for {given['config'].name}"


@dataclass(frozen=True, slots=True)
class Staleness:
    """What is stale, why (problems by changed part), and what relabelling may cost.

    Costs are the mean per problem of all runs so far, times the stale problems; replies that the
    journal still holds make it less.
    """

    problems: tuple[Problem, ...]
    n_known: int
    by_part: Mapping[str, int]
    cost: Mapping[str, float]

    def rows(self) -> list[dict[str, Any]]:
        """As a table of what and how much."""
        facts: dict[str, Any] = {
            "problems to relabel": f"{len(self.problems)} of {self.n_known}",
            **{f"stale by {part}": n for part, n in self.by_part.items()},
            **{f"at most about, {name}": round(value) for name, value in self.cost.items()},
        }
        return [{"what": name, "value": value} for name, value in facts.items()]


def find_stale(parts: Parts, now: Mapping[str, str], out: Location) -> Staleness:
    """Compares what the dataset's labels were made by with what they would be made by now."""
    known = labelled(out)
    reasons: Counter[str] = Counter()
    stale = []
    n_known = 0
    for problem in parts.problems:
        made = known.get(content_sha(problem))
        if made is None:
            continue
        n_known += 1
        changed = sorted(part for part in now if made.made_by.get(part) != now[part])
        if changed:
            stale.append(problem)
            reasons.update(changed if made.made_by else ["unknown origin"])
    return Staleness(tuple(stale), n_known, dict(reasons), _cost(out, len(stale)))


def _cost(out: Location, n_problems: int) -> dict[str, float]:
    """Mean cost per problem of the runs so far, times `n_problems`."""
    infos = [entry.info for entry in open_dataset(out).versions() if entry.info is not None]
    labelled_ones = sum(info.counts.get("problems", 0) for info in infos)
    if not labelled_ones:
        return {}
    totals = {name: sum(info.cost.get(name, 0) for info in infos) for name in
              ("calls", "samples", "prompt_tokens", "completion_tokens")}  # fmt: skip
    return {name: total / labelled_ones * n_problems for name, total in totals.items()}


@task(task_run_name="look for stale labels", persist_result=False)
def look(config: Config, out: str) -> tuple[Parts, Staleness]:
    """Loads what labels would be made with now, and compares."""
    open_dataset(out)
    parts = build(few_shards(config), find_problems(config))
    now = version_hashes(config, parts)
    stale = find_stale(parts, now, located(out))
    # The same problems under the same run file are another run once versions changed.
    sha = short_hash(parts.config_sha, *(f"{part}={now[part]}" for part in sorted(now)))
    return replace(
        parts, problems=stale.problems, rejections=(), config_sha=sha, earlier_shas=()
    ), stale


@flow(name="refresh", flow_run_name=_run_name, validate_parameters=True, persist_result=False)
async def refresh(
    config: Config, out: str, dry_run: bool = False, shard_timeout_s: float = SHARD_TIMEOUT_S
) -> RunSummary | None:
    """Relabels stale problems; None where nothing is stale, or with `dry_run`."""
    explain_errors()
    parts, stale = look(config, out)
    logger = get_run_logger()
    for fact in stale.rows():
        logger.info("%s: %s", fact["what"], fact["value"])
    await show_table("refresh-plan", stale.rows(), f"what a refresh of {out} relabels")
    summary = None
    if dry_run or not stale.problems:
        await _close(parts)
    else:
        board = ProgressBoard()
        run = LabellingRun(parts, located(out), True, board.note)
        async with run:
            if run.finished_version() is None:
                summary = await carry_out(
                    config,
                    run,
                    board,
                    shard_timeout_s=shard_timeout_s,
                    replaces=True,
                    may_be_empty=True,
                )
    if not dry_run:
        _withdraw(located(out))
    return summary


def _withdraw(out: Location) -> None:
    """Takes out what was replaced, now or by a run that died before it came to this."""
    void = void_rows(out)
    version = withdraw(out, void) if void else None
    if version is not None:
        get_run_logger().info("version %d is without the replaced labels", version)


async def _close(parts: Parts) -> None:
    for sampler in parts.samplers.values():
        await sampler.aclose()
    await parts.checker.aclose()


def main() -> None:
    """The command."""
    from labeler.config import load_config
    from labeler.terminal import print_summary

    parser = argparse.ArgumentParser(description="Relabel what is stale.")
    parser.add_argument("config")
    parser.add_argument("--out", required=True)
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--set", action="append", default=[], dest="settings")
    given = parser.parse_args()
    with ending_in_one_line():
        config = load_config(given.config, given.settings)
        summary = asyncio.run(refresh(config, given.out, given.dry_run))
        if summary is not None:
            print_summary(summary)
        elif not given.dry_run:
            print(f"nothing stale: {given.out} is up to date")


if __name__ == "__main__":
    main()
