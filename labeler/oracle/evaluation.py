"""Runs labelers on fresh oracle problems and scores their labels against the truth.

Each labeler is run on its own and pays for itself; its evidence is then read by every rule of
consensus, which costs nothing. For labelers of given solutions the policy samples one solution per
problem; OmegaPRM is judged on the solutions that it wrote itself: the rollouts it bisected (all of
them wrong) and the right rollouts of the root.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from labeler.checking.base import Checker
from labeler.consensus.base import Rule
from labeler.driver import Cost, Driver
from labeler.evaluate import Judged, Score, score
from labeler.journal import Journal
from labeler.labelling_run import routes
from labeler.oracle.graph import OracleProblem
from labeler.oracle.oracle import grade
from labeler.pipeline import LabeledProblem, Recipe, label_problem
from labeler.records import LabeledSolution
from labeler.samplers.base import Sampler


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A labeler's scores by rule of consensus."""

    labeler: str
    by_rule: Mapping[str, Score]

    def to_json(self, rule: str) -> dict[str, Any]:
        """The score under one rule, with those under all rules beside it."""
        scores = {name: score.to_json() for name, score in self.by_rule.items()}
        return {"rule": rule, **scores[rule], "by_rule": scores}


async def evaluate(
    problems: Sequence[OracleProblem],
    recipe: Recipe,
    labeler: str,
    rules: Sequence[Rule],
    sampler: Sampler,
    checker: Checker,
    bill: dict[str, Cost],
    on_problem: Callable[[], None],
) -> Evaluation:
    """Scores one of the recipe's labelers on problems that no run has seen; adds to `bill`."""
    alone = replace(recipe, labelers={labeler: recipe.labelers[labeler]}, filter=None)
    alone = replace(alone, n_solutions=0 if labeler == "omegaprm" else 1)
    truth = {problem.problem.problem_id: problem for problem in problems}
    rows: list[LabeledSolution] = []
    with tempfile.TemporaryDirectory() as folder, Journal(Path(folder) / "journal.sqlite") as kept:
        async with Driver(routes(sampler, checker), kept) as driver:
            conversations = (
                (p.problem.problem_id, label_problem(p.problem, alone)) for p in problems
            )
            results: dict[str, LabeledProblem] = {}
            async for problem_id, result in driver.run(conversations, bill):
                results[problem_id] = result
                on_problem()
    for problem in problems:
        rows += results[problem.problem.problem_id].rows
    cost = bill.get(labeler, Cost())
    return Evaluation(
        labeler,
        {
            rule.name: score((_judged(r, truth[r.problem.problem_id], rule) for r in rows), cost)
            for rule in rules
        },
    )


def _judged(row: LabeledSolution, problem: OracleProblem, rule: Rule) -> Judged:
    decision = rule.decide(row.solution, [step.evidence for step in row.steps])
    return Judged(
        predicted=decision.first_error,
        truth=grade(problem, row.solution.steps).first_error,
        outcome=row.solution.outcome,
        n_steps=len(row.steps),
    )
