"""GroundedPRM: per step what a tool computed, the judgement, and a boxed + or -.

Source: arXiv 2510.14942; github.com/JerryPlain/GroundedPRMCode, data_process/construct.py (three
tagged parts per assistant turn). Two things differ there: its field is `conversation`, which
trainers of chats do not read without being told, and a step without a tool's note is called "a
thinking step, no specific calculations are needed". That nobody computed anything does not say that
there was nothing to compute, so such a step has no <verify> here.
"""

from __future__ import annotations

from labeler.export.base import Example, ExportOptions, Format, View, single
from labeler.export.rationales import judged, tool_note
from labeler.records import Rejection

SYSTEM = (
    "Review the solution of a problem step by step. For each step: where something was computed to "
    "check it, state that in <verify>; in <judge> give the reasons for your verdict; in <output> "
    "box + for a correct step or - for a wrong one."
)


def _convert(view: View, options: ExportOptions) -> Example | Rejection:
    steps = judged(view)
    if isinstance(steps, Rejection):
        return steps
    turns = [{"role": "system", "content": SYSTEM}]
    for number, (text, step, rationale) in enumerate(steps):
        note = tool_note(step)
        computed = f"<verify>\n{note}\n</verify>\n" if note else ""
        answer = (
            f"{computed}<judge>\n{rationale}\n</judge>\n"
            f"<output>\n\\boxed{{{'+' if step.is_right else '-'}}}\n</output>"
        )
        said = text if number else f"{view.problem}\n{text}"
        turns.append({"role": "user", "content": said})
        turns.append({"role": "assistant", "content": answer})
    return Example({"messages": turns}, steps[-1][1].is_right)


GROUNDEDPRM = Format(
    name="groundedprm",
    about="GroundedPRM chat: <verify> where a tool computed, <judge>, <output> boxed + or -",
    readers="TRL SFTTrainer 0.12 and later (messages), LLaMA-Factory (sharegpt, role and content)",
    loss="solutions in which a labelled step has no agreeing rationale; what follows the first "
    "error; soft labels; counts",
    convert=single(_convert),
)
