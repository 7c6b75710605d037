"""Rules of consensus on the same evidence, against the oracle's truth, over several seeds.

The embedded policy solves fresh oracle problems; Monte Carlo (k=8), the judge (solving first),
SPARE and `tool_check` give evidence on every solution; each rule then decides, at several
confidences where it has any; fusion also without `tool_check`, whose evidence costs no model.
Prints per seed and pooled: first-error F1 of every source and rule, solutions and steps kept,
precision of the kept labels, calibration of P(step right), and what each source cost.

    python benchmarks/consensus.py --problems 350 --seeds 1 2 3 --journal /tmp/evidence.sqlite
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from labeler.checking.math_answer import MathChecker
from labeler.config import RunConfig, load_config
from labeler.consensus.base import Rule
from labeler.consensus.first_zero import FirstZero
from labeler.consensus.fusion import Fusion, FusionRule
from labeler.consensus.lessons import Lessons, LessonsRule
from labeler.consensus.posterior import Posterior, PosteriorRule
from labeler.consensus.votes import MajorityRule, Votes
from labeler.driver.cost import Cost
from labeler.driver.driver import Driver
from labeler.driver.journal import Journal
from labeler.driver.requests import POLICY
from labeler.evaluation.compare import Comparison, Examined, compare, examine
from labeler.labelers.methods import METHODS
from labeler.labelling.parts import Progress
from labeler.labelling.routes import routes
from labeler.oracle.evaluation import Truth, first_error, sampled, searched
from labeler.oracle.generate import generate_problems
from labeler.oracle.graph import OracleProblem
from labeler.records import Evidence, LabeledSolution, LabeledStep
from labeler.stats.rates import wilson
from labeler.terminal import progress_bar
from labeler.wiring.defaults import labelers_named
from labeler.wiring.labelers import build_labeler, build_policy
from labeler.wiring.models import build_samplers

BENCHMARK = Path(__file__).parent.parent / "data" / "benchmark.yaml"
SOURCES = ("monte_carlo", "judge", "spare", "tool_check")
CONFIDENCES = (1e-9, 0.5, 0.8, 0.9, 0.95, 0.99)


class Named:
    """A rule under another name, so that one comparison may hold it at several confidences; it
    may be kept from hearing one labeler.
    """

    def __init__(self, rule: Rule, name: str, without: str = "") -> None:
        self.rule, self.name, self.without = rule, name, without

    def decide(self, solution: Any, evidence: Any) -> Any:
        return self.rule.decide(solution, [self._heard(step) for step in evidence])

    def fit(self, rows: Iterable[LabeledSolution]) -> Named:
        if not hasattr(self.rule, "fit"):
            return self
        heard = (
            replace(row, steps=tuple(self._heard_of(step) for step in row.steps)) for row in rows
        )
        return Named(self.rule.fit(heard), self.name, self.without)

    def _heard_of(self, step: LabeledStep) -> LabeledStep:
        return replace(step, evidence=self._heard(step.evidence))

    def _heard(self, pieces: Iterable[Evidence]) -> tuple[Evidence, ...]:
        return tuple(piece for piece in pieces if piece.labeler != self.without)

    def report(self) -> dict[str, Any]:
        return {}


def rules() -> list[Rule]:
    """All rules that are compared, each under the name that the table shows."""
    fixed: list[Rule] = [
        FirstZero(),
        # By default the judge alone judges here, and what a tool proves moves the error forward.
        Named(Lessons(), "lessons"),
        Named(Lessons(LessonsRule(judges=("judge",))), "lessons, no tool"),
        Named(Lessons(LessonsRule(judges=("judge", "spare"))), "lessons, both"),
        Votes(MajorityRule()),
        Named(Posterior(PosteriorRule(min_confidence=1e-09)), "posterior"),
    ]
    fusions: list[Rule] = [
        Named(Fusion(FusionRule(min_confidence=c)), f"fusion {c:.2f}".replace(" 0.00", ""))
        for c in CONFIDENCES
    ]
    deaf: list[Rule] = [
        Named(Fusion(FusionRule(min_confidence=c)), f"without tool_check {c:.2f}", "tool_check")
        for c in (1e-9, 0.99)
    ]
    return [*fixed, *fusions, *deaf]


async def evidence(
    config: RunConfig,
    n_problems: int,
    journal_file: Path,
    show: Any,
    n_solutions: int = 1,
    sources: Sequence[str] = SOURCES,
    truth: Truth[OracleProblem] = first_error,
) -> tuple[list[Examined], dict[str, Cost]]:
    """Samples solutions of fresh problems and asks all sources; what they said and its cost.

    Sources that write solutions of their own are heard on those.
    """
    samplers, checker = build_samplers(config), MathChecker()
    policy = build_policy(config, samplers[POLICY])
    difficulty = config.problems.difficulty  # type: ignore[attr-defined]
    problems = list(generate_problems(n_problems, 3_000_000 + config.seed, difficulty))
    chosen = labelers_named(config, sources)
    labelers = {name: build_labeler(one, policy) for name, one in chosen.items()}
    own = {name: labelers.pop(name) for name in sources if METHODS[name].writes_solutions}
    costs: dict[str, Cost] = {}
    done = 0

    def on_problem() -> None:
        nonlocal done
        done += 1
        tokens = sum(cost.completion_tokens for cost in costs.values())
        show(Progress(done, n_problems, sum(c.samples for c in costs.values()), tokens))

    with Journal(journal_file) as journal:
        async with Driver(routes(samplers, checker), journal, max_active=96) as driver:
            await asyncio.gather(*(sampler.ready() for sampler in set(samplers.values())))
            solved = await sampled(problems, policy, driver, {}, n_solutions, truth)
            examined = await examine(solved, labelers, driver, costs, on_problem)
            for name, one in own.items():
                examined += await searched(problems, name, one, driver, costs, on_problem, truth)
    for sampler in samplers.values():
        await sampler.aclose()
    await checker.aclose()
    return examined, costs


def measured(
    seed: int, given: argparse.Namespace, folder: str
) -> tuple[list[Examined], dict[str, Cost]]:
    """One seed's evidence, with a bar while it is gathered."""
    config = load_config(BENCHMARK, given.settings).model_copy(update={"seed": seed})
    journal = given.journal or Path(folder) / "journal.sqlite"
    with progress_bar(f"seed {seed}") as show:
        return asyncio.run(evidence(config, given.problems, journal, show))


def pooled(
    found: Sequence[tuple[list[Examined], dict[str, Cost]]],
) -> tuple[list[Examined], dict[str, Cost]]:
    """Several seeds as one: all solutions, costs added by asker."""
    whole: dict[str, Cost] = {}
    for _, costs in found:
        for requester, cost in costs.items():
            mine = whole.setdefault(requester, Cost())
            mine.samples += cost.samples
            mine.completion_tokens += cost.completion_tokens
    return [one for examined, _ in found for one in examined], whole


def show(found: Comparison, title: str) -> None:
    """The table of sources and rules."""
    table = Table(
        "who", "F1 [95%]", "kept", "steps", "label precision [95%]", "Brier", "ECE", "tokens",
        title=f"{title}: {found.n} solutions, {found.n_erroneous} erroneous",
    )  # fmt: skip
    for name, s in [*found.sources.items(), *((f"= {n}", s) for n, s in found.consensus.items())]:
        low, high = s.f1_interval or (0.0, 0.0)
        precise = wilson(round((s.label_precision or 0) * s.kept_steps), s.kept_steps)
        table.add_row(
            name, f"{s.f1 or 0:.3f} [{low:.3f}, {high:.3f}]",
            f"{s.kept_solutions}", f"{s.kept_steps}",
            f"{precise.rate or 0:.4f} [{precise.low or 0:.4f}, {precise.high or 0:.4f}]",
            "-" if s.brier is None else f"{s.brier:.4f}", "-" if s.ece is None else f"{s.ece:.4f}",
            f"{s.generated_tokens:,}" if not name.startswith("=") else "",
        )  # fmt: skip
    Console(width=130).print(table)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--problems", type=int, default=350)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--set", action="append", default=[], dest="settings")
    parser.add_argument("--journal", type=Path, help="keep replies here and use those in it")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = {seed: measured(seed, given, folder) for seed in given.seeds}
    groups = {f"seed {seed}": one for seed, one in found.items()}
    if len(found) > 1:
        groups["all seeds"] = pooled(list(found.values()))
    compared = {
        name: compare(examined, SOURCES, rules(), costs)
        for name, (examined, costs) in groups.items()
    }
    if given.json:
        print(json.dumps({name: one.to_json() for name, one in compared.items()}))
        return
    for name, one in compared.items():
        show(one, name)


if __name__ == "__main__":
    main()
