"""ThinkPRM: one answer that criticises every step, boxes its verdict and stops at the first error.

Source: ThinkPRM, arXiv 2504.16828 (one decision per step, all equal to the labels; the score is
the probability of Yes at the end). Steps count from 1 in the text.
"""

from __future__ import annotations

from labeler.export.base import Example, ExportOptions, Format, View, single
from labeler.export.rationales import judged
from labeler.records import Rejection

TASK = (
    "You are given a problem and a step-by-step solution to it.\n\n[Problem]\n{problem}\n\n"
    "[Solution]\n{solution}\n\nReview each step and say whether it is correct. Stop at the first "
    "step that is not."
)


def _convert(view: View, options: ExportOptions) -> Example | Rejection:
    steps = judged(view)
    if isinstance(steps, Rejection):
        return steps
    solution = "\n".join(f"Step {n}: {text}" for n, (text, _, _) in enumerate(steps, start=1))
    critiques = [
        f"Step {n}: {rationale} The step is "
        f"\\boxed{{{'correct' if step.is_right else 'incorrect'}}}"
        for n, (_, step, rationale) in enumerate(steps, start=1)
    ]
    right = steps[-1][1].is_right
    verdict = f"Is the solution correct? {'Yes' if right else 'No'}"
    thought = "<think>\n" + "\n\n".join(critiques) + f"\n</think>\n{verdict}"
    turns = [
        {"role": "user", "content": TASK.format(problem=view.problem, solution=solution)},
        {"role": "assistant", "content": thought},
    ]
    return Example({"messages": turns}, right)


THINKPRM = Format(
    name="thinkprm",
    about="ThinkPRM chat: one verification chain, each step boxed correct or incorrect",
    readers="TRL SFTTrainer 0.12 and later (messages), LLaMA-Factory (sharegpt, role and content)",
    loss="solutions in which a labelled step has no agreeing rationale; what follows the first "
    "error; soft labels; counts",
    convert=single(_convert),
)
