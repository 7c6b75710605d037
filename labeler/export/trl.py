"""TRL stepwise supervision: `{prompt, completions, labels}`, labels true or false.

Source: TRL documentation, dataset formats, "stepwise supervision"; PRMTrainer.tokenize_row.
PRMTrainer calls `int(label)`, so a soft label of 0.7 would silently become 0: booleans only. TRL
dropped that trainer in 1.14 and nothing took its place; examples/train_prm.py trains without it.
"""

from __future__ import annotations

from labeler.export.base import Example, ExportOptions, Format, View, all_right, single


def _convert(view: View, options: ExportOptions) -> Example:
    pieces = view.pieces()
    return Example(
        {
            "prompt": view.problem,
            "completions": [text for text, _ in pieces],
            "labels": [target == 1 for _, target in pieces],
        },
        all_right([target for _, target in pieces]),
    )


TRL = Format(
    name="trl",
    about="TRL stepwise supervision: prompt, completions, labels (true or false)",
    readers="nothing that is current: TRL's PRMTrainer went in 1.14. TRL 0.13 to 1.13 (in 1.x "
    "under trl.experimental.prm) read it; give max_length: it cuts at 1,024 tokens without a word",
    loss="soft labels; a step without a label is joined to the next one that has a label; "
    "evidence; probabilities",
    convert=single(_convert),
)
