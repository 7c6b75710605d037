"""Makes the dataset's records: gathers each step's evidence, applies a rule, keeps or drops."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from labeler.consensus.base import Rule
from labeler.consensus.sources import OUTCOME
from labeler.labelers.methods import method_of
from labeler.records import (
    Asks,
    Consensus,
    Evidence,
    LabeledSolution,
    LabeledStep,
    Problem,
    Solution,
    Verdict,
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
    unlabelled = tuple(
        LabeledStep(text, step_id, None, None, step_evidence)
        for text, step_id, step_evidence in zip(solution.steps, ids, pieces, strict=True)
    )
    nobody = Consensus("", False, "")
    return recompute_solution(LabeledSolution(problem, solution, unlabelled, None, nobody), rule)


def recompute_solution(labeled: LabeledSolution, rule: Rule) -> LabeledSolution:
    """The same solution, decided by `rule` from what of its evidence is about itself."""
    evidence = _own(labeled)
    decision = rule.decide(labeled.solution, evidence)
    steps = tuple(
        replace(step, label=label, probability=probability, evidence=pieces)
        for step, label, probability, pieces in zip(
            labeled.steps, decision.labels, decision.probabilities, evidence, strict=True
        )
    )
    consensus = Consensus(rule.name, decision.kept, "" if decision.kept else decision.reason)
    return replace(labeled, steps=steps, first_error=decision.first_error, consensus=consensus)


def _own(labeled: LabeledSolution) -> list[tuple[Evidence, ...]]:
    """The evidence of each step without what another solution of the problem left there.

    One solution may end where another goes on. That the first had no answer says nothing of the
    other's step, and rollouts that go on say nothing of the first, whose answer decides its end.
    """
    steps = [step.evidence for step in labeled.steps]
    own = [tuple(e for e in pieces if e.labeler != OUTCOME.labeler) for pieces in steps[:-1]]
    if labeled.solution.outcome is Verdict.UNKNOWN:
        return own + steps[-1:]
    decided = (
        e for e in steps[-1] if e.asks is not Asks.VALUE or method_of(e.labeler).of_whole_answers
    )
    return [*own, tuple(decided)]
