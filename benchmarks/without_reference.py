"""Labels without a reference solution, or without a gold answer: which sources together suffice.

The embedded policy solves fresh oracle problems, one solution each (`consensus.py`'s problems and
seeds, so its figures stand beside these); a judge, `bisect` that begins with `surprise`, `surprise`
itself, SPARE and `tool_check` give evidence, with `--brute-force` Monte Carlo (k = 8), too. Fusion
then decides by some of them at a time. Without a gold answer nobody knows outcomes, so there are no
rollouts, and the outcome is taken from every solution. Prints F1 (ProcessBench's), ECE and the
tokens that the sources generated.

    python benchmarks/without_reference.py --problems 345 --seeds 1 2 3
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from consensus import BENCHMARK, pooled
from rich.console import Console
from rich.table import Table

from labeler.checking.math_answer import MathChecker
from labeler.config import RunConfig, load_config
from labeler.consensus.fusion import Fusion, FusionRule
from labeler.driver.cost import Cost
from labeler.driver.driver import Driver
from labeler.driver.journal import Journal
from labeler.driver.requests import POLICY
from labeler.evaluation.compare import Examined, compare, examine, piloted_on
from labeler.first_error.signals import Signals
from labeler.labelers.base import Policy
from labeler.labelers.method import Labeler
from labeler.labelling.routes import routes
from labeler.oracle.evaluation import sampled
from labeler.oracle.generate import generate_problems
from labeler.records import Verdict
from labeler.wiring.defaults import labelers_named
from labeler.wiring.labelers import build_labeler, build_policy, pilots_of
from labeler.wiring.models import build_samplers

COMBINATIONS = {
    "surprise": ("surprise",),
    "surprise, tool_check": ("surprise", "tool_check"),
    "judge, monte_carlo": ("judge", "monte_carlo"),
    "judge, bisect, surprise": ("judge", "bisect", "surprise"),
    "judge, bisect, surprise, tool_check": ("judge", "bisect", "surprise", "tool_check"),
    "all four with monte_carlo": ("judge", "monte_carlo", "spare", "tool_check"),
    "spare, judge, bisect, surprise, tool_check": (
        "spare", "judge", "bisect", "surprise", "tool_check",
    ),
}  # fmt: skip
NO_GOLD = {
    "no gold answer: judge": ("judge",),
    "no gold answer: judge, tool_check": ("judge", "tool_check"),
    "no gold answer: judge, surprise, tool_check": ("judge", "surprise", "tool_check"),
}


async def evidence(
    config: RunConfig, given: argparse.Namespace, journal_file: Path
) -> tuple[list[Examined], dict[str, Cost]]:
    """Samples solutions and asks all sources; what they said and what each cost."""
    sources = ["judge", "bisect", "surprise", "spare", "tool_check"]
    sources += ["monte_carlo"] if given.brute_force else []
    samplers, checker = build_samplers(config), MathChecker()
    chosen = labelers_named(config, sources)
    pilots = pilots_of(chosen.values())
    policy = replace(build_policy(config, samplers[POLICY]), signals=Signals())

    def bind(known: Policy) -> dict[str, Labeler]:
        return {name: build_labeler(one, known) for name, one in chosen.items()}

    def searching(known: Policy) -> dict[str, Labeler]:
        return {name: one for name, one in bind(known).items() if name in pilots}

    difficulty = config.problems.difficulty  # type: ignore[attr-defined]
    problems = list(generate_problems(given.problems, 3_000_000 + config.seed, difficulty))
    costs: dict[str, Cost] = {}
    with Journal(journal_file) as journal:
        async with Driver(routes(samplers, checker), journal, max_active=96) as driver:
            solved = await sampled(problems, policy, driver, {}, logprobs=True)
            known = await piloted_on(solved, searching, policy, driver)
            examined = await examine(solved, bind(known), driver, costs, lambda: None)
    for sampler in samplers.values():
        await sampler.aclose()
    await checker.aclose()
    return examined, costs


def decided(
    examined: Sequence[Examined], costs: dict[str, Cost], names: Sequence[str]
) -> dict[str, Any]:
    """What fusion makes of these sources' evidence."""
    some = [replace(one, evidence={name: one.evidence[name] for name in names}) for one in examined]
    rule = Fusion(FusionRule(min_confidence=1e-9))
    found = compare(some, (), [rule], costs).consensus[rule.name].to_json()
    tokens = sum(costs[name].completion_tokens for name in names if name in costs)
    kept = ("f1", "f1_interval", "acc_erroneous", "acc_correct", "ece")
    return {**{key: found.get(key) for key in kept}, "generated_tokens": tokens}


def without_gold(one: Examined) -> Examined:
    """The same solution, of whose answer nobody knows whether it is right."""
    problem = replace(one.solved.problem, gold_answer=None)
    solution = replace(one.solved.solution, outcome=Verdict.UNKNOWN, outcome_reason="no gold")
    return replace(one, solved=replace(one.solved, problem=problem, solution=solution))


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--problems", type=int, default=345)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--brute-force", action="store_true", help="Monte Carlo, too (slow)")
    parser.add_argument("--set", action="append", default=[], dest="settings")
    parser.add_argument("--journal", type=Path, help="keep replies here and use those in it")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found = []
    with tempfile.TemporaryDirectory() as folder:
        journal = given.journal or Path(folder) / "journal.sqlite"
        for seed in given.seeds:
            config = load_config(BENCHMARK, given.settings).model_copy(update={"seed": seed})
            found.append(asyncio.run(evidence(config, given, journal)))
    examined, costs = pooled(found)
    there = {name for one in examined[:1] for name in one.evidence}
    known = {name: some for name, some in COMBINATIONS.items() if set(some) <= there}
    results = {name: decided(examined, costs, some) for name, some in known.items()}
    blind = [without_gold(one) for one in examined]
    results |= {name: decided(blind, costs, some) for name, some in NO_GOLD.items()}
    n_erroneous = sum((one.solved.first_error or 0) >= 0 for one in examined)
    n_erroneous -= sum(one.solved.first_error is None for one in examined)
    if given.json:
        print(json.dumps({"n": len(examined), "n_erroneous": n_erroneous, "combinations": results}))
        return
    table = Table(
        "fusion of", "F1 [95%]", "erroneous", "right", "ECE", "generated tokens",
        title=f"{len(examined)} solutions, {n_erroneous} erroneous",
    )  # fmt: skip
    for name, one in results.items():
        low, high = one["f1_interval"] or (0.0, 0.0)
        table.add_row(
            name, f"{one['f1'] or 0:.3f} [{low:.3f}, {high:.3f}]", f"{one['acc_erroneous']:.3f}",
            f"{one['acc_correct']:.3f}", "-" if one["ece"] is None else f"{one['ece']:.3f}",
            f"{one['generated_tokens']:,}",
        )  # fmt: skip
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
