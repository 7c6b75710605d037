"""Seconds and memory that it takes to read a set of problems, duplicates dropped.

    python benchmarks/reading.py --problems 1000000 --json

Problems are made first, as JSON lines: sentences of ten words drawn from 20,000, which share no
form, so that each one's words go into the index of duplicates; with `--templates K` they are K
sentences whose number differs, as word problems often are. Then they are read in the way a run
reads them. Memory is the peak of the process, read after a fifth of them and at the end.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import tempfile
import time
from pathlib import Path

from labeler.config import RunConfig
from labeler.wiring import read_problems

N_WORDS, WORDS_EACH = 20_000, 10
LETTERS = "aeioubdfgklmnprstvz"


def write(path: Path, n: int, n_templates: int | None, seed: int) -> None:
    """Writes `n` problems; with `n_templates` many of them differ in a number only."""
    rng = random.Random(seed)
    words = ["".join(rng.choices(LETTERS, k=7)) for _ in range(N_WORDS)]

    def sentence() -> str:
        return " ".join(rng.choices(words, k=WORDS_EACH))

    templates = [sentence() for _ in range(n_templates or 0)]
    with path.open("w") as file:
        for i in range(n):
            text = f"{rng.choice(templates) if templates else sentence()} {i}?"
            file.write(json.dumps({"text": text, "gold_answer": str(i)}) + "\n")


def peak_mb() -> float:
    """Peak memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def read(path: Path, n: int | None) -> tuple[int, float, float]:
    """How many problems were read, seconds of the clock and of the processor."""
    content = {
        "problems": {"kind": "plain", "path": str(path), "limit": n},
        "policy": {"kind": "transformers", "model": "none"},
        "labelers": [{"kind": "tool_check"}],
    }
    config = RunConfig.model_validate(content, strict=False)
    started, cpu = time.monotonic(), time.process_time()
    problems, _ = read_problems(config)
    return len(problems), time.monotonic() - started, time.process_time() - cpu


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", type=int, default=100_000)
    parser.add_argument(
        "--templates", type=int, help="so many sentences, in which a number differs"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="JSON only")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="labeler-bench-") as folder:
        path = Path(folder) / "set.jsonl"
        write(path, given.problems, given.templates, given.seed)
        before = peak_mb()
        read(path, given.problems // 5)
        early = peak_mb()
        n_read, wall_s, cpu_s = read(path, None)
    found = {
        "problems": given.problems,
        "templates": given.templates,
        "kept": n_read,
        "wall_s": wall_s,
        "cpu_s": cpu_s,
        "rss_mb_before": before,
        "rss_mb_after_a_fifth": early,
        "peak_rss_mb": peak_mb(),
    }
    if not given.json:
        for name, value in found.items():
            print(f"{name:22} {value}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
