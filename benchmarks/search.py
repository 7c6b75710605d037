"""Finding the first error: brute force, two binary searches, Bayesian bisection.

A policy solves fresh oracle problems; every wrong solution is then searched by each method, on the
same solutions, in one run, each paying for itself. The truth is the oracle's. Prints a table (or
one JSON object); `--plot` draws accuracy against tokens and how reliable the probabilities are.

    python benchmarks/search.py --problems 150 --seed 1 --k 8
    python benchmarks/search.py --problems 60 --seed 1 --k 4 8 16 32 --plot search.png
    python benchmarks/search.py --simulate 10 16 --problems 250 --seed 1 2 3 --k 8

The methods: `monte_carlo` asks k rollouts of every prefix; `omegaprm` is that paper's binary
search; `adaptive` is the same in EpicPRM's manner (start and number of rollouts by difficulty, at
most k; the paper's formulas were not to be had); `bayes` is `bisect`, which knows no k:
`--confidence` is what it stops at, and further values give further points of the plot.

The policy is the embedded one, or with `--simulate MIN MAX` one with known success rates, on
problems of that many steps (`simulated_policy.py`): the embedded one never saw more than ten.

F1 is ProcessBench's, on the wrong solutions and on as many right ones as the policy wrote: a method
that does not search right solutions calls them right, as all of them do here. Probabilities are
those of the posterior over all counts (Brier, ECE); the papers' rule gives none, so 0 and 1 stand
for its labels. Intervals are bootstrap over problems; several seeds are also pooled, with the
difference of `bisect` and each other method on the same draws of problems. In a sweep smaller k use
the first of the rollouts that the largest drew, which changes nothing but the time it takes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nested_sampler import Nested
from search_figures import plot, show, show_pooled
from search_pooled import pooled
from search_scores import Method, by_self_confidence, denoised, summary
from simulated_policy import SimulatedPolicy

from labeler.checking.math_answer import MathChecker
from labeler.config import load_config
from labeler.config.run import RunConfig
from labeler.consensus.first_zero import FirstZero
from labeler.consensus.posterior import Posterior
from labeler.driver import Cost, Driver
from labeler.evaluation.compare import Examined, examine, rows_of
from labeler.journal import Journal
from labeler.labelers.base import Policy
from labeler.labelers.binary_search import BinarySearch, binary_search
from labeler.labelers.bisect import Bisect, bisect
from labeler.labelers.monte_carlo import MonteCarlo, monte_carlo
from labeler.labelling_run import Progress, routes
from labeler.oracle.evaluation import sampled
from labeler.oracle.generate import Difficulty, generate_problems
from labeler.problems.solved import SolvedProblem
from labeler.records import Verdict
from labeler.requests import POLICY
from labeler.samplers.base import Sampler
from labeler.terminal import progress_bar
from labeler.wiring.labelers import build_policy
from labeler.wiring.models import build_samplers

BENCHMARK = Path(__file__).parent.parent / "data" / "benchmark.yaml"
METHODS = ("monte_carlo", "omegaprm", "adaptive", "bayes")
SWEPT = frozenset({"monte_carlo", "binary_search"})
"""Askers that ask k rollouts of a prefix."""


@dataclass(frozen=True)
class Bench:
    """All methods search these solutions."""

    solved: Sequence[SolvedProblem]
    policy: Policy
    driver: Driver

    async def run(self, name: str, method: Method, title: str) -> tuple[dict[str, Any], Any]:
        """What came of a method, and its evidence."""
        bill: dict[str, Cost] = {}
        n_problems = len({one.problem.problem_id for one in self.solved})
        with progress_bar(title) as bar:
            labelers = {name: method.labeler}
            on_problem = progress(bar, n_problems, bill)
            examined = await examine(self.solved, labelers, self.driver, bill, on_problem)
        return summary(examined, name, method, bill), examined


def methods(policy: Policy, k: int) -> dict[str, Method]:
    def of_wrong(problem: Any, solutions: Any) -> Any:
        wrong = tuple(s for s in solutions if s.outcome is Verdict.WRONG)
        return monte_carlo(problem, wrong, MonteCarlo(k), policy)

    def binary(adaptive: bool) -> Method:
        settings = BinarySearch(k, adaptive)
        return Method(lambda p, s: binary_search(p, s, settings, policy), FirstZero())

    return {
        "monte_carlo": Method(of_wrong, FirstZero()),
        "omegaprm": binary(False),
        "adaptive": binary(True),
    }


def bayes(policy: Policy, confidence: float) -> Method:
    sure = Posterior(min_confidence=1e-9)
    return Method(lambda p, s: bisect(p, s, Bisect(confidence), policy), sure)


async def measure(given: argparse.Namespace, seed: int) -> list[dict[str, Any]]:
    """One result per k."""
    config = load_config(BENCHMARK, given.settings).model_copy(update={"seed": seed})
    problems, samplers = policy_and_problems(given, config, seed)
    sampler = samplers[POLICY] = Nested(samplers[POLICY], max(given.k), SWEPT)
    policy = build_policy(config, sampler)
    checker = MathChecker()
    async with AsyncExitStack() as stack:
        for one in (*samplers.values(), checker):
            stack.push_async_callback(one.aclose)
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        journal = stack.enter_context(Journal(given.journal or Path(folder) / "journal.sqlite"))
        driver = Driver(routes(samplers, checker), journal, max_active=96)
        await stack.enter_async_context(driver)
        solved = await sampled(problems, policy, driver, {}, given.solutions)
        return await compared(Bench(solved, policy, driver), given, seed)


def policy_and_problems(
    given: argparse.Namespace, config: RunConfig, seed: int
) -> tuple[list[Any], dict[str, Sampler]]:
    """Fresh problems, and who solves them."""
    settings = config.problems.difficulty.model_dump()  # type: ignore[union-attr]
    if given.simulate:
        settings |= {"min_steps": given.simulate[0], "max_steps": given.simulate[1]}
    problems = list(generate_problems(given.problems, 2_000_000 + seed, Difficulty(**settings)))
    return problems, {POLICY: SimulatedPolicy(problems)} if given.simulate else build_samplers(
        config
    )


async def compared(bench: Bench, given: argparse.Namespace, seed: int) -> list[dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {k: {} for k in given.k}
    stored: dict[int, list[Examined]] = {}
    # The largest k first: it draws what the others use.
    for k in sorted(given.k, reverse=True):
        for name, method in methods(bench.policy, k).items():
            if name in given.methods:
                found[k][name], examined = await bench.run(name, method, f"{name}, k={k}")
                if name == "monte_carlo":
                    stored[k] = examined
    searches = {}
    for confidence in given.confidence if "bayes" in given.methods else ():
        method = bayes(bench.policy, confidence)
        searches[confidence], _ = await bench.run("bayes", method, f"bayes, {confidence:g}")
    solved = bench.solved
    truths = [one.first_error or 0 for one in solved]
    results = []
    for k in given.k:
        result = {
            "n": len(solved),
            "n_erroneous": sum(truth >= 0 for truth in truths),
            "n_wrong_answers": sum(one.solution.outcome is Verdict.WRONG for one in solved),
            "n_steps": sum(len(one.solution.steps) for one in solved),
            "mean_steps": sum(len(one.solution.steps) for one in solved) / len(solved),
            "policy": bench.policy.model,
            "k": k,
            "seed": seed,
            "methods": dict(found[k]),
        }
        if searches:
            result["methods"]["bayes"] = searches[given.confidence[0]]
            result["bayes_by_confidence"] = searches
        if k in stored:
            rows = rows_of(stored[k], ["monte_carlo"])
            result["stored_rollouts"] = denoised(rows, truths)
            result["first_zero_by_self_confidence"] = by_self_confidence(rows, truths)
        results.append(result)
    return results


def progress(show_progress: Any, n_problems: int, bill: Mapping[str, Cost]) -> Any:
    done = 0

    def on_problem() -> None:
        nonlocal done
        done += 1
        samples = sum(cost.samples for cost in bill.values())
        tokens = sum(cost.completion_tokens for cost in bill.values())
        show_progress(Progress(done, n_problems, samples, tokens))

    return on_problem


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--problems", type=int, default=100)
    parser.add_argument("--solutions", type=int, default=4, help="drawn per problem")
    parser.add_argument("--seed", type=int, nargs="+", default=[1])
    parser.add_argument("--k", type=int, nargs="+", default=[8])
    parser.add_argument("--confidence", type=float, nargs="+", default=[Bisect().confidence])
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--simulate", type=int, nargs=2, metavar=("MIN", "MAX"), help="steps")
    parser.add_argument("--set", action="append", default=[], dest="settings")
    parser.add_argument("--journal", type=Path, help="keep replies here")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--plot", type=Path, help="PNG, SVG or HTML")
    given = parser.parse_args()
    results = [one for seed in given.seed for one in asyncio.run(measure(given, seed))]
    if given.plot:
        plot(results, given.plot)
    if given.json:
        whole = {"runs": results, "pooled": pooled(results)}
        print(json.dumps(results[0] if len(results) == 1 else whole))
        return
    show(results)
    if len(given.seed) > 1:
        show_pooled(pooled(results))


if __name__ == "__main__":
    main()
