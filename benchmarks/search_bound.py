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
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from search_solutions import argument_parser, opened

from labeler.driver.conversation import Conversation
from labeler.first_error.model import Rates, locate
from labeler.labelers.base import Policy, Rollouts, roll_out
from labeler.oracle.oracle import grade
from labeler.problems.solved import SolutionRecord
from labeler.records import Verdict
from labeler.seeds import derive_seed
from labeler.steps import split_steps

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
        return int(locate(self.counts(along), Rates(), is_wrong=True).probabilities.argmax())


async def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Draws rollouts of every prefix of every wrong solution."""
    async with opened(given, given.seed) as bench:
        wrong = [one for one in bench.solved if one.solution.outcome is Verdict.WRONG]
        groups: dict[str, list[SolutionRecord]] = defaultdict(list)
        for one in wrong:
            groups[one.problem.problem_id].append(one)
        asked = ((name, everything(group, bench.policy, given.k)) for name, group in groups.items())
        drawn = {name: found async for name, found in bench.driver.run(asked, {})}
    oracle = {p.problem.problem_id: p for p in bench.problems}
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


def prefixes(one: SolutionRecord) -> list[tuple[str, ...]]:
    """All but the last, which its answer decides."""
    return [one.solution.steps[: t + 1] for t in range(len(one.solution.steps) - 1)]


def everything(group: Sequence[SolutionRecord], policy: Policy, k: int) -> Conversation[Drawn]:
    """Asks for `k` rollouts of each distinct prefix of a problem's solutions."""
    problem = group[0].problem
    distinct = list(dict.fromkeys(prefix for one in group for prefix in prefixes(one)))
    seeds = [derive_seed(policy.run_seed, "bank", problem.problem_id, "".join(p)) for p in distinct]
    found = yield from roll_out(policy, problem, distinct, k, seeds, "bank")
    return dict(zip(distinct, found, strict=True))


def summary(searched: Sequence[Searched]) -> dict[str, Any]:
    """Rates along the solutions, and how often each rule finds the first error."""
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
    """Both tables."""
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
    """The command."""
    parser = argument_parser(__doc__)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--k", type=int, default=8)
    given = parser.parse_args()
    result = asyncio.run(measure(given))
    if given.json:
        print(json.dumps(result))
    else:
        show(result)


if __name__ == "__main__":
    main()
