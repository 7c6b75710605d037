"""What a nightly run costs on the hundredth night against the first.

    python benchmarks/nightly.py --first 100000 --nights 100 --problems 1000 --labelled 5

A folder of problems gets a new file every night; what is new in it is labelled into one dataset as
`labeler incremental` does it, without Prefect: look what is new in the folder, label, commit, list
the problems. A script stands in for the policy (`driver.py`), so only our own work is measured.
Nothing is compacted. With `--labelled N` only the first and the last N nights are labelled; the
first delivery and the nights between are looked at, committed and listed like the others, with rows
of the first night under other names, so the dataset has all its rows, files and versions, but the
journal only the replies of nights that were labelled. `--rule fusion` decides all rows anew every
night, so its commit grows with the dataset; `--earlier-labels kept` decides the new ones alone.
Prints seconds of the processor by part, the median of the first five nights and of the last five.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
from driver import Timed, slipping
from rich.console import Console
from rich.table import Table

from labeler.checking.math_answer import MathChecker
from labeler.config import RunConfig
from labeler.dataset import CommitInfo, commit, resolve
from labeler.dataset.ledger import note_problems
from labeler.dataset.shards import read_shards
from labeler.driver.requests import POLICY
from labeler.labelling.new_problems import NewProblems, Origin, find_new_problems
from labeler.labelling.parts import Parts, Progress
from labeler.labelling.run import LabellingRun
from labeler.problems.plain import write_problems
from labeler.records import Problem, short_hash
from labeler.stats import label_statistics
from labeler.terminal import progress_bar
from labeler.wiring.labelers import build_recipe
from labeler.wiring.problems import what_is_held

PARTS = ("look", "label", "commit", "list", "stats")
SHOWN = 5
Night = dict[str, float]


@contextmanager
def timed(night: Night, part: str) -> Iterator[None]:
    """Adds the processor time of this process."""
    started = time.process_time()
    yield
    night[part] = time.process_time() - started


def config_of(folder: Path, rule: str, earlier_labels: str = "anew") -> RunConfig:
    """A run over the problems of a folder."""
    content = {
        "problems": {"kind": "plain", "path": str(folder)},
        "policy": {"kind": "transformers", "model": "none", "delimiter": "\n"},
        "solutions": 2,
        "labelers": [{"kind": "monte_carlo", "k": 4}],
        "consensus": {"rule": rule},
        "earlier_labels": earlier_labels,
        "run": {"max_active": 256, "shards": 4},
    }
    return RunConfig.model_validate(content, strict=False)


def deliver(folder: Path, name: str, first: int, n: int) -> None:
    """A file of problems that nobody has seen."""
    some = (
        Problem("", "math", f"Problem {i}. How many apples has Ann now?", "19")
        for i in range(first, first + n)
    )
    write_problems(folder / f"{name}.jsonl", some)


def look(config: RunConfig, out: Path) -> NewProblems:
    """What is new in the folder."""
    with what_is_held(config, out) as held:
        return find_new_problems(held, out, Origin("inbox"))


async def run_one(config: RunConfig, out: Path) -> Night:
    """Labels what is new in the folder; the seconds of each part."""
    night: Night = {}
    with timed(night, "look"):
        found = look(config, out)
    sampler = Timed(slipping, rows_per_batch=256, concurrency=4)
    recipe = build_recipe(config, sampler)
    parts = Parts(
        found.problems, found.rejections, {POLICY: sampler}, MathChecker(), recipe, config.run,
        config.identity(), config.seed,
    )  # fmt: skip
    run = LabellingRun(
        parts, out, True, lambda progress: None, earlier_labels=config.earlier_labels
    )
    with timed(night, "label"):
        await run.__aenter__()
        shards = await run.label_all()
    with timed(night, "commit"):
        run.commit(shards)
    await run.__aexit__(None, None, None)
    with timed(night, "list"):
        note_problems(out, run.run_id, found.problems, {}, origin="inbox")
    with timed(night, "stats"):
        label_statistics(resolve(out))
    return night


def stand_in(config: RunConfig, out: Path, rows: pa.Table) -> None:
    """Commits what is new in the folder with the labels of other problems."""
    found = look(config, out)
    run_id = f"stand-in {found.seen_at + 1}"
    info = CommitInfo(run_id, "made", "made", "none", "made", 0, {"problems": len(found.problems)})
    commit(out, renamed(rows, found.problems, run_id), info)
    note_problems(out, run_id, found.problems, {}, origin="inbox")


def renamed(rows: pa.Table, problems: Sequence[Problem], run_id: str) -> Iterator[pa.RecordBatch]:
    """Two rows of each problem, whatever problems the rows were of."""
    for start in range(0, len(problems), 1000):
        some = [problem for problem in problems[start : start + 1000] for _ in range(2)]
        batch = rows.take([number % len(rows) for number in range(len(some))])
        names = {
            "problem_id": [problem.problem_id for problem in some],
            "text": [problem.text for problem in some],
            "solution_id": [short_hash(one.problem_id, str(n)) for n, one in enumerate(some)],
            "run_id": [run_id] * len(some),
        }
        for name, values in names.items():
            place = rows.schema.get_field_index(name)
            batch = batch.set_column(place, rows.schema.field(name), [values])
        yield from batch.combine_chunks().to_batches()


def measure(given: argparse.Namespace, place: Path) -> list[Night]:
    """The labelled nights after the first, large delivery."""
    inbox, out = place / "inbox", place / "dataset"
    inbox.mkdir()
    config = config_of(inbox, given.rule, given.earlier_labels)
    if given.labelled is None:
        deliver(inbox, "000", 0, given.first)
        asyncio.run(run_one(config, out))
    else:
        (place / "other").mkdir()
        other = config_of(place / "other", given.rule)
        deliver(place / "other", "000", 0, given.problems)
        asyncio.run(run_one(other, place / "rows"))
        rows = pa.Table.from_batches(read_shards(resolve(place / "rows").files()))
        deliver(inbox, "000", 0, given.first)
        stand_in(config, out, rows)
    nights = []
    with progress_bar("nights") as show:
        for night in range(given.nights):
            at = given.first + night * given.problems
            deliver(inbox, f"{night + 1:03d}", at, given.problems)
            edge = min(night, given.nights - 1 - night)
            if given.labelled is None or edge < given.labelled:
                nights.append(asyncio.run(run_one(config, out)))
            else:
                stand_in(config, out, rows)
            show(Progress(night + 1, given.nights, 0, 0))
    return nights


def report(nights: list[Night]) -> dict[str, Any]:
    """Medians of the first and the last nights, by part and in all but `stats`."""

    def median(some: list[Night]) -> Night:
        parts = {part: statistics.median(one[part] for one in some) for part in PARTS}
        whole = [sum(one[part] for part in PARTS if part != "stats") for one in some]
        return parts | {"night": statistics.median(whole)}

    shown = min(SHOWN, len(nights) // 2)
    first, last = median(nights[:shown]), median(nights[-shown:])
    return {"first": first, "last": last, "ratio": {k: last[k] / first[k] for k in first}}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--first", type=int, default=100_000, help="problems before the nights")
    parser.add_argument("--nights", type=int, default=100)
    parser.add_argument("--problems", type=int, default=1000, help="new ones in a night")
    parser.add_argument(
        "--labelled", type=int, help="so many first and last nights; all if not given"
    )
    parser.add_argument("--rule", default="first_zero", choices=["first_zero", "fusion"])
    parser.add_argument("--earlier-labels", default="anew", choices=["anew", "kept"])
    parser.add_argument("--json", action="store_true", help="JSON only")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="labeler-bench-") as place:
        found = report(measure(given, Path(place)))
    if not given.json:
        table = Table("seconds of the processor", "first nights", "last nights", "ratio")
        for part in ("night", *PARTS):
            ratio = f"{found['ratio'][part]:.2f}"
            table.add_row(part, f"{found['first'][part]:.2f}", f"{found['last'][part]:.2f}", ratio)
        Console().print(table)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
