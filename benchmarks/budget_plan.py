"""How near `labeler plan --budget` comes: told from a few problems, held against what a run does.

On the problems and replies of `budget.py`: some problems are drawn, the run is played on these, for
a budget and for none, and the plan compared with what acquisition spends and keeps on all of them.
Prints each draw, and in how many of them plan and run differ by at most 15%.

    python benchmarks/budget_plan.py --problems 345 --seed 1 --journal /tmp/evidence.sqlite
"""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

from budget import FREE, RULE, Replay, answer, arguments, replays, terms_of
from rich.console import Console
from rich.table import Table

from labeler.acquire.base import Terms
from labeler.acquire.rehearse import Rehearsal, Taken, rehearse
from labeler.planning.acquisition import HEARD

NEAR = 0.15


def plan(replay: Replay, terms: Terms, chosen: list[int], budget: float) -> tuple[Taken, Taken]:
    """What `labeler plan` says of all problems for the budget and for none, asking about the chosen
    ones, and hearing what is free of as many others as it would.
    """
    n = len(chosen)
    rest = [i for i in range(len(replay.examined)) if i not in set(chosen)]
    some = [replay.examined[i] for i in [*chosen, *rest[: (HEARD - 1) * n]]]
    solved = [(one.solved.problem, one.solved.solution) for one in some]
    playing = rehearse(solved, RULE, terms, n, len(replay.examined), (budget, None))
    asks = next(playing)
    try:
        while True:
            asks = playing.send([answer(some[ask.number], ask.source) for ask in asks])
    except StopIteration as stop:
        told: Rehearsal = stop.value
        return told.taken[budget], told.taken[None]


def draws(replay: Replay, terms: Terms, share: float, n_draws: int, n: int) -> dict[str, Any]:
    """Plans from several draws beside the run, for a share of all's tokens and without a budget."""
    terms = replace(terms, sources=(*FREE, *replay.paid))
    budget = share * replay.fixed(replay.paid)["generated_tokens"]
    actual = {
        "budget": replay.acquired(replace(terms, budget=budget)),
        "no budget": replay.acquired(terms),
    }
    rng = random.Random(f"plan:{replay.seed}")
    lines = []
    for _ in range(n_draws):
        told = plan(replay, terms, rng.sample(range(len(replay.examined)), n), budget)
        for name, point in zip(actual, told, strict=True):
            run = actual[name]
            lines.append(
                {
                    "of": name,
                    "tokens": point.spent.tokens / run["generated_tokens"],
                    "kept": point.kept_steps / run["kept_steps"],
                }
            )
    near = {
        f"{name}, {what}": sum(abs(line[what] - 1) <= NEAR for line in lines if line["of"] == name)
        for name in actual
        for what in ("tokens", "kept")
    }
    return {"budget": budget, "draws": n_draws, "near": near, "lines": lines}


def main() -> None:
    """The command."""
    parser = arguments((__doc__ or "").splitlines()[0])
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--sample", type=int, default=128, help="problems of a draw")
    parser.add_argument("--share", type=float, default=0.02, help="of the tokens of all sources")
    given = parser.parse_args()
    found = {
        name: draws(one, terms_of(given), given.share, given.draws, given.sample)
        for name, one in replays(given).items()
        if "for brute force" not in name
    }
    if given.json:
        print(json.dumps(found))
        return
    for name, one in found.items():
        table = Table("of", "plan's tokens / run's", "plan's kept / run's", title=name)
        for line in one["lines"]:
            table.add_row(line["of"], f"{line['tokens']:.2f}", f"{line['kept']:.2f}")
        Console(width=100).print(table)
        print(f"within {NEAR:.0%} in so many of {one['draws']} draws: {one['near']}")


if __name__ == "__main__":
    main()
