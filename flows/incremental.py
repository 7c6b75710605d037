"""Labels what is new: problems that a file, folder, Delta table or Hub dataset did not have before.

    python -m flows.incremental CONFIG --out DIR [--set KEY=VALUE]

A problem is known by the hash of its content, so a moved file or a new id relabels nothing, and a
corrected answer labels its problem again and withdraws the labels of the old one. Where nothing is
new the flow says so and ends, without loading a model. Made for schedules: it always goes on with
what an interrupted run left.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, runtime, task

from flows.command import ending_in_one_line
from flows.one_line import explain_errors
from flows.parameters import Config
from flows.reporting import ProgressBoard, show_text
from flows.stages import SHARD_TIMEOUT_S, carry_out, few_shards
from labeler.dataset.ledger import content_sha, labelled, newest_version
from labeler.dataset.place import Location, located
from labeler.dataset.withdraw import withdraw
from labeler.errors import ConfigError, DatasetError
from labeler.labelling.run import RunSummary, already_there
from labeler.records import Problem, Rejection
from labeler.schema import from_plain
from labeler.wiring import open_run
from labeler.wiring.problems import find_problems


def _run_name() -> str:
    given = runtime.flow_run.parameters
    return f"new problems of {given['config'].name} into {Path(given['out']).name}"


@dataclass(frozen=True, slots=True)
class News:
    """What a source holds beyond a dataset: new problems, and ids that stand for other content."""

    problems: tuple[Problem, ...]
    rejections: tuple[Rejection, ...]
    n_known: int
    replaced: Mapping[str, str]
    """problem_id to the content that it has now, where the dataset has labels for another."""
    seen_at: int
    """The dataset's version that was looked at, -1 where there is none."""

    def makes_stale(self, row: Mapping[str, Any]) -> bool:
        """Whether a row labels a problem as it no longer is."""
        now = self.replaced.get(row["problem_id"])
        return now is not None and content_sha(from_plain(Problem, row)) != now


def find_news(problems: Sequence[Problem], rejections: Sequence[Rejection], out: Location) -> News:
    """Compares what the source holds with what the dataset was labelled for."""
    seen_at = newest_version(out)
    known = labelled(out)
    now = {content_sha(problem): problem for problem in problems}
    new = tuple(problem for sha, problem in now.items() if sha not in known)
    # A content that the source still has, under whatever id, is not replaced.
    gone = {made.problem_id for sha, made in known.items() if sha not in now}
    ids = {problem.problem_id: sha for sha, problem in now.items()}
    replaced = {name: ids[name] for name in sorted(gone & ids.keys())}
    return News(new, tuple(rejections), len(now) - len(new), replaced, seen_at)


@task(task_run_name="look for new problems", persist_result=False)
def look(config: Config, out: str) -> News:
    """Reads the source and compares it with the dataset."""
    if config.problems.kind == "solved":
        raise ConfigError("problems.kind: solved files are not watched; use `labeler label`")
    return find_news(*find_problems(config), located(out))


@flow(name="incremental", flow_run_name=_run_name, validate_parameters=True, persist_result=False)
async def incremental(
    config: Config, out: str, shard_timeout_s: float = SHARD_TIMEOUT_S
) -> RunSummary | None:
    """Labels the new and changed problems and appends a version; None where nothing is new."""
    explain_errors()
    news = look(config, out)
    if not news.problems:
        said = f"nothing new: all {news.n_known} problems are labelled in {out}"
        get_run_logger().info("%s", said)
        await show_text("labelling-summary", said)
        _withdraw(news, out)
        return None
    board = ProgressBoard()
    given = (news.problems, news.rejections)
    run = open_run(
        few_shards(config), located(out), resume=True, on_progress=board.note, given=given
    )
    async with run:
        # Only now is the output ours alone.
        if newest_version(located(out)) != news.seen_at:
            raise DatasetError(f"{out}: another run added a version meanwhile; start it again")
        get_run_logger().info("%d new problems, %d known", len(news.problems), news.n_known)
        version = run.finished_version()
        if version is not None:
            return already_there(run, version)
        summary = await carry_out(
            config, run, board, shard_timeout_s=shard_timeout_s, may_be_empty=True
        )
    # After the new labels are in: a crash between leaves both, and the next run comes here again.
    _withdraw(news, out)
    return summary


def _withdraw(news: News, out: str) -> None:
    """Takes out the labels of problems that were changed."""
    version = withdraw(located(out), news.makes_stale) if news.replaced else None
    if version is not None:
        get_run_logger().info("version %d is without labels of problems that changed", version)


def main() -> None:
    """The command."""
    from labeler.config import load_config
    from labeler.terminal import print_summary

    parser = argparse.ArgumentParser(description="Label the new problems of a run file.")
    parser.add_argument("config")
    parser.add_argument("--out", required=True)
    parser.add_argument("--set", action="append", default=[], dest="settings")
    given = parser.parse_args()
    with ending_in_one_line():
        config = load_config(given.config, given.settings)
        summary = asyncio.run(incremental(config, given.out))
        if summary is None:
            print(f"nothing new: {given.out} is up to date")
        else:
            print_summary(summary)


if __name__ == "__main__":
    main()
