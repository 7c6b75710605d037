"""Finding the first error: brute force, OmegaPRM's binary search, Bayesian bisection.

The embedded policy solves fresh oracle problems; every wrong solution is then searched by each
method, on the same solutions, in one run, each paying for itself. The truth is the oracle's. Prints
a table (or one JSON object), and draws F1 against generated tokens with `--plot`.

    python benchmarks/search.py --problems 170 --seed 1 --k 8
    python benchmarks/search.py --problems 60 --seed 1 --k 4 8 16 32 --plot search.png

F1 is ProcessBench's, on the wrong solutions and on as many right ones as the policy wrote: a method
that does not search right solutions calls them right, as all of them do here. Probabilities are
those of the posterior over all counts (Brier, ECE); the papers' rule gives none, so 0 and 1 stand
for its labels. Intervals are bootstrap over problems.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from labeler.checking.math_answer import MathChecker
from labeler.config import load_config
from labeler.consensus.base import Decision, Rule
from labeler.consensus.first_zero import FirstZero
from labeler.consensus.posterior import Posterior
from labeler.driver import Cost, Driver
from labeler.evaluation.compare import Examined, examine, rows_of
from labeler.evaluation.metrics import Judged, score
from labeler.journal import Journal
from labeler.labelers.binary_search import BinarySearch, binary_search
from labeler.labelers.bisect import Bisect, bisect
from labeler.labelers.monte_carlo import MonteCarlo, monte_carlo
from labeler.labelling_run import routes
from labeler.oracle.evaluation import sampled
from labeler.oracle.generate import Difficulty, generate_problems
from labeler.pipeline import Labeler
from labeler.records import LabeledSolution, Verdict
from labeler.requests import POLICY
from labeler.terminal import progress_bar
from labeler.wiring.labelers import build_policy
from labeler.wiring.models import build_samplers

QUICKSTART = Path(__file__).parent.parent / "data" / "quickstart.yaml"


@dataclass(frozen=True)
class Method:
    """A labeler with the rule that reads its evidence as its authors do."""

    labeler: Labeler
    rule: Rule


def methods(policy: Any, k: int, confidence: float) -> dict[str, Method]:
    sure = Posterior(min_confidence=1e-9)

    def of_wrong(problem: Any, solutions: Any) -> Any:
        wrong = tuple(s for s in solutions if s.outcome is Verdict.WRONG)
        return monte_carlo(problem, wrong, MonteCarlo(k), policy)

    return {
        "monte_carlo": Method(of_wrong, FirstZero()),
        "omegaprm": Method(lambda p, s: binary_search(p, s, BinarySearch(k), policy), FirstZero()),
        "bayes": Method(lambda p, s: bisect(p, s, Bisect(confidence), policy), sure),
    }


async def measure(given: argparse.Namespace, k: int) -> dict[str, Any]:
    config = load_config(QUICKSTART, given.settings).model_copy(update={"seed": given.seed})
    samplers, checker = build_samplers(config), MathChecker()
    policy = build_policy(config, samplers[POLICY])
    difficulty = Difficulty(**config.problems.difficulty.model_dump())  # type: ignore[union-attr]
    problems = list(generate_problems(given.problems, 2_000_000 + given.seed, difficulty))
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, Journal(_journal(given, folder)) as journal:
        async with Driver(routes(samplers, checker), journal, max_active=96) as driver:
            solved = await sampled(problems, policy, driver, {}, given.solutions)
            for name, method in methods(policy, k, given.confidence).items():
                bill: dict[str, Cost] = {}
                with progress_bar(f"{name}, k={k}") as show:
                    examined = await examine(
                        solved, {name: method.labeler}, driver, bill, progress(show, problems, bill)
                    )
                found[name] = summary(examined, name, method, bill)
    for sampler in samplers.values():
        await sampler.aclose()
    await checker.aclose()
    n_erroneous = sum((one.first_error or 0) >= 0 for one in solved)
    return {
        "n": len(solved),
        "n_erroneous": n_erroneous,
        "n_steps": sum(len(one.solution.steps) for one in solved),
        "mean_steps": sum(len(one.solution.steps) for one in solved) / len(solved),
        "k": k,
        "seed": given.seed,
        "methods": found,
    }


def _journal(given: argparse.Namespace, folder: str) -> Path:
    return given.journal or Path(folder) / "journal.sqlite"


def progress(show: Any, problems: Sequence[Any], bill: Mapping[str, Cost]) -> Any:
    from labeler.labelling_run import Progress

    done = 0

    def on_problem() -> None:
        nonlocal done
        done += 1
        samples = sum(cost.samples for cost in bill.values())
        tokens = sum(cost.completion_tokens for cost in bill.values())
        show(Progress(done, len(problems), samples, tokens))

    return on_problem


def summary(
    examined: Sequence[Examined], name: str, method: Method, bill: Mapping[str, Cost]
) -> dict[str, Any]:
    rows = rows_of(examined, [name])
    truths = [one.solved.first_error or 0 for one in examined]
    cost = Cost()
    for asker, part in bill.items():
        if asker != "outcome":
            cost.samples += part.samples
            cost.completion_tokens += part.completion_tokens
    judged = [judge(row, truth, method.rule) for row, truth in zip(rows, truths, strict=True)]
    whole = score(judged, cost).to_json()
    wrong = [j for j in judged if j.outcome is Verdict.WRONG]
    located = sum(j.predicted == j.truth for j in wrong)
    tokens = cost.completion_tokens
    by_problem = [one.solved.problem.problem_id for one in examined]
    return {
        **{key: whole[key] for key in ("f1", "acc_erroneous", "acc_correct", "brier", "ece")},
        "n_probabilities": whole["n_probabilities"],
        "f1_interval": bootstrap(judged, by_problem),
        "precision_wrong": whole["precision"],
        "recall_wrong": whole["acc_erroneous"],
        "exact_of_wrong_answers": located / len(wrong) if wrong else None,
        "samples": cost.samples,
        "generated_tokens": tokens,
        "samples_per_located_error": cost.samples / located if located else None,
        "tokens_per_located_error": tokens / located if located else None,
        "misses": whole["misses"],
        "by_length": by_length(examined, judged, rows, name),
    }


def judge(row: LabeledSolution, truth: int, rule: Rule) -> Judged:
    decision = rule.decide(row.solution, [step.evidence for step in row.steps])
    if row.solution.outcome is not Verdict.WRONG:
        # No method searches these: a right answer shows that no value was lost.
        n_steps = len(row.steps)
        sure = decision.probabilities if isinstance(rule, Posterior) else (1.0,) * n_steps
        decision = Decision(-1, (1,) * n_steps, sure)
    elif not isinstance(rule, Posterior):
        hard = tuple(None if x is None else float(x > 0) for x in decision.labels)
        decision = Decision(decision.first_error, decision.labels, hard, decision.reason)
    return Judged(decision, truth, row.solution.outcome, by_rollouts=True)


def by_length(
    examined: Sequence[Examined],
    judged: Sequence[Judged],
    rows: Sequence[LabeledSolution],
    name: str,
) -> dict[str, Any]:
    """Accuracy and tokens of wrong solutions, short and long ones apart."""
    found = {}
    for label, lowest, highest in (("4-7", 4, 7), ("8-9", 8, 9), ("10+", 10, 99)):
        hits, tokens = [], 0
        for j, row in zip(judged, rows, strict=True):
            if j.outcome is Verdict.WRONG and lowest <= len(row.steps) <= highest:
                hits.append(j.predicted == j.truth)
                pieces = [e for step in row.steps for e in step.evidence if e.labeler != "outcome"]
                tokens += sum(e.completion_tokens for e in pieces)
        if hits:
            found[label] = {"n": len(hits), "exact": sum(hits) / len(hits), "tokens": tokens}
    return found


def bootstrap(
    judged: Sequence[Judged], groups: Sequence[str], rounds: int = 1000
) -> tuple[float, float]:
    """95% interval of F1 by resampling problems (seeded)."""
    names = sorted(set(groups))
    index = {name: i for i, name in enumerate(names)}
    # Per problem: erroneous, located, correct, cleared.
    sums = np.zeros((len(names), 4))
    for j, group in zip(judged, groups, strict=True):
        hit = j.predicted == j.truth
        sums[index[group]] += (j.truth >= 0, j.truth >= 0 and hit, j.truth < 0, j.truth < 0 and hit)
    rng = np.random.default_rng(0)
    values = []
    for _ in range(rounds):
        n_wrong, located, n_right, cleared = sums[rng.integers(0, len(names), len(names))].sum(0)
        a, b = located / max(n_wrong, 1), cleared / max(n_right, 1)
        values.append(2 * a * b / (a + b) if a + b else 0.0)
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def show(results: Sequence[dict[str, Any]]) -> None:
    for result in results:
        table = Table(
            "method", "F1 [95%]", "exact", "Brier", "ECE", "samples", "tokens", "tokens/error",
            title=f"k = {result['k']}: {result['n']} solutions, {result['n_erroneous']} erroneous, "
            f"{result['mean_steps']:.1f} steps",
        )  # fmt: skip
        for name, m in result["methods"].items():
            low, high = m["f1_interval"]
            table.add_row(
                name, f"{m['f1']:.3f} [{low:.3f}, {high:.3f}]",
                f"{m['exact_of_wrong_answers']:.3f}", f"{m['brier']:.4f}", f"{m['ece']:.4f}",
                f"{m['samples']:,}", f"{m['generated_tokens']:,}",
                f"{m['tokens_per_located_error']:,.0f}",
            )  # fmt: skip
        Console().print(table)


def plot(results: Sequence[dict[str, Any]], file: Path) -> None:
    import altair as alt

    rows = [
        {
            "method": name,
            "k": result["k"],
            "tokens per wrong solution": m["generated_tokens"] / result["n_erroneous"],
            "exact": m["exact_of_wrong_answers"],
        }
        for result in results
        for name, m in result["methods"].items()
    ]
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("tokens per wrong solution:Q", scale=alt.Scale(type="log")),
        y=alt.Y("exact:Q", scale=alt.Scale(zero=False), title="first error located exactly"),
        color="method:N",
    )
    chart = base.mark_line(point=True) + base.mark_text(dx=14).encode(text="k:Q")
    chart.properties(width=520, height=340).save(file)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--problems", type=int, default=100)
    parser.add_argument("--solutions", type=int, default=4, help="drawn per problem")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--k", type=int, nargs="+", default=[8])
    parser.add_argument("--confidence", type=float, default=Bisect().confidence)
    parser.add_argument("--set", action="append", default=[], dest="settings")
    parser.add_argument("--journal", type=Path, help="keep replies here")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--plot", type=Path, help="PNG, SVG or HTML")
    given = parser.parse_args()
    results = [asyncio.run(measure(given, k)) for k in given.k]
    if given.plot:
        plot(results, given.plot)
    if given.json:
        print(json.dumps(results[0] if len(results) == 1 else results))
    else:
        show(results)


if __name__ == "__main__":
    main()
