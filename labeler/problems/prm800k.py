"""PRM800K's records (arXiv 2305.20050), which are nested, as plain ones for `solved`.

The first error is the first step that was chosen although rated -1, or has no right completion.
Source: github.com/openai/prm800k, the format in its README.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from labeler.problems.base import reject
from labeler.problems.written import text_of
from labeler.records import Rejection


class _Part(BaseModel):
    model_config = ConfigDict(strict=True)


class _Completion(_Part):
    text: str
    rating: int | None = None


class _Step(_Part):
    completions: list[_Completion] | None = None
    chosen_completion: int | None = None
    human_completion: _Completion | None = None


class _Label(_Part):
    steps: list[_Step] | None = None


def is_prm800k(record: Mapping[str, Any]) -> bool:
    """Whether the record is of this form: both its problem and its label have parts."""
    return isinstance(record.get("question"), Mapping) and isinstance(record.get("label"), Mapping)


def plain_record(record: Mapping[str, Any], location: str) -> dict[str, Any] | Rejection:
    """The same with problem, gold_answer, steps and label, or what is wrong with it."""
    try:
        label = _Label.model_validate(record["label"])
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, ("label", *first["loc"])))
        return reject(location, f"{where}: {first['msg']}")
    steps: list[str] = []
    first_error = -1
    for step in label.steps or []:
        completions, chosen = step.completions or [], step.chosen_completion
        if chosen is not None and not 0 <= chosen < len(completions):
            where = f"label.steps.{len(steps)}.chosen_completion"
            return reject(location, f"{where}: {chosen} is no index of one of {len(completions)}")
        # Where no completion was right, the annotator wrote the step or stopped.
        picked = step.human_completion if chosen is None else completions[chosen]
        if picked is None:
            picked = next((one for one in completions if one.rating == -1), None)
        if picked is None:
            break
        steps.append(picked.text)
        if picked.rating == -1:
            first_error = len(steps) - 1
            break
    question, generation = record["question"], text_of(record, "generation")
    return {
        "problem": question.get("problem"),
        "gold_answer": question.get("ground_truth_answer"),
        "steps": steps,
        "label": first_error,
        "generator": generation and f"PRM800K generation {generation}",
    }
