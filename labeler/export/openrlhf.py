"""OpenRLHF: the solution as text with a placeholder after each step, and one label per placeholder.

Source: github.com/OpenRLHF/OpenRLHF, openrlhf/datasets/process_reward_dataset.py (labels are
reward tokens, or numbers since pull request 502). Removed in 0.10.0.
"""

from __future__ import annotations

from typing import Any

from labeler.export.base import Example, ExportOptions, Format, Labels, View, all_right, single
from labeler.records import Rejection

PLACEHOLDER = " ки"


def _convert(view: View, options: ExportOptions) -> Example | Rejection:
    text = "\n".join((view.problem, *(step.text for step in view.steps)))
    if PLACEHOLDER in text:
        return view.reject("its text holds the placeholder")
    targets = [step.target for step in view.steps if step.target is not None]
    soft = options.labels is Labels.SOFT
    labels: list[Any] = targets if soft else ["+" if target == 1 else "-" for target in targets]
    steps = (step.text + ("" if step.target is None else PLACEHOLDER) for step in view.steps)
    return Example(
        {"input": f"{view.problem}\n" + "\n".join(steps), "labels": labels}, all_right(targets)
    )


OPENRLHF = Format(
    name="openrlhf",
    about='OpenRLHF: input with " ки" after each labelled step; labels + and -, or numbers',
    readers="OpenRLHF 0.5 to 0.9.x (train_prm with --input_key input --label_key labels "
    '--placeholder_token " ки" --reward_tokens + -); removed in 0.10.0',
    loss="evidence; a step without a label has no placeholder",
    convert=single(_convert),
    soft=True,
)
