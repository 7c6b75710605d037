"""What rollouts can tell of first errors at all: how far `search.py`'s methods are from it.

A policy solves fresh oracle problems; k rollouts are drawn from every prefix but the last of its
wrong solutions. Prints how often right prefixes succeed along a solution, how often the policy
recovers from errors, by kind, and how many first errors are found by

- the first prefix without a right rollout (brute force),
- the posterior that `bisect` uses, given all of these rollouts, each counted where it was drawn,
- the same with each counted at every prefix it goes through, as `bisect` does,

which is what a search that chooses among the same rollouts may hope for. Seeds from 11 on are for
choosing settings; those of `search.py` (1 to 4) are for reporting.

    python benchmarks/search_bound.py --problems 150 --seed 11 --k 8
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from search import BENCHMARK, policy_and_problems

from labeler.checking.math_answer import MathChecker
from labeler.config import load_config
from labeler.conversation import Conversation
from labeler.driver import Driver
from labeler.first_error.model import Rates, locate
from labeler.journal import Journal
from labeler.labelers.base import Policy, Rollouts, roll_out
from labeler.labelling_run import routes
from labeler.oracle.evaluation import sampled
from labeler.oracle.oracle import grade
from labeler.problems.solved import SolvedProblem
from labeler.records import Verdict
from labeler.requests import POLICY
from labeler.seeds import derive_seed
from labeler.steps import split_steps
from labeler.wiring.labelers import build_policy

Drawn = dict[tuple[str, ...], Rollouts]


@dataclass(frozen=True)
class Searched:
    """A wrong solution, its true first error and its kind, and the rollouts of its prefixes."""

    steps: tuple[str, ...]
    truth: int
    kind: str
    rollouts: Sequence[Rollouts]

    @property
    def rates(self) -> list[float]:
        """The share of right ones, of each prefix but the last."""
        return [one.n_correct / one.n for one in self.rollouts]

    def counts(self, along: bool) -> list[tuple[int, int]]:
        """Rollouts and right ones of each step; `along` at every prefix that one goes through."""
        n, right = [0] * len(self.steps), [0] * len(self.steps)
        for t, drawn in enumerate(self.rollouts):
            for rollout in drawn.rollouts:
                written = split_steps(rollout.completion.text, "\n") if along else ()
                known = self.steps[t + 1 : -1]
                same = [a == b for a, b in zip(written, known, strict=False)]
                n_same = same.index(False) if False in same else len(same)
                for place in range(t, t + n_same + 1):
                    n[place] += 1
                    right[place] += rollout.outcome.verdict is Verdict.CORRECT
        return list(zip(n, right, strict=True))

    def found(self) -> dict[str, bool]:
        """Is the first error where each of the rules says?"""
        zeros = [t for t, rate in enumerate(self.rates) if rate == 0]
        places = {
            "first zero (brute force)": min(zeros, default=len(self.steps) - 1),
            "posterior, counted where drawn": self._likeliest(along=False),
            "posterior, counted along": self._likeliest(along=True),
        }
        return {name: place == self.truth for name, place in places.items()}

    def _likeliest(self, along: bool) -> int:
        return int(locate(self.counts(along), Rates(), is_wrong=True).places.argmax())


async def measure(given: argparse.Namespace) -> dict[str, Any]:
    config = load_config(BENCHMARK, []).model_copy(update={"seed": given.seed})
    problems, samplers = policy_and_problems(given, config, given.seed)
    policy = build_policy(config, samplers[POLICY])
    checker = MathChecker()
    async with AsyncExitStack() as stack:
        for one in (*samplers.values(), checker):
            stack.push_async_callback(one.aclose)
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        journal = stack.enter_context(Journal(given.journal or Path(folder) / "journal.sqlite"))
        driver = Driver(routes(samplers, checker), journal, max_active=96)
        await stack.enter_async_context(driver)
        solved = await sampled(problems, policy, driver, {}, given.solutions)
        wrong = [one for one in solved if one.solution.outcome is Verdict.WRONG]
        groups: dict[str, list[SolvedProblem]] = defaultdict(list)
        for one in wrong:
            groups[one.problem.problem_id].append(one)
        asked = ((name, everything(group, policy, given.k)) for name, group in groups.items())
        drawn = {name: found async for name, found in driver.run(asked, {})}
    oracle = {p.problem.problem_id: p for p in problems}
    return summary([
        Searched(
            one.solution.steps,
            -1 if one.first_error is None else one.first_error,
            str(grade(oracle[one.problem.problem_id], one.solution.steps).first_error_kind),
            [drawn[one.problem.problem_id][p] for p in prefixes(one)],
        )
        for one in wrong
        if len(one.solution.steps) > 1
    ])  # fmt: skip


def prefixes(one: SolvedProblem) -> list[tuple[str, ...]]:
    """All but the last, which its answer decides."""
    return [one.solution.steps[: t + 1] for t in range(len(one.solution.steps) - 1)]


def everything(group: Sequence[SolvedProblem], policy: Policy, k: int) -> Conversation[Drawn]:
    problem = group[0].problem
    distinct = list(dict.fromkeys(prefix for one in group for prefix in prefixes(one)))
    seeds = [derive_seed(policy.run_seed, "bank", problem.problem_id, "".join(p)) for p in distinct]
    found = yield from roll_out(policy, problem, distinct, k, seeds, "bank")
    return dict(zip(distinct, found, strict=True))


def summary(searched: Sequence[Searched]) -> dict[str, Any]:
    alive: dict[str, list[float]] = defaultdict(list)
    dead: dict[str, list[float]] = defaultdict(list)
    exact: Counter[str] = Counter()
    for one in searched:
        for t, rate in enumerate(one.rates):
            quarter = min(4 * (t + 1) // len(one.steps), 3) + 1
            if one.truth >= 0:
                group = alive[f"quarter {quarter}"] if t < one.truth else dead[one.kind]
                group.append(rate)
        exact.update({name: int(hit) for name, hit in one.found().items()})
    return {
        "n_wrong_answers": len(searched),
        "right prefixes": {name: _rates(rates) for name, rates in sorted(alive.items())},
        "prefixes after an error": {name: _rates(rates) for name, rates in sorted(dead.items())},
        "exact": {name: hits / len(searched) for name, hits in exact.items()},
    }


def _rates(rates: Sequence[float]) -> dict[str, float]:
    """How many prefixes, their mean rate, and the share of them without a right rollout."""
    n = len(rates)
    return {"n": n, "mean": sum(rates) / n, "without": sum(rate == 0 for rate in rates) / n}


def show(result: dict[str, Any]) -> None:
    console = Console()
    table = Table("prefixes", "number", "mean rate of right rollouts", "without a right one")
    for kind in ("right prefixes", "prefixes after an error"):
        for name, one in result[kind].items():
            cells = str(one["n"]), f"{one['mean']:.3f}", f"{one['without']:.3f}"
            table.add_row(f"{kind}: {name}", *cells)
    console.print(table)
    table = Table("rule", f"first error exact, of {result['n_wrong_answers']} wrong solutions")
    for name, share in result["exact"].items():
        table.add_row(name, f"{share:.3f}")
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--problems", type=int, default=100)
    parser.add_argument("--solutions", type=int, default=4, help="drawn per problem")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--k", type=int, default=8)
    parser.add_argument("--simulate", type=int, nargs=2, metavar=("MIN", "MAX"), help="steps")
    parser.add_argument("--journal", type=Path, help="keep replies here")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    result = asyncio.run(measure(given))
    if given.json:
        print(json.dumps(result))
    else:
        show(result)


if __name__ == "__main__":
    main()
