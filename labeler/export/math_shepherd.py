"""Math-Shepherd: the solution as text, " ки" after each step; the labels as the same text, + or -.

Source: dataset peiyi9979/Math-Shepherd; arXiv 2312.08935. The blank before the tag belongs to it:
tokenizers make one token of " ки". OpenR's reader needs exactly one "Step 1: " in a row.
"""

from __future__ import annotations

import re

from labeler.export.base import Example, ExportOptions, Format, View, all_right, single
from labeler.records import Rejection

TAG = "ки"
NUMBERED = re.compile(r"\A\s*Step \d+: ?")


def _convert(view: View, options: ExportOptions) -> Example | Rejection:
    steps = [NUMBERED.sub("", step.text, count=1) for step in view.steps]
    whole = "\n".join((view.problem, *steps))
    if TAG in whole:
        return view.reject("its text holds the step tag")
    if "Step 1: " in whole:
        return view.reject('its text holds "Step 1: ", which readers split at')
    targets = [step.target for step in view.steps]
    asked, answered = [], []
    for number, (text, target) in enumerate(zip(steps, targets, strict=True), start=1):
        start = f"Step {number}: {text}"
        asked.append(start if target is None else f"{start} {TAG}")
        answered.append(start if target is None else f"{start} {'+' if target == 1 else '-'}")
    return Example(
        {
            "input": f"{view.problem} " + "\n".join(asked),
            "label": f"{view.problem} " + "\n".join(answered),
            "task": view.labeled.problem.source.dataset or view.labeled.problem.domain,
        },
        all_right([target for target in targets if target is not None]),
    )


MATH_SHEPHERD = Format(
    name="math_shepherd",
    about='Math-Shepherd: input with " ки" after each step, label with + or -, task',
    readers="Math-Shepherd's and SPARE's training code, OpenRLHF 0.5 to 0.9, OpenR (which skips "
    "rows in which a step has no label)",
    loss="soft labels; evidence; a step without a label has no tag",
    convert=single(_convert),
)
