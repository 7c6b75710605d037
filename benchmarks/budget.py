"""Acquisition against all sources on everything and against every fixed choice of them.

The embedded policy solves fresh oracle problems (`consensus.py`'s), one solution each; a judge,
SPARE, `bisect`, brute force (Monte Carlo, k = 8), `surprise` and `tool_check` are asked about
everything once, and their replies kept. From these, every choice is computed: `all`, each subset of
the sources that cost tokens (the two that cost none always speak), and acquisition, which pays for
its pilot and what it explores. The policy of acquisition is told nothing about any source.

`kept_steps` are the labels of solutions whose first error (or that there is none) is at least 0.99
probable, up to the true first error; `precision` is the share of them that is right.

With `--troubled` a labeler that is no good stands beside the others (`troubled.py`).
With `--mixed` the problems differ: a tenth cannot be solved by the policy, half of the others are
short, and half of all have no reference solution. `budget_plan.py` measures `labeler plan` on them.

    python benchmarks/budget.py --problems 345 --seed 1 --journal /tmp/evidence.sqlite
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

from consensus import BENCHMARK
from hopeless import DIFFICULTY as HOPELESS
from rich.console import Console
from rich.table import Table
from troubled import with_dice, with_echo, with_fading
from without_reference import evidence

from labeler.acquire.base import GROUP, Answer, Asking, Spent, Terms
from labeler.acquire.board import Board
from labeler.acquire.drift import degraded
from labeler.acquire.pilot import learned, learning, share_of, surer
from labeler.acquire.spend import spend
from labeler.config import load_config
from labeler.consensus.fusion import Fusion, FusionRule
from labeler.driver.cost import Cost
from labeler.evaluation.compare import Examined, rows_of
from labeler.evaluation.metrics import Prediction, score
from labeler.labelers.base import Findings
from labeler.records import LabeledSolution, short_hash
from labeler.seeds import derive_seed
from labeler.stats.rates import wilson

RULE = Fusion(FusionRule(min_confidence=0.99))
FREE = ("tool_check", "surprise")
PAID = ("spare", "judge", "bisect", "monte_carlo")
SHARES = (0.04, 0.02, 0.01)
SHORT = {"min_steps": 3, "max_steps": 6}
Choice = dict[str, Any]


def answer(one: Examined, source: str) -> Answer:
    """What the source said of a solution, and what that had cost."""
    about = tuple(one.about_it.get(source, ()))
    pieces = dict.fromkeys([*one.evidence[source], *about])
    spent = Spent(sum(p.completion_tokens for p in pieces), sum(p.calls for p in pieces))
    own = {one.solved.solution.solution_id: about}
    return Answer(Findings(tuple(one.evidence[source]), of_solutions=own), spent)


def measured(rows: Sequence[LabeledSolution], truths: Sequence[int], spent: Spent) -> Choice:
    """What fusion keeps of these rows, and whether it is right."""
    rule = RULE.fit(rows)
    decided = [
        Prediction(rule.decide(r.solution, [s.evidence for s in r.steps]), t, r.solution.outcome)
        for r, t in zip(rows, truths, strict=True)
    ]
    found = score(decided, Cost(completion_tokens=spent.tokens))
    precise = wilson(round((found.label_precision or 0) * found.kept_steps), found.kept_steps)
    return {
        "kept_steps": found.kept_steps,
        "precision": found.label_precision,
        "precision_interval": [precise.low, precise.high],
        "ece": found.ece,
        "generated_tokens": spent.tokens,
        "calls": spent.calls,
    }


@dataclass(frozen=True)
class Replay:
    """Solutions with what every source said of them."""

    examined: Sequence[Examined]
    paid: tuple[str, ...]
    seed: int

    @property
    def truths(self) -> list[int]:
        return [one.solved.first_error or 0 for one in self.examined]

    def fixed(self, sources: Sequence[str], n: int | None = None) -> Choice:
        """These sources on the first `n` solutions, what is free on all."""
        n = len(self.examined) if n is None else n
        rows = [
            *rows_of(self.examined[:n], [*FREE, *sources]),
            *rows_of(self.examined[n:], FREE),
        ]
        answers = (answer(one, s) for one in self.examined[:n] for s in sources)
        return measured(rows, self.truths, sum((a.spent for a in answers), Spent()))

    def subsets(self) -> Iterator[tuple[str, ...]]:
        for k in range(1, len(self.paid) + 1):
            yield from combinations(self.paid, k)

    def draw(self, one: Examined) -> float:
        """As a run draws what is explored."""
        return derive_seed(self.seed, "explore", one.solved.problem.problem_id) / 2**63

    def acquired(self, terms: Terms) -> Choice:
        """As a run does it: learns on some, then asks in groups, each with its own budget."""
        terms = replace(terms, sources=(*FREE, *self.paid))
        ids = [one.solved.problem.problem_id for one in self.examined]
        drawn = sorted(range(len(ids)), key=lambda i: short_hash("pilot", ids[i]))
        heard = [self.examined[i] for i in drawn[: terms.n_first]]
        first = heard[: terms.n_learned]
        others = [self.examined[i] for i in sorted(drawn[terms.n_learned :])]
        board = _board(heard, RULE)
        _drive(learning(board, RULE, terms, len(ids)), heard)
        known = learned(board, RULE, terms)
        share = share_of(board, terms, len(others))
        later: list[LabeledSolution] = []
        cases = board.cases[: len(first)]
        for at in range(0, len(others), GROUP):
            some = others[at : at + GROUP]
            group = _board(some, surer(RULE, terms, known))
            explored = {
                n: u for n, one in enumerate(some) if (u := self.draw(one)) < terms.explored
            }
            budget = None if share is None else share * len(some)
            _drive(spend(group, range(len(some)), terms, known, explored, budget), some)
            cases += group.cases
            later += [group.cases[n].row for n in explored]
        rows = [case.row for case in cases]
        truths = [one.solved.first_error or 0 for one in [*first, *others]]
        spent = sum((s for case in cases for s in case.asked.values()), Spent())
        asked = Counter(name for case in cases for name in case.asked)
        return {
            **measured(rows, truths, spent),
            "asked": {name: asked[name] for name in self.paid},
            "learning_tokens": board.spent().tokens,
            "kept_when_asked": sum(case.n_kept for case in cases),
            "dropped": known.dropped,
            "degraded": degraded(rows[: len(first)], later, RULE.fit(rows), terms.sources),
            "explored": len(later),
        }


def _board(examined: Sequence[Examined], rule: Fusion) -> Board:
    return Board([(one.solved.problem, one.solved.solution) for one in examined], rule)


def _drive(asking: Asking, examined: Sequence[Examined]) -> None:
    asks = next(asking, None)
    while asks is not None:
        try:
            asks = asking.send([answer(examined[ask.number], ask.source) for ask in asks])
        except StopIteration:
            return


def choices(replay: Replay, terms: Terms, with_budgets: bool) -> dict[str, Any]:
    """`all`, `acquired`, every fixed choice, and what is made of small budgets."""
    fixed = {", ".join(names): replay.fixed(names) for names in replay.subsets()}
    everything, acquired = fixed[", ".join(replay.paid)], replay.acquired(terms)
    found = {"all": everything, "acquired": acquired, "fixed": fixed}
    found["bars"] = bars(everything, acquired, fixed)
    if with_budgets:
        whole = everything["generated_tokens"]
        found["budgets"] = {
            str(share): at_budget(replay, terms, fixed, share * whole) for share in SHARES
        }
    return found


def bars(everything: Choice, acquired: Choice, fixed: Mapping[str, Choice]) -> dict[str, Any]:
    """What acquisition is held to: kept steps and tokens against all sources, tokens against the
    cheapest fixed choice that keeps 0.98 of what all keep, and that keeps what acquisition does;
    none of them less precise than acquisition by more than its interval.
    """

    def cheapest(at_least: float) -> tuple[str, float] | None:
        precise = acquired["precision_interval"][0]
        good = {
            name: one["generated_tokens"]
            for name, one in fixed.items()
            if one["kept_steps"] >= at_least and (one["precision"] or 0) >= precise
        }
        if not good:
            return None
        name = min(good, key=lambda name: (good[name], name))
        return name, acquired["generated_tokens"] / good[name]

    return {
        "kept_of_all": acquired["kept_steps"] / max(everything["kept_steps"], 1),
        "tokens_of_all": acquired["generated_tokens"] / max(everything["generated_tokens"], 1),
        "tokens_of_cheapest_at_0.98_of_all": cheapest(0.98 * everything["kept_steps"]),
        "tokens_of_cheapest_at_what_it_keeps": cheapest(acquired["kept_steps"]),
    }


def at_budget(
    replay: Replay, terms: Terms, fixed: Mapping[str, Choice], budget: float
) -> dict[str, Any]:
    """Acquisition and each fixed choice, on as many solutions as the budget pays for."""
    found = {}
    for name, one in fixed.items():
        n = min(int(budget * len(replay.examined) / max(one["generated_tokens"], 1)),
                len(replay.examined))  # fmt: skip
        found[name] = replay.fixed(name.split(", "), n) | {"solutions": n}
    best = max(found, key=lambda name: found[name]["kept_steps"])
    acquired = replay.acquired(replace(terms, budget=budget))
    return {"tokens": budget, "acquired": acquired, "best_fixed": {"sources": best, **found[best]}}


def without_reference(one: Examined) -> Examined:
    """The same solution, of whose problem nobody has a reference solution; so SPARE is silent."""
    problem = replace(one.solved.problem, reference_solution=())
    evidence = {**one.evidence, "spare": ()}
    return replace(one, solved=replace(one.solved, problem=problem), evidence=evidence)


def show(title: str, found: Mapping[str, Any]) -> None:
    """The table of one setting."""
    table = Table("choice", "kept", "precision [95%]", "ECE", "tokens", "calls", title=title)
    for name, one in [("all", found["all"]), ("acquired", found["acquired"]),
                      *found["fixed"].items()]:  # fmt: skip
        low, high = one["precision_interval"]
        table.add_row(
            name, f"{one['kept_steps']:,}", f"{one['precision'] or 0:.4f} [{low:.4f}, {high:.4f}]",
            f"{one['ece'] or 0:.4f}", f"{one['generated_tokens']:,}", f"{one['calls']:,}",
        )  # fmt: skip
    console = Console(width=120)
    console.print(table)
    console.print(json.dumps(found["bars"]))
    for share, one in found.get("budgets", {}).items():
        mine, best = one["acquired"], one["best_fixed"]
        console.print(
            f"{share} of all's tokens: acquired keeps {mine['kept_steps']:,} for "
            f"{mine['generated_tokens']:,} of {one['tokens']:,.0f} tokens; best fixed "
            f"({best['sources']} on {best['solutions']}) {best['kept_steps']:,}"
        )


def is_bare(one: Examined) -> bool:
    """Whether a problem of a mixed set has no reference solution: every other one, drawn."""
    return int(short_hash("bare", one.solved.problem.problem_id), 16) % 2 == 0


async def gathered(given: argparse.Namespace) -> list[Examined]:
    """The solutions, and what everybody said of them."""
    config = load_config(BENCHMARK, given.settings).model_copy(update={"seed": given.seed})
    given.brute_force = not given.no_brute_force
    with tempfile.TemporaryDirectory() as folder:
        journal = given.journal or Path(folder) / "journal.sqlite"
        if not given.mixed:
            return (await evidence(config, given, journal))[0]
        n_hopeless = given.problems // 10
        n_short = (given.problems - n_hopeless) // 2
        usual = given.problems - n_hopeless - n_short
        parts: list[Examined] = []
        others: tuple[dict[str, Any], ...] = ({}, SHORT, HOPELESS)
        for k, (n, other) in enumerate(zip((usual, n_short, n_hopeless), others, strict=True)):
            # Names of problems follow from the seed.
            of_part = config.model_copy(
                update={
                    "seed": config.seed + 1000 * k,
                    "problems": _harder(config.problems, other),
                }
            )
            mine = argparse.Namespace(**vars(given) | {"problems": n})
            parts += (await evidence(of_part, mine, journal))[0]
        return [without_reference(one) if is_bare(one) else one for one in parts]


def _harder(problems: Any, other: Mapping[str, Any]) -> Any:
    difficulty = replace(problems.difficulty, **other)
    return problems.model_copy(update={"difficulty": difficulty})


def replays(given: argparse.Namespace) -> dict[str, Replay]:
    """Every setting, from one gathering of replies."""
    examined = asyncio.run(gathered(given))
    paid = PAID if given.brute_force else PAID[:-1]
    made = partial(Replay, seed=given.seed)
    if given.mixed:
        return {"mixed": made(examined, paid)}
    bare = [without_reference(one) for one in examined]
    runs = {"with reference": made(examined, paid), "without reference": made(bare, paid[1:])}
    if given.brute_force:
        runs["with reference, bisect for brute force"] = made(examined, PAID[:-1])
        runs["without reference, bisect for brute force"] = made(bare, PAID[1:-1])
    return runs


def settings(given: argparse.Namespace) -> dict[str, Any]:
    """Every setting's choices."""
    terms = terms_of(given)
    runs = replays(given)
    whole = [one for name, one in runs.items() if "for brute force" not in name]
    return {name: choices(one, terms, with_budgets=one in whole) for name, one in runs.items()}


def troubled(given: argparse.Namespace) -> dict[str, Any]:
    """With a labeler that is no good beside the others: what all keep, what acquisition does, and
    what it says of that labeler.
    """
    terms = terms_of(given)
    examined = asyncio.run(gathered(given))
    paid = PAID if given.brute_force else PAID[:-1]
    ids = [one.solved.problem.problem_id for one in examined]
    learned_on = sorted(ids, key=lambda one: short_hash("pilot", one))[: terms.n_learned]
    sets = {
        "nobody": (examined, paid),
        "dice": (with_dice(examined, given.seed), (*paid, "dice")),
        "echo": (with_echo(examined), (*paid, "echo")),
        # Beside the dear ones only, so that it is the one to ask.
        "fading": (with_fading(examined, learned_on, given.seed), ("fading", *paid[2:])),
    }
    found = {}
    for name, (heard, sources) in sets.items():
        replay = Replay(heard, sources, given.seed)
        found[name] = {"all": replay.fixed(sources), "acquired": replay.acquired(terms)}
    return found


def terms_of(given: argparse.Namespace) -> Terms:
    """What acquisition is asked for."""
    return Terms((), 0.99, pilot=given.pilot, explore=given.explore, dearest=given.dearest)


def arguments(description: str) -> argparse.ArgumentParser:
    """What problems there are, and what is asked of them."""
    usual = Terms((), 0.99)
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--problems", type=int, default=345)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mixed", action="store_true", help="several kinds of problems")
    parser.add_argument(
        "--troubled", action="store_true", help="beside a random labeler, a copy, one that fades"
    )
    parser.add_argument("--no-brute-force", action="store_true", help="bisect in its place (quick)")
    parser.add_argument("--pilot", type=int, default=usual.pilot)
    parser.add_argument("--explore", type=float)
    parser.add_argument("--dearest", type=float)
    parser.add_argument("--set", action="append", default=[], dest="settings")
    parser.add_argument("--journal", type=Path, help="keep replies here and use those in it")
    parser.add_argument("--json", action="store_true")
    return parser


def main() -> None:
    """The command."""
    given = arguments((__doc__ or "").splitlines()[0]).parse_args()
    if given.troubled:
        print(json.dumps(troubled(given), indent=None if given.json else 2))
        return
    found = settings(given)
    if given.json:
        first = next(iter(found.values()))
        print(json.dumps({"all": first["all"], "acquired": first["acquired"], **found}))
        return
    for name, one in found.items():
        show(f"{name}: {given.problems} problems, seed {given.seed}", one)


if __name__ == "__main__":
    main()
