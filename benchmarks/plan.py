"""How well `labeler plan` tells what a run takes: all is labelled once, then planned often.

    python benchmarks/plan.py data/benchmark.yaml --sample 24 --draws 1000 [--json]

Labels every problem of a run file for real and keeps each one's costs; then draws samples as `plan`
does, with other seeds, and compares each estimate with the truth: the share of plans within 15%,
the 95th percentile of the error, and how often the 95% interval held. Sampled problems are part of
the truth, as they are in a run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from labeler.config import load_config
from labeler.planning.estimate import draw, total
from labeler.planning.measure import measure
from labeler.planning.plan import BILLED
from labeler.records import Problem
from labeler.wiring.runs import build

QUANTITIES = (*BILLED, "cached_prompt_tokens", "engine_completion_tokens")
BAR = 0.15


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("--sample", type=int, default=24)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    parts = build(load_config(args.config))
    measured = asyncio.run(measure(parts, parts.problems, lambda progress: None))
    costs_of_each = dict(
        zip((one.problem_id for one in parts.problems), measured.by_problem, strict=True)
    )
    found = {name: accuracy(parts.problems, costs_of_each, name, args) for name in QUANTITIES}
    whole = {
        "problems": len(costs_of_each),
        "sample": args.sample,
        "draws": args.draws,
        "plans": found,
    }
    if args.json:
        print(json.dumps(whole))
        return
    table = Table(title=f"{args.draws:,} plans from {args.sample} of {len(costs_of_each)} problems")
    for column in ("what", "truth", "within 15%", "95% of errors below", "interval held"):
        table.add_column(column, justify="left" if column == "what" else "right")
    for name, one in found.items():
        numbers = (one["within_15_percent"], one["error_95"], one["interval_held"])
        table.add_row(name, f"{one['truth']:,.0f}", *(f"{number:.1%}" for number in numbers))
    Console().print(table)


def accuracy(
    problems: Sequence[Problem],
    costs_of_each: dict[str, dict[str, float]],
    name: str,
    args: argparse.Namespace,
) -> dict[str, float]:
    """Plans of one quantity from many samples, against what the whole run took."""
    truth = sum(costs[name] for costs in costs_of_each.values())
    errors, held = [], 0
    for seed in range(args.draws):
        sample = draw(problems, args.sample, seed)
        values = [costs_of_each[one.problem.problem_id][name] for one in sample]
        told = total(values, [one.stands_for for one in sample], seed)
        errors.append(abs(told.value / truth - 1))
        held += told.low <= truth <= told.high
    within = sum(error <= BAR for error in errors)
    return {
        "truth": truth,
        "within_15_percent": within / args.draws,
        "error_95": float(np.quantile(errors, 0.95)),
        "interval_held": held / args.draws,
    }


if __name__ == "__main__":
    main()
