"""Where `steps: auto` cuts real replies, beside the boundaries that people and data sets drew.

    python benchmarks/steps.py --data ../shared/data [--json]

ProcessBench's steps (below `--data`/processbench), joined by blank lines, are split again: the
share of its boundaries that are found, the share of ours that are its own, with Wilson's intervals,
and the share of replies that are one step. The same with `delimiter: "\\n\\n"`, which the joints
were made of and so finds them all: it shows what a reply's own blank lines add. Then the replies of
the best-of-N pool (`bon_pools`) and of GSM8K's example solutions, which say nothing of boundaries.
`cut inside`: replies with a cut inside a display, fence or environment, by `step_scanner.py`.
Prints a table, or with --json one line of JSON. Does not cover: whether a boundary is a good one.
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate, islice
from pathlib import Path

from rich.console import Console
from rich.table import Table
from step_scanner import inside

from labeler.stats import wilson
from labeler.steps import splitter_named

JOINT = "\n\n"


@dataclass(frozen=True)
class Reply:
    """A text, and where its steps end by its data set (empty where that says nothing)."""

    text: str
    boundaries: frozenset[int]


@dataclass(frozen=True)
class Figures:
    """`found` of `own` boundaries; `steps` ours; `shared`: ours that are the set's own."""

    data: str
    splitter: str
    replies: int
    steps: int
    own: int
    found: int
    cut_inside: int
    one_step: int
    longest: int
    seconds: float

    def row(self) -> list[str]:
        ours = self.steps - self.replies
        return [
            self.data, self.splitter, f"{self.replies:,}", f"{self.steps:,}",
            _share(self.found, self.own), _share(self.found, ours if self.own else 0),
            f"{self.cut_inside:,}", _share(self.one_step, self.replies), f"{self.longest:,}",
            f"{self.seconds:.2f}",
        ]  # fmt: skip


def _share(k: int, n: int) -> str:
    if not n:
        return "-"
    rate = wilson(k, n)
    return f"{rate.rate:.2%} [{rate.low:.2%}, {rate.high:.2%}]"


def ends(steps: Sequence[str]) -> frozenset[int]:
    """Where steps end, as offsets in the text; the end of the whole is none."""
    return frozenset([*accumulate(map(len, steps))][:-1])


def of_processbench(file: Path) -> Iterator[Reply]:
    """ProcessBench's solutions, joined, with its own boundaries."""
    for entry in json.loads(file.read_text()):
        steps = entry["steps"]
        joined = [*(step + JOINT for step in steps[:-1]), *steps[-1:]]
        yield Reply("".join(joined), ends(joined))


def of_pool(file: Path) -> Iterator[Reply]:
    """The best-of-N pool's candidates."""
    with gzip.open(file, "rt") as lines:
        for line in lines:
            for candidate in json.loads(line)["candidates"]:
                yield Reply("\n".join(candidate["steps"]), frozenset())


def of_examples(file: Path) -> Iterator[Reply]:
    """GSM8K's example solutions of four models."""
    for line in file.open():
        entry = json.loads(line)
        for value in entry.values():
            if isinstance(value, dict) and value["solution"].strip():
                yield Reply(value["solution"], frozenset())


SETS: dict[str, Callable[[Path], Iterator[Reply]]] = {
    "processbench/gsm8k.json": of_processbench,
    "processbench/math.json": of_processbench,
    "bon_pools/gsm8k_full_500.jsonl.gz": of_pool,
    "gsm8k/example_model_solutions.jsonl": of_examples,
}


def measure(name: str, replies: Sequence[Reply], splitter: str, delimiter: str) -> Figures:
    """One splitter on one set of replies."""
    split = splitter_named(splitter).split
    started = time.perf_counter()
    found = [split(reply.text, delimiter, "") for reply in replies]
    seconds = time.perf_counter() - started
    cuts = [ends(steps) for steps in found]
    cut_inside = 0
    for reply, places in zip(replies, cuts, strict=True):
        marked = inside(reply.text)
        cut_inside += any(marked[place] for place in places)
    return Figures(
        name, splitter, len(replies), sum(map(len, found)),
        sum(len(reply.boundaries) for reply in replies),
        sum(len(r.boundaries & c) for r, c in zip(replies, cuts, strict=True)),
        cut_inside, sum(len(steps) == 1 for steps in found),
        max(len(step) for steps in found for step in steps), round(seconds, 3),
    )  # fmt: skip


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--limit", type=int, default=2_000, help="replies of a set")
    args = parser.parse_args()
    figures = []
    for name, read in SETS.items():
        if not (args.data / name).exists():
            print(f"{args.data / name} is absent: left out")
            continue
        replies = [*islice(read(args.data / name), args.limit)]
        for splitter in ("auto", "delimiter"):
            figures.append(measure(name, replies, splitter, JOINT))
    if args.json:
        print(json.dumps([asdict(one) for one in figures]))
        return
    table = Table(box=None)
    for column in (
        "data", "steps:", "replies", "steps", "its boundaries found", "ours that are its own",
        "cut inside", "one step", "longest", "s",
    ):  # fmt: skip
        table.add_column(column, justify="left" if column in ("data", "steps:") else "right")
    for one in figures:
        table.add_row(*one.row())
    Console(width=200).print(table)


if __name__ == "__main__":
    main()
