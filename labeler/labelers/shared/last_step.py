"""What the answer check says of a solution's last step (specs/99, trap 6: it needs no rollouts).

Evidence about value, not correctness: a right answer may come by a wrong way. Every solution gets
it, whoever labels; `outcome` is the method that gives nothing else.
"""

from __future__ import annotations

from typing import Final

from labeler.records import Asks, Domain, Evidence, Problem, Solution, Verdict, prefix_id

NAME: Final = "outcome"
VERSION = "1"


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
        rationale=solution.outcome_reason if decided and problem.domain == Domain.CODE else "",
        reason="" if decided else solution.outcome_reason,
    )
