"""Finding the first wrong call of the embedded agent: rollouts that act, bisection, tools, fusion.

For every seed a fresh world with its corpus; the agent answers its questions, calling the search,
and each source says where its trajectories go wrong. The truth is the oracle's
(`labeler/oracle/agents`). All sources see the same trajectories, in one run, and each pays for
itself.
Prints a table (or one JSON object) of each seed and of all together: ProcessBench's F1 over wrong
and right trajectories, its interval, tokens, and by how much fusion is above every single source,
both on the same draws of questions.

    python benchmarks/agents.py --questions 150 --seeds 1 2 3 --k 8

How each source is read alone: `monte_carlo` by the papers' rule (the first prefix from which no
rollout succeeds), `bisect` by its posterior, which begins with `surprise`; both look at wrong
answers only. `tool_match` (strict: a call that is none of the gold calls is wrong) by its first
flag, and without one by the outcome, for it says nothing of the turn that answers. The others give
scores without a verdict: of a wrong answer the first turn with the lowest score, of a right one
none. `outcome` is what fusion makes of the outcomes alone.

`fusion` hears all that needs no more than the gold answer and the agent itself. Beside it stand
fusion without the two scores by words, and with the gold calls. In these worlds the right calls are
the only ones, so `tool_match` holds the key that the truth is made of: it is a bound, no rival.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from agents_readings import FUSION, judged, readings, settings
from rich.console import Console
from rich.table import Table
from search import progress
from search_pooled import array, by_problem, f1_of, percentiles, resampled

from labeler.config import load_config
from labeler.driver.cost import Cost
from labeler.driver.driver import Driver
from labeler.driver.journal import Journal
from labeler.driver.requests import POLICY
from labeler.environments.bm25 import Bm25Search
from labeler.evaluation.compare import Examined, examine, piloted_on
from labeler.labelers.base import Policy
from labeler.labelers.method import Labeler
from labeler.labelling.routes import routes
from labeler.oracle.agents.oracle import grade_turns
from labeler.oracle.agents.questions import Question, Scope, generate_questions
from labeler.oracle.evaluation import first_error_of_agent, sampled
from labeler.problems.solved import SolutionRecord
from labeler.records import Verdict
from labeler.terminal import progress_bar
from labeler.turns.step import turn_steps, turns_among
from labeler.wiring.labelers import build_labeler, build_policy
from labeler.wiring.models import build_samplers
from labeler.wiring.sandbox import build_checker

CONFIG = Path(__file__).parent.parent / "data" / "agent.yaml"
FRESH = 2_000_000
"""Worlds that neither training nor runs draw from."""
SEARCHES = ("surprise", "bisect")


async def examined_of(
    given: argparse.Namespace, seed: int
) -> tuple[list[Question], list[Examined], dict[str, Cost]]:
    """A world's questions, the agent's trajectories with all evidence, and what it cost."""
    config = load_config(CONFIG, given.settings).model_copy(update={"seed": seed})
    questions = list(generate_questions(given.questions, FRESH + seed, Scope()))
    search = Bm25Search.from_rows(questions[0].world.rows())
    samplers = build_samplers(config)
    policy = build_policy(config, samplers[POLICY], [search])
    chosen = settings(given.k)

    def bound(known: Policy, names: Sequence[str]) -> dict[str, Labeler]:
        return {name: build_labeler(chosen[name], known) for name in names}

    async with AsyncExitStack() as stack:
        checker = build_checker(None, in_words=True)
        for sampler in samplers.values():
            stack.push_async_callback(sampler.aclose)
        stack.push_async_callback(checker.aclose)
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        journal = stack.enter_context(Journal(given.journal or Path(folder) / "journal.sqlite"))
        driver = Driver(routes(samplers, checker, None, [search]), journal, max_active=96)
        await stack.enter_async_context(driver)
        solved = await sampled(
            questions, policy, driver, {}, given.solutions, first_error_of_agent, logprobs=True
        )
        known = await piloted_on(solved, lambda one: bound(one, SEARCHES), policy, driver)
        costs: dict[str, Cost] = {}
        n = len({one.problem.problem_id for one in solved})
        with progress_bar(f"seed {seed}") as bar:
            labelers = bound(known, list(chosen))
            found = await examine(solved, labelers, driver, costs, progress(bar, n, costs))
    return questions, found, costs


def kinds(questions: Sequence[Question], solved: Sequence[SolutionRecord]) -> Counter[str]:
    """Kinds of first errors."""
    by_id = {question.problem.problem_id: question for question in questions}
    grades = [
        grade_turns(by_id[one.problem.problem_id], turns_among(turn_steps(one.solution)) or ())
        for one in solved
    ]
    return Counter(str(g.first_error_kind) for g in grades if g.first_error >= 0)


async def measure(given: argparse.Namespace, seed: int) -> dict[str, Any]:
    """One seed."""
    questions, examined, costs = await examined_of(given, seed)
    solved = [one.solved for one in examined]
    ids = [one.problem.problem_id for one in solved]
    return {
        "seed": seed,
        "n": len(solved),
        "n_erroneous": sum(one.first_error != -1 for one in solved),
        "n_wrong_answers": sum(one.solution.outcome is Verdict.WRONG for one in solved),
        "n_calls": sum(len(t.calls) for one in solved for t in _turns(one)),
        "kinds": dict(kinds(questions, solved)),
        "tokens": {name: cost.completion_tokens for name, cost in costs.items()},
        "calls": {name: cost.samples for name, cost in costs.items()},
        "by_problem": {
            name: by_problem(judged(examined, one), ids) for name, one in readings().items()
        },
    }


def _turns(one: SolutionRecord) -> Sequence[Any]:
    return one.solution.trajectory.turns if one.solution.trajectory else ()


def summed(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """All seeds as one: F1 of each source, and of fusion above each, on the same draws."""
    sums = {name: array([one["by_problem"][name] for one in results]) for name in readings()}
    drawn = {name: resampled(one) for name, one in sums.items()}
    f1 = {name: float(f1_of(one.sum(axis=0))) for name, one in sums.items()}
    tokens: Counter[str] = Counter()
    for one in results:
        tokens.update(one["tokens"])
    return {
        "seeds": [one["seed"] for one in results],
        **{key: sum(one[key] for one in results) for key in ("n", "n_erroneous", "n_calls")},
        "kinds": dict(sum((Counter(one["kinds"]) for one in results), Counter())),
        "methods": {
            name: {
                "f1": f1[name],
                "f1_interval": percentiles(drawn[name]),
                "located": [int(x) for x in sums[name].sum(axis=0)[:2]],
                "cleared": [int(x) for x in sums[name].sum(axis=0)[2:]],
                "tokens": tokens[name],
                "fusion_above": {
                    "difference": f1[FUSION] - f1[name],
                    "interval": percentiles(drawn[FUSION] - drawn[name]),
                },
            }
            for name in sums
        },
        "bisect_share_of_tokens": tokens["bisect"] / tokens["monte_carlo"]
        if tokens["monte_carlo"]
        else None,
        "bisect_above_monte_carlo": {
            "difference": f1["bisect"] - f1["monte_carlo"],
            "interval": percentiles(drawn["bisect"] - drawn["monte_carlo"]),
        },
    }


def show(found: Mapping[str, Any]) -> None:
    """The table of one group."""
    share = found["bisect_share_of_tokens"]
    table = Table(
        "source", "F1 [95%]", "located", "cleared", "tokens", "fusion above [95%]",
        title=f"seeds {found['seeds']}: {found['n']} trajectories, {found['n_erroneous']} "
        f"erroneous, {found['n_calls']} calls",
        caption=f"bisect: {'-' if share is None else f'{share:.3f}'} of monte_carlo's tokens; "
        f"first errors: {found['kinds']}",
    )  # fmt: skip
    for name, one in found["methods"].items():
        low, high = one["f1_interval"]
        above = one["fusion_above"]
        a, b = above["interval"]
        table.add_row(
            name, f"{one['f1']:.3f} [{low:.3f}, {high:.3f}]",
            "{1}/{0}".format(*one["located"]), "{1}/{0}".format(*one["cleared"]),
            f"{one['tokens']:,}", "" if name == FUSION
            else f"{above['difference']:+.3f} [{a:+.3f}, {b:+.3f}]",
        )  # fmt: skip
    Console(width=130).print(table)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--questions", type=int, default=150, help="of each seed's world")
    parser.add_argument("--solutions", type=int, default=2, help="drawn per question")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--k", type=int, default=8, help="rollouts of a prefix, monte_carlo")
    parser.add_argument("--set", action="append", default=[], dest="settings")
    parser.add_argument("--journal", type=Path, help="keep replies here and use those in it")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    results = [asyncio.run(measure(given, seed)) for seed in given.seeds]
    groups = [summed([one]) for one in results]
    if len(results) > 1:
        groups.append(summed(results))
    if given.json:
        print(json.dumps({"runs": results, "groups": groups}))
        return
    for one in groups:
        show(one)


if __name__ == "__main__":
    main()
