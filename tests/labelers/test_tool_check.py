"""The labeler `tool_check`, talked to directly: it asks nothing."""

from __future__ import annotations

from labeler.labelers.base import Findings
from labeler.labelers.tool_check import ToolCheck, tool_check
from labeler.records import (
    Asks,
    Evidence,
    Generator,
    Problem,
    Sampling,
    Solution,
    Verdict,
    prefix_id,
)
from tests.labelers.talking import NOBODY

PROBLEM = Problem("p", "math", "How many?", "5")


def solution(*steps: str) -> Solution:
    generator = Generator("m", "r", Sampling(), 0, "")
    return Solution("s", "p", steps, None, Verdict.UNKNOWN, "not checked", generator)


def findings(*solutions: Solution) -> Findings:
    conversation = tool_check(PROBLEM, solutions, ToolCheck(), NOBODY)
    try:
        next(conversation)
    except StopIteration as stop:
        found: Findings = stop.value
        return found
    raise AssertionError("it asked something")


def piece(steps: tuple[str, ...], verdict: Verdict, **fields: object) -> Evidence:
    said = {"labeler": "tool_check", "labeler_version": "6", "asks": Asks.CORRECTNESS}
    return Evidence(prefix_id=prefix_id("p", steps), verdict=verdict, **said, **fields)  # type: ignore[arg-type]


def test_false_claims_make_a_step_wrong_and_true_ones_leave_it_unknown() -> None:
    steps = ("Let us think.", "2 + 3 = 5.", "Then 5 * 4 + 1 = 20 + 1 = 22.")
    assert findings(solution(*steps)) == Findings(
        (
            piece(steps[:1], Verdict.UNKNOWN, reason="no claim that arithmetic can decide"),
            piece(
                steps[:2],
                Verdict.UNKNOWN,
                n=1,
                n_correct=1,
                reason="1 claims hold; arithmetic says no more",
            ),
            piece(
                steps,
                Verdict.WRONG,
                score=0.05,
                n=2,
                n_correct=1,
                reason="arithmetic",
                rationale="20 + 1 = 22 does not hold (21, not 22), in 5 * 4 + 1 = 20 + 1 = 22",
            ),
        ),
        statistics={"claims": 3, "false_claims": 1},
    )


def test_a_shared_prefix_gets_evidence_once() -> None:
    found = findings(solution("1 + 1 = 2.", "2 + 2 = 4."), solution("1 + 1 = 2.", "2 + 2 = 5."))
    assert [e.verdict for e in found.evidence] == [
        Verdict.UNKNOWN,
        Verdict.UNKNOWN,
        Verdict.WRONG,
    ]
