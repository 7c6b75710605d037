"""Makes the dataset's records: gathers each step's evidence, applies a rule, keeps or drops."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from labeler.consensus.annotated import without_annotations
from labeler.consensus.base import Rule
from labeler.consensus.sources import is_of_an_answer
from labeler.records import (
    Asks,
    Consensus,
    Evidence,
    LabeledSolution,
    LabeledStep,
    Problem,
    Solution,
    Verdict,
    prefix_ids,
)


def by_prefix(evidence: Iterable[Evidence]) -> Mapping[str, Sequence[Evidence]]:
    """Evidence on a prefix belongs to every solution that passes through it."""
    grouped: dict[str, list[Evidence]] = defaultdict(list)
    for piece in evidence:
        grouped[piece.prefix_id].append(piece)
    return grouped


def label_solution(
    problem: Problem,
    solution: Solution,
    evidence: Mapping[str, Sequence[Evidence]],
    rule: Rule,
    about_it: Iterable[Evidence] = (),
) -> LabeledSolution:
    """Labels one solution. It is kept if the place of its first error (or none) was decided.

    `about_it` is evidence that rests on how this solution ends, and is no other's.
    """
    ids = prefix_ids(problem.problem_id, solution.steps)
    own = by_prefix(about_it)
    pieces = [tuple(dict.fromkeys([*evidence.get(i, ()), *own.get(i, ())])) for i in ids]
    unlabelled = tuple(
        LabeledStep(text, step_id, None, None, step_evidence)
        for text, step_id, step_evidence in zip(solution.steps, ids, pieces, strict=True)
    )
    nobody = Consensus("", False, "")
    return recompute_solution(LabeledSolution(problem, solution, unlabelled, None, nobody), rule)


def recompute_solution(labeled: LabeledSolution, rule: Rule) -> LabeledSolution:
    """The same solution, decided by `rule` from what of its evidence is about itself."""
    if not labeled.steps:
        # Rules of prefixes would find no error in it, even in a wrong one.
        nothing = Consensus(rule.name, False, "it has no steps")
        return replace(labeled, first_error=None, consensus=nothing)
    solution = _with_outcome(labeled)
    evidence = _own(labeled, solution.outcome)
    decision = rule.decide(solution, [without_annotations(pieces) for pieces in evidence])
    steps = tuple(
        replace(step, label=label, probability=probability, evidence=pieces)
        for step, label, probability, pieces in zip(
            labeled.steps, decision.labels, decision.probabilities, evidence, strict=True
        )
    )
    consensus = Consensus(rule.name, decision.kept, "" if decision.kept else decision.reason)
    return LabeledSolution(labeled.problem, solution, steps, decision.first_error, consensus)


def _with_outcome(labeled: LabeledSolution) -> Solution:
    """The solution with the outcome that a method of whole answers found, where it had none.

    The answer check goes first; methods that contradict each other leave the outcome unknown.
    """
    solution = labeled.solution
    if solution.outcome is not Verdict.UNKNOWN:
        return solution
    said = [
        piece
        for piece in labeled.steps[-1].evidence
        if piece.verdict is not Verdict.UNKNOWN and is_of_an_answer(piece)
    ]
    if len({piece.verdict for piece in said}) != 1:
        return solution
    reason = f"{said[0].labeler}: {said[0].rationale}".removesuffix(": ")
    return replace(solution, outcome=said[0].verdict, outcome_reason=reason)


def _own(labeled: LabeledSolution, outcome: Verdict) -> list[tuple[Evidence, ...]]:
    """The evidence of each step without what another solution of the problem left there.

    One solution may end where another goes on. That the first had no answer says nothing of the
    other's step, and rollouts that go on say nothing of the first, whose answer decides its end.
    """
    steps = [step.evidence for step in labeled.steps]
    own = [tuple(e for e in pieces if not is_of_an_answer(e)) for pieces in steps[:-1]]
    if outcome is Verdict.UNKNOWN:
        return own + steps[-1:]
    decided = (
        # A score is of the step itself, whatever goes on from it.
        e
        for e in steps[-1]
        if e.asks is not Asks.VALUE or is_of_an_answer(e) or e.signal is not None
    )
    return [*own, tuple(decided)]
