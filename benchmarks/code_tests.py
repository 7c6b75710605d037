"""Judges HumanEval's references and CodeT's 16,400 samples by their tests, in the sandbox.

Prints one JSON object and a table: verdicts, seconds, whether two runs agree, and what was left
behind on the machine. Equal programs are judged once, as the driver does.
Needs the folder that LABELER_SHARED_DATA names, with humaneval/ and codet/.

    python benchmarks/code_tests.py [--samples N] [--runs 2] [--concurrency 2]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from labeler.checking.code_tests import CodeChecker
from labeler.driver.requests import Check, CheckResult
from labeler.problems.humaneval import read_completions, read_humaneval
from labeler.records import Problem, Verdict
from labeler.sandbox.bubblewrap import Bubblewrap

SHARED = Path(os.environ.get("LABELER_SHARED_DATA", "../shared/data"))


async def judged(checks: Sequence[Check], concurrency: int) -> dict[tuple[str, str], CheckResult]:
    """Each distinct program of each problem, once."""
    distinct = {(check.problem.problem_id, check.answer): check for check in checks}
    sandbox = Bubblewrap(concurrency)
    if why := await sandbox.ready():
        sys.exit(why)
    try:
        verdicts = await CodeChecker(sandbox).check(list(distinct.values()))
    finally:
        await sandbox.aclose()
    return dict(zip(distinct, verdicts, strict=True))


def left_behind() -> list[str]:
    """Processes of a sandbox, control groups and temporary files of this process."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if b"inside.supervisor" in command and f"main({1_000_000_000 + os.getpid() * 128}" in str(
            command
        ):
            found.append(f"process {folder.name}")
    found += map(str, Path("/sys/fs/cgroup").glob(f"**/labeler-{os.getpid()}-*"))
    return found


def main() -> None:
    """The command."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--samples", type=int, default=None, help="a random part of them")
    arguments.add_argument("--runs", type=int, default=2)
    arguments.add_argument("--concurrency", type=int, default=2)
    options = arguments.parse_args()
    read = read_humaneval(SHARED / "humaneval/HumanEval.jsonl.gz")
    known = [problem for problem in read if isinstance(problem, Problem)]
    [file] = (SHARED / "codet").glob("*_code_solution.jsonl")
    samples = [Check(p, body) for p, bodies in read_completions(file, known) for body in bodies]
    if options.samples:
        samples = random.Random(1).sample(samples, options.samples)
    temporary = set(Path("/tmp").iterdir())
    references = [Check(p, "".join(p.reference_solution)) for p in known]
    found = asyncio.run(judged(references, options.concurrency))
    passed = sum(checked.verdict is Verdict.CORRECT for checked in found.values())
    runs = []
    for _ in range(options.runs):
        started = time.monotonic()
        verdicts = asyncio.run(judged(samples, options.concurrency))
        runs.append((verdicts, time.monotonic() - started))
    first = runs[0][0]
    of_samples = [first[check.problem.problem_id, check.answer] for check in samples]
    differ = [key for verdicts, _ in runs for key in first if verdicts[key] != first[key]]
    flipped = [k for vs, _ in runs for k in first if vs[k].verdict != first[k].verdict]
    unknown = Counter(c.reason for c in of_samples if c.verdict is Verdict.UNKNOWN)
    result = {
        "references": len(references),
        "references_passed": passed,
        "samples": len(samples),
        "distinct_programs": len(first),
        "verdicts": dict(Counter(str(checked.verdict) for checked in of_samples)),
        "unknown": dict(unknown.most_common(10)),
        "seconds": [round(seconds, 1) for _, seconds in runs],
        "verdicts_that_differ": len(flipped),
        "reasons_that_differ": len(differ),
        "left_behind": left_behind(),
        "temporary_left": sorted(
            str(path)
            for path in set(Path("/tmp").iterdir()) - temporary
            if path.name.startswith("labeler")
        ),
        "load": os.getloadavg()[0],
    }
    print(json.dumps(result))
    table = Table("", "", title="code tests")
    for name, value in result.items():
        table.add_row(name, str(value))
    Console(stderr=True).print(table)


if __name__ == "__main__":
    main()
