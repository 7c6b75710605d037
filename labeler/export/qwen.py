"""Qwen PRM: a chat whose answer has `<extra_0>` after every step, and one label per step.

Source: model card Qwen/Qwen2.5-Math-PRM-7B ("\\n\\n" splits a solution, it does not join the
steps); arXiv 2501.07301 for labels (cross entropy at the token after each step).
"""

from __future__ import annotations

from labeler.export.base import (
    IGNORED,
    Example,
    ExportOptions,
    Format,
    Labels,
    View,
    all_right,
    single,
)
from labeler.records import Rejection

SEPARATOR = "<extra_0>"
SYSTEM = "Please reason step by step, and put your final answer within \\boxed{}."


def _convert(view: View, options: ExportOptions) -> Example | Rejection:
    texts = [step.text for step in view.steps]
    if any(SEPARATOR in text for text in (view.problem, *texts)):
        return view.reject(f"its text holds {SEPARATOR}")
    number = float if options.labels is Labels.SOFT else int
    targets = [step.target for step in view.steps]
    content = {
        "messages": [
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": view.problem},
            {"role": "assistant", "content": SEPARATOR.join((*texts, ""))},
        ],
        "labels": [number(IGNORED if target is None else target) for target in targets],
    }
    return Example(content, all_right([target for target in targets if target is not None]))


QWEN = Format(
    name="qwen",
    about="Qwen PRM: chat with <extra_0> after each step; labels 1, 0 or -100 (no label)",
    readers="models that take Qwen2.5-Math-PRM's input; Qwen released no training code: take "
    "`labels` at the places of <extra_0>",
    loss="evidence; with hard labels, probabilities",
    convert=single(_convert),
    soft=True,
)
