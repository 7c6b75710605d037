"""Outcome reward models: whole solutions, labelled by their final answer; as classes and as chat.

The two outcome kinds of the four that Multi-RM compares (arXiv 2510.00492: discriminative and
generative ORM; the PRM kinds are the step formats). Step labels and consensus play no part: every
solution whose answer could be decided counts.
"""

from __future__ import annotations

from labeler.export.base import Example, ExportOptions, Format, View, single
from labeler.records import Rejection, Verdict

TASK = (
    'Grade the solution of the problem. End with a line "Verification: Is the answer correct '
    '(Yes/No)? X", where X is Yes or No.\n\n[Problem]\n{problem}\n\n[Solution]\n{solution}'
)


def _is_right(view: View) -> bool | Rejection:
    outcome = view.labeled.solution.outcome
    if outcome is Verdict.UNKNOWN:
        return view.reject("its outcome is unknown")
    return outcome is Verdict.CORRECT


def _reward(view: View, options: ExportOptions) -> Example | Rejection:
    right = _is_right(view)
    if isinstance(right, Rejection):
        return right
    text = "".join(view.labeled.solution.steps).strip()
    return Example({"prompt": view.problem, "completion": text, "label": right}, right)


def _chat(view: View, options: ExportOptions) -> Example | Rejection:
    right = _is_right(view)
    if isinstance(right, Rejection):
        return right
    text = "".join(view.labeled.solution.steps).strip()
    verdict = f"Verification: Is the answer correct (Yes/No)? {'Yes' if right else 'No'}"
    turns = [
        {"role": "user", "content": TASK.format(problem=view.problem, solution=text)},
        {"role": "assistant", "content": "\n\n".join((*_critiques(view, right), verdict))},
    ]
    return Example({"messages": turns}, right)


def _critiques(view: View, right: bool) -> list[str]:
    """Models' words on the last step where they agree with the outcome."""
    verdict = Verdict.CORRECT if right else Verdict.WRONG
    evidence = view.steps[-1].labeled.evidence if view.steps else ()
    said = (e.rationale.strip() for e in evidence if e.model and e.verdict is verdict)
    return [text for text in said if text][:1]


OUTCOME_RM = Format(
    name="outcome_rm",
    about="outcome reward model: prompt, completion, label (true: the answer is right)",
    readers="TRL 0.12 and later (unpaired preference: KTOTrainer); sequence classifiers",
    loss="every step label and all evidence; solutions whose outcome is unknown",
    convert=single(_reward),
    whole=True,
    needs_steps=False,
)
OUTCOME_SFT = Format(
    name="outcome_sft",
    about="generative outcome reward model: chat that ends in Yes or No",
    readers="TRL SFTTrainer 0.12 and later (messages), LLaMA-Factory (sharegpt, role and content)",
    loss="every step label; evidence but an agreeing rationale on the last step; solutions whose "
    "outcome is unknown",
    convert=single(_chat),
    whole=True,
    needs_steps=False,
)
