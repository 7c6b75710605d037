"""How fast the labeler `tool_check` is, and how right its flags are.

    python benchmarks/tool_check.py --data ../shared/data [--baseline OTHER_CHECKOUT]

Reads, below `--data`: ProcessBench files (JSON lists with problem, steps and the human's first
error as label, -1 for none), PRM800K solutions (JSON lines with first_error), reference solutions
of GSM8K and MATH, and the right candidates of a best-of-n pool.
For each: solutions flagged falsely (right
ones, or before the human's error; each is listed with its claim and its kind, to be read: people
pass over slips), erroneous ones caught, flags that name the human's step. Then the same by kind of
claim over all files with human labels, texts of 20,000 characters, and the slowest solution.
Speed is wall-clock time of `--processes` processes. With `--baseline` the checker of another
checkout reads ProcessBench and PRM800K, too, each in one process, in turns, and the ratio is given.
Prints tables and, last, one line of JSON. Does not cover: what consensus makes of the evidence.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from labeler.checking.claims.steps import check_solution
from labeler.records import Verdict

Solved = tuple[str, str, tuple[str, ...], int]
"""Id, problem, steps, the human's first error (-1 none)."""

LONG = 20_000
TURNS = 3
"""Times that each checkout reads the files; the fastest counts."""


@dataclass(frozen=True)
class Checked:
    """First flag (None where there is none) with its claims and kind; seconds of the solution."""

    flag: int | None
    kind: str
    claims: tuple[str, ...]
    seconds: float
    cpu_s: float


@dataclass(frozen=True)
class Figures:
    """What was found in one file; `per_core`: steps per second of processor time, which is what
    the slowest solution is measured in, too."""

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
    kinds: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    """For each kind of claim: first flags, those at the human's step, those before it."""


def check(solved: Solved) -> Checked:
    """The first step that is flagged, for what claims, and the time that it took."""
    started, cpu = time.perf_counter(), time.process_time()
    links = check_solution(solved[1], solved[2])
    seconds, cpu_s = time.perf_counter() - started, time.process_time() - cpu
    for t, said in enumerate(links):
        false = [link for link in said if link.verdict is Verdict.WRONG]
        if false:
            kind = str(getattr(false[0], "kind", ""))
            return Checked(t, kind, tuple(map(str, false)), seconds, cpu_s)
    return Checked(None, "", (), seconds, cpu_s)


def figures(
    name: str, solved: list[Solved], pool: ProcessPoolExecutor, console: Console
) -> Figures:
    """Flags on one set against its labels."""
    started = time.perf_counter()
    checked = list(pool.map(check, solved, chunksize=50))
    seconds = time.perf_counter() - started
    flagged = [(s, c) for s, c in zip(solved, checked, strict=True) if c.flag is not None]
    false = [(s, c) for s, c in flagged if c.flag is not None and not 0 <= s[3] <= c.flag]
    for s, c in false:
        console.print(
            f"{name} {s[0]} step {c.flag} ({c.kind}): {'; '.join(c.claims)}", markup=False
        )
    steps = sum(len(s[2]) for s in solved)
    kinds = Counter(c.kind for _, c in flagged)
    exact = Counter(c.kind for s, c in flagged if s[3] == c.flag)
    early = Counter(c.kind for _, c in false)
    return Figures(
        name,
        len(solved),
        sum(s[3] >= 0 for s in solved),
        len(flagged) - len(false),
        len(false),
        len(flagged),
        sum(exact.values()),
        steps,
        steps / seconds,
        steps / sum(c.cpu_s for c in checked),
        max(c.cpu_s for c in checked),
        {kind: (n, exact[kind], early[kind]) for kind, n in sorted(kinds.items())},
    )


def labelled(data: Path) -> Iterator[tuple[str, list[Solved]]]:
    """The files with human labels."""
    for file in sorted((data / "processbench").glob("*.json")):
        rows = json.loads(file.read_text(encoding="utf-8"))
        yield file.stem, [(r["id"], r["problem"], tuple(r["steps"]), r["label"]) for r in rows]
    file = data / "prm800k_val_decoded" / "prm800k_validation.jsonl"
    if file.is_file():
        yield (
            "prm800k",
            [
                (str(r["id"]), r["problem"] or "", tuple(r["steps"]), r["first_error"])
                for r in map(json.loads, file.read_text(encoding="utf-8").splitlines())
            ],
        )


def right(data: Path) -> Iterator[tuple[str, list[Solved]]]:
    """Reference solutions, and candidates with the right answer."""
    forms = {
        "gsm8k/train": ("question", "answer", "\n"),
        "gsm8k/test": ("question", "answer", "\n"),
        "math/test": ("problem", "solution", "\n\n"),
    }
    for name, (problem, solution, end) in forms.items():
        file = data / f"{name}.jsonl"
        if file.is_file():
            rows = list(map(json.loads, file.read_text(encoding="utf-8").splitlines()))
            yield (
                name,
                [(str(i), r[problem], cut(r[solution], end), -1) for i, r in enumerate(rows)],
            )
    file = data / "bon_pools" / "gsm8k_full_500.jsonl.gz"
    if file.is_file():
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            yield "bon_pool", list(candidates(map(json.loads, lines)))


def cut(text: str, end: str) -> tuple[str, ...]:
    """The steps of a text."""
    return tuple(text.split(end))


def candidates(rows: Iterable[dict[str, object]]) -> Iterator[Solved]:
    """Candidates with the right answer."""
    for row in rows:
        pool = row["candidates"]
        assert isinstance(pool, list)
        for k, candidate in enumerate(pool):
            if candidate["is_correct"]:
                name = f"{row['problem_id']}-{k}"
                yield name, str(row["question"]), tuple(candidate["steps"]), -1


def long_texts() -> dict[str, float]:
    """Seconds of processor time for texts of LONG characters, one step or many."""
    pieces = {
        "sums": "1 + 1 = 2, so 2 + 3 = 5. ",
        "formulas": r"We have $x^2 + 3x = \frac{1}{2}y$ and $\sqrt{2} + 1 = 2.41$. ",
        "equations": "2x + 3 = 7, so x = 2. ",
        "decimals": "0.11 + 0.13 * 1.17 = 3.91 ",
        "prose": "The sum of the parts is what we want to know. ",
    }
    found = {}
    for name, piece in pieces.items():
        text = (piece * LONG)[:LONG]
        for form, steps in {"one step": (text,), "steps": cut(text, ". ")}.items():
            started = time.process_time()
            check_solution("", steps)
            found[f"{name}, {form}"] = time.process_time() - started
    return found


def timed(data: Path) -> float:
    """Seconds of processor time of one process on the files with human labels."""
    solved = [s for _, rows in labelled(data) for s in rows]
    check_solution("", (r"1 + 1 = 2, \sin 1 = 2",))
    started = time.process_time()
    for s in solved:
        check_solution(s[1], s[2])
    return time.process_time() - started


def in_turns(data: Path, baseline: Path) -> dict[str, float]:
    """The least seconds of either checkout, run in turns on the same files."""
    here = Path(__file__).resolve().parents[1]
    seconds: dict[str, list[float]] = {"this": [], "baseline": []}
    for _ in range(TURNS):
        for name, root in (("this", here), ("baseline", baseline.resolve())):
            command = [sys.executable, __file__, "--data", str(data), "--timed"]
            environment = {**os.environ, "PYTHONPATH": str(root)}
            ran = subprocess.run(
                command, env=environment, cwd=root, capture_output=True, text=True, check=True
            )
            where, took = ran.stdout.split()
            assert where.startswith(str(root)), f"{where} was imported, not {root}"
            seconds[name].append(float(took))
    least = {name: min(took) for name, took in seconds.items()}
    return least | {"ratio": least["baseline"] / least["this"]}


def by_kind(found: list[Figures]) -> Table:
    """What flags of each kind of claim are worth."""
    table = Table("kind of claim", "first flags", "at the human's step", "before it")
    total: dict[str, list[int]] = {}
    for row in found:
        if row.erroneous:
            for kind, numbers in row.kinds.items():
                sums = total.setdefault(kind, [0, 0, 0])
                for k, n in enumerate(numbers):
                    sums[k] += n
    for kind, sums in sorted(total.items(), key=lambda item: -item[1][0]):
        table.add_row(kind, *map(str, sums))
    return table


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only-labelled", "--only-processbench", action="store_true")
    parser.add_argument("--baseline", type=Path)
    parser.add_argument("--timed", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.timed:
        print(check_solution.__code__.co_filename, timed(asked.data))
        return
    if not asked.data.is_dir():
        print(f"no data: {asked.data} is no folder; give --data")
        return
    console = Console()
    found = []
    with ProcessPoolExecutor(asked.processes) as pool:
        list(pool.map(check, [("", "", ("1 + 1 = 2",), -1)] * asked.processes))
        for name, solved in labelled(asked.data):
            found.append(figures(name, solved, pool, console))
        if not asked.only_labelled:
            for name, solved in right(asked.data):
                found.append(figures(name, solved, pool, console))
    columns = [name for name in Figures.__dataclass_fields__ if name != "kinds"]
    table = Table(*columns)
    for row in found:
        values = [getattr(row, name) for name in columns]
        table.add_row(*(f"{v:.3f}" if isinstance(v, float) else str(v) for v in values))
    console.print(table)
    console.print(by_kind(found))
    long = long_texts()
    console.print(f"slowest text of {LONG} characters: {1000 * max(long.values()):.0f} ms")
    result: dict[str, object] = {"files": [asdict(row) for row in found], "long_texts_s": long}
    if asked.baseline:
        speed = in_turns(asked.data, asked.baseline)
        console.print(
            f"one process, processor time: {speed['this']:.2f} s, "
            f"baseline {speed['baseline']:.2f} s, {speed['ratio']:.2f} times as fast"
        )
        result["speed"] = speed
    print(json.dumps(result))


if __name__ == "__main__":
    main()
