"""Outcome: the last step is decided by its answer, without rollouts (specs/99, trap 6).

Evidence about value, not correctness: a right answer may come by a wrong way.
"""

from __future__ import annotations

from typing import Literal

from labeler.driver.conversation import Conversation
from labeler.labelers.base import Findings, Policy
from labeler.labelers.method import Method, MethodSettings, no_prompts
from labeler.labelers.shared.last_step import NAME, VERSION, last_step_evidence
from labeler.records import Asks, Problem, Solution


class Outcome(MethodSettings):
    """The last step, by its answer."""

    kind: Literal["outcome"] = NAME


def outcome(
    problem: Problem, solutions: tuple[Solution, ...], settings: Outcome, policy: Policy
) -> Conversation[Findings]:
    """Evidence on the last step of every solution; asks nothing, the answers were checked."""
    yield from ()
    return Findings(tuple(last_step_evidence(problem, solution) for solution in solutions))


OUTCOME = Method(
    name=NAME,
    version=VERSION,
    settings=Outcome,
    conversation=outcome,
    asks=frozenset({Asks.VALUE}),
    asks_model=False,
    rolls_out=False,
    runs_programs=False,
    writes_solutions=False,
    is_tool=False,
    may_say_right=True,
    of_whole_answers=True,
    backs_values_up=False,
    needs_reference=False,
    only_of_wrong_answers=False,
    by_place=False,
    prompts=no_prompts,
)
