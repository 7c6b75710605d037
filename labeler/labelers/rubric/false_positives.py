"""Right answers by wrong ways: which of them, and of what kind.

A solution with a right answer and a wrong step is a false positive of the answer check. Its kinds
are those of RRM's study (arXiv 2510.07774; six there, whose names we have second-hand), and errors
that cancel out, a coincidence that is told apart because two steps have to be wrong for it.
Does not cover: right answers whose wrong step nobody saw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from labeler.labelers.rubric.criteria import Scored
from labeler.records import Solution, Verdict

CANCELLING = "cancelling_errors"
KINDS = (
    "miracle_step", CANCELLING, "unfounded_assumption", "overgeneralization",
    "neglected_precondition", "numerical_coincidence", "harmless_error",
)  # fmt: skip
UNCLASSIFIED = "unclassified"


def kinds_of(solution: Solution, steps: Sequence[Scored]) -> list[str]:
    """Per step, how it lets a right answer be reached by a wrong way; "" where it does not."""
    wrong = [step.opinion.verdict is Verdict.WRONG for step in steps]
    if solution.outcome is not Verdict.CORRECT:
        return [""] * len(steps)
    possible = [kind for kind in KINDS if kind != CANCELLING or sum(wrong) > 1]
    return [
        (step.flaw if step.flaw in possible else UNCLASSIFIED) if is_wrong else ""
        for step, is_wrong in zip(steps, wrong, strict=True)
    ]


def flagged(steps: Sequence[Scored], kinds: Sequence[str]) -> list[Scored]:
    """The steps with `false positive: KIND` before the rationale of those that have one."""
    return [
        replace(step, opinion=replace(step.opinion, rationale=_marked(step, kind)))
        for step, kind in zip(steps, kinds, strict=True)
    ]


def _marked(step: Scored, kind: str) -> str:
    rationale = step.opinion.rationale
    return f"false positive: {kind}; {rationale}" if kind else rationale


def count_false_positives(
    solution: Solution, steps: Sequence[Scored], kinds: Sequence[str]
) -> dict[str, int]:
    """Counts of one solution; nothing of one whose answer is not right."""
    if solution.outcome is not Verdict.CORRECT:
        return {}
    found = {kind for kind in kinds if kind}
    undecided = any(step.opinion.verdict is Verdict.UNKNOWN for step in steps)
    return {
        "right_answers": 1,
        "right_answers_undecided": int(undecided and not found),
        "false_positives": int(bool(found)),
        **{f"false_positive_{kind}": 1 for kind in sorted(found)},
    }
