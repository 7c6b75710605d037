"""What a nightly run costs on the hundredth night against the first.

    python benchmarks/nightly.py --first 100000 --nights 100 --problems 1000

A folder of problems gets a new file every night; what is new in it is labelled into one dataset as
`labeler incremental` does it, without Prefect: read the folder, compare it with what was labelled,
label, commit, list the problems. A script stands in for the policy (`driver.py`), so only our own
work is measured. Nothing is compacted. `--rule fusion` learns from all rows and decides all of them
anew every night, so its commit grows with the dataset; that share is shown by itself. Prints
seconds of the processor by part, the median of the first five nights and of the last five.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from driver import Timed, slipping
from rich.console import Console
from rich.table import Table

from labeler.checking.math_answer import MathChecker
from labeler.config import RunConfig
from labeler.dataset import resolve
from labeler.dataset.ledger import note_problems
from labeler.driver.requests import POLICY
from labeler.labelling.new_problems import Origin, find_new_problems
from labeler.labelling.parts import Parts, Progress
from labeler.labelling.run import LabellingRun
from labeler.problems.plain import write_problems
from labeler.records import Problem
from labeler.stats import label_statistics
from labeler.terminal import progress_bar
from labeler.wiring.labelers import build_recipe
from labeler.wiring.problems import find_problems

PARTS = ("look", "label", "commit", "list", "stats")
SHOWN = 5
Night = dict[str, float]


@contextmanager
def timed(night: Night, part: str) -> Iterator[None]:
    """Adds the processor time of this process."""
    started = time.process_time()
    yield
    night[part] = time.process_time() - started


def config_of(folder: Path, rule: str) -> RunConfig:
    """A run over the problems of a folder."""
    content = {
        "problems": {"kind": "plain", "path": str(folder)},
        "policy": {"kind": "transformers", "model": "none", "delimiter": "\n"},
        "solutions": 2,
        "labelers": [{"kind": "monte_carlo", "k": 4}],
        "consensus": {"rule": rule},
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


async def run_one(config: RunConfig, out: Path) -> Night:
    """Labels what is new in the folder; the seconds of each part."""
    night: Night = {}
    with timed(night, "look"):
        found = find_new_problems(*find_problems(config, patient=True), out, Origin("inbox"))
    sampler = Timed(slipping, rows_per_batch=256, concurrency=4)
    recipe = build_recipe(config, sampler)
    parts = Parts(
        found.problems, found.rejections, {POLICY: sampler}, MathChecker(), recipe, config.run,
        config.identity(), config.seed,
    )  # fmt: skip
    run = LabellingRun(parts, out, True, lambda progress: None, decides_all=True)
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


def measure(given: argparse.Namespace, place: Path) -> list[Night]:
    """The nights after the first, large delivery."""
    inbox, out = place / "inbox", place / "dataset"
    inbox.mkdir()
    config = config_of(inbox, given.rule)
    deliver(inbox, "000", 0, given.first)
    asyncio.run(run_one(config, out))
    nights = []
    with progress_bar("nights") as show:
        for night in range(given.nights):
            at = given.first + night * given.problems
            deliver(inbox, f"{night + 1:03d}", at, given.problems)
            nights.append(asyncio.run(run_one(config, out)))
            show(Progress(night + 1, given.nights, 0, 0))
    return nights


def report(nights: list[Night]) -> dict[str, Any]:
    """Medians of the first and the last nights, by part and in all but `stats`."""

    def median(some: list[Night]) -> Night:
        parts = {part: statistics.median(one[part] for one in some) for part in PARTS}
        whole = [sum(one[part] for part in PARTS if part != "stats") for one in some]
        return parts | {"night": statistics.median(whole)}

    first, last = median(nights[:SHOWN]), median(nights[-SHOWN:])
    return {"first": first, "last": last, "ratio": {k: last[k] / first[k] for k in first}}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--first", type=int, default=100_000, help="problems before the nights")
    parser.add_argument("--nights", type=int, default=100)
    parser.add_argument("--problems", type=int, default=1000, help="new ones in a night")
    parser.add_argument("--rule", default="first_zero", choices=["first_zero", "fusion"])
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
