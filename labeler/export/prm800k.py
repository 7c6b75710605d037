"""PRM800K: `label.steps[].completions[]` with ratings 1, 0, -1.

Source: github.com/openai/prm800k, README, "Labeling data"; arXiv 2305.20050. Ratings are the
labels as they are, so `--neutral` does not apply: readers map 0 themselves (Lessons counts it as
right, TRL's example script as wrong).
"""

from __future__ import annotations

import uuid
from typing import Any

from labeler.export.base import Example, ExportOptions, Format, Step, View, single
from labeler.records import Rejection, Verdict
from labeler.steps import reference_text

UNDATED = "1970-01-01T00:00:00.000000"
"""The format wants a time of labelling, with its microseconds, without which OpenR's reader stops;
the same version must give the same bytes."""


def _rating(step: Step, options: ExportOptions) -> int | None:
    if options.threshold is None and step.labeled.label == 0:
        return 0
    return None if step.target is None else 1 if step.is_right else -1


def _convert(view: View, options: ExportOptions) -> Example | Rejection:
    labeled = view.labeled
    ratings = [_rating(step, options) for step in view.steps]
    found_error = -1 in ratings
    if labeled.solution.outcome is not Verdict.CORRECT and not found_error:
        is_unknown = labeled.solution.outcome is Verdict.UNKNOWN
        known = "unknown" if is_unknown else "wrong, and no step is called so"
        return view.reject(f"its outcome is {known}, so it has no finish reason")
    steps: list[dict[str, Any]] = [
        {
            "completions": [{"text": step.text, "rating": rating, "flagged": False}],
            "human_completion": None,
            "chosen_completion": None if rating == -1 else 0,
        }
        for step, rating in zip(view.steps, ratings, strict=True)
    ]
    content = {
        "labeler": str(uuid.uuid5(uuid.NAMESPACE_OID, labeled.consensus.policy)),
        "timestamp": UNDATED,
        "generation": 0,
        "is_quality_control_question": False,
        "is_initial_screening_question": False,
        "question": {
            "problem": view.problem,
            "ground_truth_solution": reference_text(labeled.problem.reference_solution),
            "ground_truth_answer": labeled.problem.gold_answer or "",
            "pre_generated_steps": [step.text.strip() for step in labeled.steps],
            "pre_generated_answer": labeled.solution.final_answer or "",
        },
        "label": {
            "steps": steps,
            "total_time": 0,
            "finish_reason": "found_error" if found_error else "solution",
        },
    }
    return Example(content, not found_error)


PRM800K = Format(
    name="prm800k",
    about="PRM800K: label.steps[].completions[] with rating 1, 0 or -1",
    readers="readers of openai/prm800k's JSONL, OpenR's preprocessor among them (which takes a "
    "step without a rating for neutral, and so for right)",
    loss="soft labels; evidence; who labelled is the consensus rule, when is not told; "
    "one completion per step",
    convert=single(_convert),
)
