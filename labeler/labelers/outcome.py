"""Outcome: the last step is decided by its answer, without rollouts (specs/99, trap 6).

Evidence about value, not correctness: a right answer may come by a wrong way.
"""

from __future__ import annotations

from typing import Final, Literal

from labeler.driver.conversation import Conversation
from labeler.labelers.base import Findings, Policy
from labeler.labelers.method import Method, MethodSettings, no_prompts
from labeler.records import Asks, Evidence, Problem, Solution, Verdict, prefix_id

NAME: Final = "outcome"
VERSION = "1"


class Outcome(MethodSettings):
    """The last step, by its answer."""

    kind: Literal["outcome"] = NAME


def outcome(
    problem: Problem, solutions: tuple[Solution, ...], settings: Outcome, policy: Policy
) -> Conversation[Findings]:
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


OUTCOME = Method(
    name=NAME,
    version=VERSION,
    settings=Outcome,
    conversation=outcome,
    asks=frozenset({Asks.VALUE}),
    asks_model=False,
    runs_programs=False,
    writes_solutions=False,
    is_tool=False,
    may_say_right=True,
    of_whole_answers=True,
    backs_values_up=False,
    prompts=no_prompts,
)
