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
`--confidence` is what it stops at, and further values give further points of the plot. It begins
with the places that `surprise` points to, as far as the run's first problems showed that it does;
`--baseline` puts `bayes_baseline` beside it, which is `bisect` from a flat prior (the very search
of commit 2b308d2, with that commit's rule). `--shuffled` shuffles surprise among the steps of each
solution, so that it says nothing; `--given` searches solutions that somebody else wrote.

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
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nested_sampler import Nested
from search_figures import plot, show, show_pooled
from search_pooled import pooled
from search_scores import Method, by_self_confidence, denoised, summary
from search_solutions import Bench, argument_parser, opened

from labeler.consensus.first_zero import FirstZero
from labeler.consensus.posterior import Posterior, PosteriorRule
from labeler.driver.conversation import Conversation, together
from labeler.driver.cost import Cost
from labeler.evaluation.compare import Examined, examine, piloted_on, rows_of
from labeler.labelers.base import Findings, Policy
from labeler.labelers.binary_search import BinarySearch, binary_search
from labeler.labelers.bisect import Bisect, bisect
from labeler.labelers.method import Labeler
from labeler.labelers.monte_carlo import MonteCarlo, monte_carlo
from labeler.labelers.surprise import SurpriseSettings, surprise
from labeler.labelling.parts import Progress
from labeler.records import Problem, Solution, Verdict
from labeler.terminal import progress_bar

METHODS = ("monte_carlo", "omegaprm", "adaptive", "bayes")
SWEPT = frozenset({"monte_carlo", "binary_search"})
"""Askers that ask k rollouts of a prefix."""


def methods(policy: Policy, k: int) -> dict[str, Method]:
    """The papers' searches with `k` rollouts a prefix, by name."""

    def of_wrong(problem: Any, solutions: Any) -> Any:
        wrong = tuple(s for s in solutions if s.outcome is Verdict.WRONG)
        return monte_carlo(problem, wrong, MonteCarlo(k=k), policy)

    def binary(adaptive: bool) -> Method:
        settings = BinarySearch(k=k, adaptive=adaptive)
        return Method(lambda p, s: binary_search(p, s, settings, policy), FirstZero())

    return {
        "monte_carlo": Method(of_wrong, FirstZero()),
        "omegaprm": binary(False),
        "adaptive": binary(True),
    }


def flat_bayes(policy: Policy, confidence: float) -> Method:
    """`bisect` at this confidence, from a flat prior, and read from one: as of commit 2b308d2."""
    sure = Posterior(PosteriorRule(min_confidence=1e-9))
    return Method(lambda p, s: bisect(p, s, Bisect(confidence=confidence), policy), sure)


async def bayes(bench: Bench, confidence: float) -> Method:
    """`bisect` beside `surprise`: both from what the first problems taught of it."""
    settings = Bisect(confidence=confidence)

    def bind(policy: Policy) -> dict[str, Labeler]:
        return {
            "surprise": lambda p, s: surprise(p, s, SurpriseSettings(), policy),
            "bisect": lambda p, s: bisect(p, s, settings, policy),
        }

    policy = await piloted_on(bench.solved, bind, bench.policy, bench.driver)

    def both(problem: Problem, solutions: tuple[Solution, ...]) -> Conversation[Findings]:
        labelers = bind(policy).values()
        found = yield from together([one(problem, solutions) for one in labelers])
        return Findings(tuple(piece for one in found for piece in one.evidence))

    return Method(both, Posterior(PosteriorRule(min_confidence=1e-9)), learns=True)


async def measure(given: argparse.Namespace, seed: int) -> list[dict[str, Any]]:
    """One result per k."""
    async with opened(given, seed, lambda one: Nested(one, max(given.k), SWEPT)) as bench:
        return await compared(bench, given, seed)


async def run(
    bench: Bench, name: str, method: Method, title: str
) -> tuple[dict[str, Any], list[Examined]]:
    """What came of a method, and its evidence."""
    costs: dict[str, Cost] = {}
    n_problems = len({one.problem.problem_id for one in bench.solved})
    with progress_bar(title) as bar:
        labelers = {name: method.labeler}
        on_problem = progress(bar, n_problems, costs)
        examined = await examine(bench.solved, labelers, bench.driver, costs, on_problem)
    return summary(examined, name, method, costs), examined


async def compared(bench: Bench, given: argparse.Namespace, seed: int) -> list[dict[str, Any]]:
    """Every method on one seed's solutions, a result for each k."""
    found: dict[int, dict[str, Any]] = {k: {} for k in given.k}
    stored: dict[int, list[Examined]] = {}
    # The largest k first: it draws what the others use.
    for k in sorted(given.k, reverse=True):
        for name, method in methods(bench.policy, k).items():
            if name in given.methods:
                found[k][name], examined = await run(bench, name, method, f"{name}, k={k}")
                if name == "monte_carlo":
                    stored[k] = examined
    searches, baseline = {}, {}
    for confidence in given.confidence if "bayes" in given.methods else ():
        method = await bayes(bench, confidence)
        title = f"bayes, {confidence:g}"
        searches[confidence], examined = await run(bench, "bayes", method, title)
        if given.baseline:
            method = flat_bayes(bench.policy, confidence)
            title = f"flat prior, {confidence:g}"
            baseline[confidence], _ = await run(bench, "bayes_baseline", method, title)
    # Their answers have been checked, also of solutions that were given.
    solved = [one.solved for one in examined]
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
        if baseline:
            result["methods"]["bayes_baseline"] = baseline[given.confidence[0]]
            result["baseline_by_confidence"] = baseline
        if k in stored:
            rows = rows_of(stored[k], ["monte_carlo"])
            result["stored_rollouts"] = denoised(rows, truths)
            result["first_zero_by_self_confidence"] = by_self_confidence(rows, truths)
        results.append(result)
    return results


def progress(show_progress: Any, n_problems: int, costs: Mapping[str, Cost]) -> Any:
    """What is called after each problem, to move the bar."""
    done = 0

    def on_problem() -> None:
        nonlocal done
        done += 1
        samples = sum(cost.samples for cost in costs.values())
        tokens = sum(cost.completion_tokens for cost in costs.values())
        show_progress(Progress(done, n_problems, samples, tokens))

    return on_problem


def main() -> None:
    """The command."""
    parser = argument_parser(__doc__)
    parser.add_argument("--seed", type=int, nargs="+", default=[1])
    parser.add_argument("--k", type=int, nargs="+", default=[8])
    parser.add_argument("--confidence", type=float, nargs="+", default=[Bisect().confidence])
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument(
        "--baseline", action="store_true", help="also search from a flat prior, as before surprise"
    )
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
