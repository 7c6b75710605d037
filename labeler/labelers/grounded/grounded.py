"""Grounded: every step of given solutions, verified with a tool (GroundedPRM without its search).

Every step is judged on its own merit, those after a wrong one too. Steps on a shared prefix are
verified once. What one verification is: `labeler.labelers.shared.verification.verify`.
"""

from __future__ import annotations

from typing import Literal

from labeler.driver.conversation import Conversation, together
from labeler.labelers.base import Findings, Policy
from labeler.labelers.method import Method
from labeler.labelers.shared.verification.settings import Verifier, verifier_tasks
from labeler.labelers.shared.verification.verify import (
    NAME,
    VERSION,
    Verification,
    counted,
)
from labeler.records import Asks, Problem, Solution


class Grounded(Verifier):
    """Every step, with a program that a model writes for it and the sandbox runs."""

    kind: Literal["grounded"] = NAME


def grounded(
    problem: Problem, solutions: tuple[Solution, ...], settings: Grounded, policy: Policy
) -> Conversation[Findings]:
    """Evidence on every step of every solution."""
    tasks = verifier_tasks(settings)
    work = Verification(problem, settings, tasks, policy.run_seed)
    prefixes = {
        "".join(s.steps[: t + 1]): s.steps[: t + 1] for s in solutions for t in range(len(s.steps))
    }
    found = yield from together([work.verified(prefix) for prefix in prefixes.values()])
    version = f"{VERSION}+{tasks.sha}"
    evidence = tuple(one.evidence(problem, NAME, version) for one in found)
    return Findings(evidence, statistics=counted(found))


GROUNDED = Method(
    name=NAME,
    version=VERSION,
    settings=Grounded,
    conversation=grounded,
    asks=frozenset({Asks.CORRECTNESS}),
    asks_model=True,
    rolls_out=False,
    runs_programs=True,
    writes_solutions=False,
    is_tool=False,
    may_say_right=True,
    of_whole_answers=False,
    backs_values_up=False,
    needs_reference=False,
    only_of_wrong_answers=False,
    by_place=False,
    prompts=lambda settings: verifier_tasks(settings).all,
)
