"""How fast the labeler `tool_check` is on two cores, and how right its flags are.

    python benchmarks/tool_check.py --data ../shared/data

Reads ProcessBench files (JSON lists with problem, steps and the human's first error as label, -1
for none) below `--data`/processbench. For each file: solutions flagged falsely (right ones, or
before the human's error; each is listed with its claim), erroneous ones caught, flags that name the
human's step. Then the same on GSM8K's and MATH's reference solutions, where every flag is listed.
Speed is wall-clock time of `--processes` processes; the slowest solution is given, too.
Prints a table and, last, one line of JSON. Does not cover: what consensus makes of the evidence.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from labeler.checking.claims.steps import check_solution
from labeler.records import Verdict

SampledSolutions = tuple[str, str, tuple[str, ...], int]
"""Id, problem, steps, the human's first error (-1 none)."""


@dataclass(frozen=True)
class CheckResult:
    """First flag (None where there is none) with its claims; seconds, and the slowest solution."""

    flag: int | None
    claims: tuple[str, ...]
    seconds: float
    cpu_s: float


@dataclass(frozen=True)
class Figures:
    """What was found in one file; `per_core`: steps per second of processor time."""

    file: str
    solutions: int
    erroneous: int
    caught: int
    false_flags: int
    flags: int
    exact: int
    steps: int
    steps_per_second: float
    per_core: float
    slowest_solution_s: float


def check(solved: SampledSolutions) -> CheckResult:
    """The first step that is flagged, for what claims, and the time that it took."""
    started, cpu = time.perf_counter(), time.process_time()
    links = check_solution(solved[1], solved[2])
    seconds, cpu_s = time.perf_counter() - started, time.process_time() - cpu
    for t, said in enumerate(links):
        false = tuple(str(link) for link in said if link.verdict is Verdict.WRONG)
        if false:
            return CheckResult(t, false, seconds, cpu_s)
    return CheckResult(None, (), seconds, cpu_s)


def figures(
    name: str, solved: list[SampledSolutions], pool: ProcessPoolExecutor, console: Console
) -> Figures:
    """Checks a whole set; prints every false flag."""
    started = time.perf_counter()
    checked = list(pool.map(check, solved, chunksize=50))
    seconds = time.perf_counter() - started
    flagged = [(s, c) for s, c in zip(solved, checked, strict=True) if c.flag is not None]
    false = [(s, c) for s, c in flagged if c.flag is not None and not 0 <= s[3] <= c.flag]
    for s, c in false:
        console.print(f"{name} {s[0]} step {c.flag}: {'; '.join(c.claims)}", markup=False)
    steps = sum(len(s[2]) for s in solved)
    return Figures(
        name,
        len(solved),
        sum(s[3] >= 0 for s in solved),
        len(flagged) - len(false),
        len(false),
        len(flagged),
        sum(s[3] == c.flag for s, c in flagged),
        steps,
        steps / seconds,
        steps / sum(c.cpu_s for c in checked),
        max(c.seconds for c in checked),
    )


def processbench(file: Path) -> list[SampledSolutions]:
    """Solutions of a ProcessBench file with their first errors."""
    rows = json.loads(file.read_text(encoding="utf-8"))
    return [(r["id"], r["problem"], tuple(r["steps"]), r["label"]) for r in rows]


def references(data: Path) -> Iterator[tuple[str, list[SampledSolutions]]]:
    """Reference solutions, which hold no error, of the sets that are there."""
    forms = {
        "gsm8k/train": ("question", "answer", "\n"),
        "gsm8k/test": ("question", "answer", "\n"),
        "math/test": ("problem", "solution", "\n\n"),
    }
    for name, (problem, solution, end) in forms.items():
        file = data / f"{name}.jsonl"
        if file.is_file():
            rows = map(json.loads, file.read_text(encoding="utf-8").splitlines())
            yield (
                name,
                [
                    (str(i), r[problem], tuple(r[solution].split(end)), -1)
                    for i, r in enumerate(rows)
                ],
            )


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only-processbench", action="store_true")
    asked = parser.parse_args()
    console = Console()
    found = []
    with ProcessPoolExecutor(asked.processes) as pool:
        list(pool.map(check, [("", "", ("1 + 1 = 2",), -1)] * asked.processes))
        for file in sorted((asked.data / "processbench").glob("*.json")):
            found.append(figures(file.stem, processbench(file), pool, console))
        if not asked.only_processbench:
            for name, solved in references(asked.data):
                found.append(figures(name, solved, pool, console))
    table = Table(*Figures.__dataclass_fields__)
    for row in found:
        cells = [f"{v:.3f}" if isinstance(v, float) else str(v) for v in asdict(row).values()]
        table.add_row(*cells)
    console.print(table)
    print(json.dumps([asdict(row) for row in found]))


if __name__ == "__main__":
    main()
