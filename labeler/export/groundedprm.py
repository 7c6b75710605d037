"""GroundedPRM: per step what a tool computed, the judgement, and a boxed + or -.

Source: arXiv 2510.14942; github.com/JerryPlain/GroundedPRMCode, data_process/construct.py (three
tagged parts per assistant turn; field `conversation`).
"""

from __future__ import annotations

from labeler.export.base import Example, ExportOptions, Format, View, single
from labeler.export.rationales import judged, tool_note
from labeler.records import Rejection

SYSTEM = (
    "Review the solution of a problem step by step. For each step: in <verify> state what was "
    "computed to check it, in <judge> give the reasons for your verdict, in <output> box + for a "
    "correct step or - for a wrong one."
)
NOTHING_COMPUTED = "This is a thinking step, no specific calculations are needed"


def _convert(view: View, options: ExportOptions) -> Example | Rejection:
    steps = judged(view)
    if isinstance(steps, Rejection):
        return steps
    turns = [{"role": "system", "content": SYSTEM}]
    for number, (text, step, rationale) in enumerate(steps):
        answer = (
            f"<verify>\n{tool_note(step) or NOTHING_COMPUTED}\n</verify>\n"
            f"<judge>\n{rationale}\n</judge>\n"
            f"<output>\n\\boxed{{{'+' if step.is_right else '-'}}}\n</output>"
        )
        said = text if number else f"{view.problem}\n{text}"
        turns.append({"role": "user", "content": said})
        turns.append({"role": "assistant", "content": answer})
    return Example({"conversation": turns}, steps[-1][1].is_right)


GROUNDEDPRM = Format(
    name="groundedprm",
    about="GroundedPRM chat: <verify>, <judge>, <output> boxed + or - for each step",
    readers="LLaMA-Factory (sharegpt, messages: conversation, role and content), as GroundedPRM",
    loss="solutions in which a labelled step has no agreeing rationale; what follows the first "
    "error; soft labels; counts",
    convert=single(_convert),
)
