"""Outcome: the last step is decided by its answer, without rollouts (specs/99, trap 6).

Evidence about value, not correctness: a right answer may come by a wrong way.
"""

from __future__ import annotations

from labeler.driver.conversation import Conversation
from labeler.labelers.base import Findings
from labeler.records import Asks, Evidence, Problem, Solution, Verdict, prefix_id

NAME = "outcome"
VERSION = "1"


def outcome(problem: Problem, solutions: tuple[Solution, ...]) -> Conversation[Findings]:
    """Evidence on the last step of every solution; asks nothing, the answers were checked."""
    yield from ()
    return Findings(tuple(last_step_evidence(problem, solution) for solution in solutions))


def last_step_evidence(problem: Problem, solution: Solution) -> Evidence:
    """What the answer check says of the last step."""
    decided = solution.outcome is not Verdict.UNKNOWN
    right = solution.outcome is Verdict.CORRECT
    return Evidence(
        prefix_id=prefix_id(problem.problem_id, solution.steps),
        labeler=NAME,
        labeler_version=VERSION,
        asks=Asks.VALUE,
        verdict=solution.outcome,
        score=float(right) if decided else None,
        n=int(decided),
        n_correct=int(right),
        # Of a program: how many tests passed, and whether anything held it while it ran.
        rationale=solution.outcome_reason if decided and problem.domain == "code" else "",
        reason="" if decided else solution.outcome_reason,
    )
