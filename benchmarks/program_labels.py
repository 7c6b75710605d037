"""What `program` labelled in a dataset, and whether 200 random negatives fail when run again.

Prints one JSON object and a table. Make the dataset with `labeler run`, problems.kind mbpp,
solutions 0, labelers [{kind: program}], consensus {rule: each_step}.

    python benchmarks/program_labels.py runs/mbpp [--negatives 200] [--seed 1]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

import labeler
from labeler.checking.code_tests import run_of
from labeler.driver.requests import Failed, Run, RunResult
from labeler.records import Verdict
from labeler.sandbox.bubblewrap import Bubblewrap


async def again(runs: list[Run]) -> list[RunResult | Failed]:
    """Runs programs once more in the sandbox."""
    sandbox = Bubblewrap(2)
    if why := await sandbox.ready():
        sys.exit(why)
    try:
        return await sandbox.run(runs)
    finally:
        await sandbox.aclose()


def main() -> None:
    """The command."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("dataset", type=Path)
    arguments.add_argument("--negatives", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    labels: dict[str, int | None] = {}
    negatives: dict[str, Run] = {}
    problems = set()
    for row in labeler.open(options.dataset).solutions():
        problems.add(row.problem.problem_id)
        labels |= {step.prefix_id: step.label for step in row.steps if step.label is not None}
        for step in row.steps:
            said = {e.verdict for e in step.evidence if e.labeler == "program"}
            if said == {Verdict.WRONG}:
                negatives[step.prefix_id] = run_of(row.problem, "".join(row.solution.steps))
    chosen = random.Random(options.seed).sample(
        sorted(negatives), min(options.negatives, len(negatives))
    )
    replies = asyncio.run(again([negatives[name] for name in chosen]))
    failed = [
        isinstance(r, RunResult) and any(t.result == "failed" for t in r.tests) for r in replies
    ]
    counts = Counter(labels.values())
    result = {
        "problems": len(problems),
        "labelled_statements": counts[1] + counts[-1],
        "right": counts[1],
        "wrong": counts[-1],
        "neutral": counts[0],
        "negatives_run_again": len(chosen),
        "failed_again": sum(failed),
    }
    print(json.dumps(result))
    table = Table("", "", title="program")
    for name, value in result.items():
        table.add_row(name, str(value))
    Console(stderr=True).print(table)


if __name__ == "__main__":
    main()
