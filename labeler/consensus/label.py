"""Makes the dataset's records: gathers each step's evidence, applies a rule, keeps or drops."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from labeler.consensus.base import Rule
from labeler.records import (
    Consensus,
    Evidence,
    LabeledSolution,
    LabeledStep,
    Problem,
    Solution,
    prefix_id,
)


def by_prefix(evidence: Iterable[Evidence]) -> Mapping[str, Sequence[Evidence]]:
    """Evidence on a prefix belongs to every solution that passes through it."""
    grouped: dict[str, list[Evidence]] = defaultdict(list)
    for piece in evidence:
        grouped[piece.prefix_id].append(piece)
    return grouped


def label_solution(
    problem: Problem, solution: Solution, evidence: Mapping[str, Sequence[Evidence]], rule: Rule
) -> LabeledSolution:
    """Labels one solution. It is kept if the place of its first error (or none) was decided."""
    ids = [
        prefix_id(problem.problem_id, solution.steps[: t + 1]) for t in range(len(solution.steps))
    ]
    pieces = [tuple(evidence.get(i, ())) for i in ids]
    decision = rule.decide(solution, pieces)
    kept = decision.first_error is not None
    return LabeledSolution(
        problem,
        solution,
        tuple(
            LabeledStep(text, step_id, label, probability, step_evidence)
            for text, step_id, label, probability, step_evidence in zip(
                solution.steps, ids, decision.labels, decision.probabilities, pieces, strict=True
            )
        ),
        decision.first_error,
        Consensus(rule.name, kept, "" if kept else decision.reason),
    )
