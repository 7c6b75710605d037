"""GenPRM: a chat in which each paragraph is analysed, checked by code where there is any, judged.

Source: GenPRM, arXiv 2504.00891; github.com/RyanLiu112/GenPRM, src/example (paragraphs count from
1; the judgement is boxed Yes or No). The chat stops at the first wrong paragraph.
"""

from __future__ import annotations

from labeler.export.base import Example, ExportOptions, Format, View, single
from labeler.export.rationales import judged, tool_note
from labeler.records import Rejection

SYSTEM = (
    "You are a math teacher. Your task is to review and critique the paragraphs in solution "
    "step by step."
)


def _convert(view: View, options: ExportOptions) -> Example | Rejection:
    steps = judged(view)
    if isinstance(steps, Rejection):
        return steps
    turns = [{"role": "system", "content": SYSTEM}]
    for number, (text, step, rationale) in enumerate(steps, start=1):
        asked = text if number > 1 else f"Question: {view.problem}\n\n{text}"
        note = tool_note(step)
        checked = f"<verify>\n{note}\n</verify>\n" if note else ""
        answer = (
            f"<analyze>\nLet's analyze the Paragraph {number} step by step: {rationale}\n"
            f"</analyze>\n{checked}"
            f"<output>\n**Judgement**: $\\boxed{{{'Yes' if step.is_right else 'No'}}}$\n</output>\n"
        )
        turns.append({"role": "user", "content": asked})
        turns.append({"role": "assistant", "content": answer})
    return Example({"messages": turns}, steps[-1][1].is_right)


GENPRM = Format(
    name="genprm",
    about="GenPRM chat: <analyze>, <verify>, <output> boxed Yes or No for each paragraph",
    readers="TRL SFTTrainer 0.12 and later (messages), LLaMA-Factory (sharegpt, role and content)",
    loss="solutions in which a labelled step has no agreeing rationale; what follows the first "
    "error; soft labels; counts",
    convert=single(_convert),
)
