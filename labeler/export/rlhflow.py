"""RLHFlow: a chat in which the user says a step and the assistant answers + or -.

Source: github.com/RLHFlow/RLHF-Reward-Modeling, math-rm (README, prm_evaluate.py): the first turn
holds the problem, a blank and the first step.
"""

from __future__ import annotations

from labeler.export.base import Example, ExportOptions, Format, View, all_right, single


def _convert(view: View, options: ExportOptions) -> Example:
    pieces = view.pieces()
    turns: list[dict[str, str]] = []
    for number, (text, target) in enumerate(pieces):
        said = text if number else f"{view.problem} {text}"
        turns.append({"role": "user", "content": said})
        turns.append({"role": "assistant", "content": "+" if target == 1 else "-"})
    return Example({"conversations": turns}, all_right([target for _, target in pieces]))


RLHFLOW = Format(
    name="rlhflow",
    about="RLHFlow chat: a user turn per step, the assistant says + or -",
    readers="RLHFlow's math-rm with axolotl (type sharegpt, field conversations); trainers of "
    "chats that learn the assistant's turns only",
    loss="soft labels; a step without a label is joined to the next one that has a label; evidence",
    convert=single(_convert),
)
