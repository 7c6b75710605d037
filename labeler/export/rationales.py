"""Rationales that a generative reward model may learn: those that agree with the label.

A rationale that argues for the other verdict teaches the opposite of its label (a fault of
GroundedPRM's released filter, found by reading it); ThinkPRM keeps a chain only if every step's
judgement equals the label. Does not cover how a format writes them.
"""

from __future__ import annotations

from labeler.consensus.annotated import ANNOTATED
from labeler.consensus.human import HUMAN
from labeler.export.base import Step, View
from labeler.labelers.methods import method_of
from labeler.labelers.shared.tool_use import split_note
from labeler.records import Asks, Evidence, Rejection, Verdict

STOCK = ("before the first error", "the first error", "no error in the whole")
"""What `shared.replies` notes where a judge named a place only: nothing to learn from."""


def judged(view: View) -> list[tuple[str, Step, str]] | Rejection:
    """Text, step and agreeing rationale of each step up to the first wrong one.

    A step without a label is joined to the next. A solution in which a labelled step has no
    agreeing rationale is rejected as a whole: half a chain is no verification.
    """
    found: list[tuple[str, Step, str]] = []
    pending: list[str] = []
    for step in view.steps:
        pending.append(step.text)
        if step.target is None:
            continue
        rationale = _rationale(step)
        if not rationale:
            agreeing = "right" if step.is_right else "wrong"
            return view.reject(f"no rationale says that a step labelled {agreeing} is {agreeing}")
        found.append(("\n".join(pending), step, rationale))
        pending = []
        if not step.is_right:
            break
    return found


def tool_note(step: Step) -> str:
    """What a tool computed for this step, or a judge with one; "" where none did."""
    agreeing = _agreeing(step)
    notes = [e.rationale.strip() for e in agreeing if _is_tool(e)]
    notes += [split_note(e.rationale)[1].strip() for e in agreeing if not _is_tool(e)]
    return next((note for note in notes if note), "")


def _rationale(step: Step) -> str:
    by_model = (split_note(e.rationale)[0].strip() for e in _agreeing(step) if not _is_tool(e))
    return next((text for text in by_model if text and text not in STOCK), "")


def _is_tool(evidence: Evidence) -> bool:
    # A person has no model either, and computed nothing that we know of.
    computed = method_of(evidence.labeler).is_tool or not evidence.model
    return computed and evidence.labeler not in (ANNOTATED, HUMAN)


def _agreeing(step: Step) -> list[Evidence]:
    verdict = Verdict.CORRECT if step.is_right else Verdict.WRONG
    return [e for e in step.labeled.evidence if e.asks is Asks.CORRECTNESS and e.verdict is verdict]
