"""PRM800K's records (arXiv 2305.20050), which are nested.

The first error is the first step that was chosen although rated -1, or has no right completion;
each chosen step keeps its rating. Does not cover ratings of completions that were not chosen: they
are about other solutions, which nobody finished.
Source: github.com/openai/prm800k, the format in its README.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict, ValidationError

from labeler.problems.forms.base import Form, Record
from labeler.problems.written import Unfit, text_of


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


def _is_nested(record: Record) -> bool:
    """Whether both the problem and the label have parts."""
    return isinstance(record["question"], Mapping) and isinstance(record["label"], Mapping)


def _read(record: Record) -> Sequence[Record]:
    try:
        label = _Label.model_validate(record["label"])
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, ("label", *first["loc"])))
        raise Unfit(f"{where}: {first['msg']}") from error
    steps: list[str] = []
    ratings: list[int | None] = []
    for step in label.steps or []:
        completions, chosen = step.completions or [], step.chosen_completion
        if chosen is not None and not 0 <= chosen < len(completions):
            where = f"label.steps.{len(steps)}.chosen_completion"
            raise Unfit(f"{where}: {chosen} is no index of one of {len(completions)}")
        # Where no completion was right, the annotator wrote the step or stopped.
        picked = step.human_completion if chosen is None else completions[chosen]
        if picked is None:
            picked = next((one for one in completions if one.rating == -1), None)
        if picked is None:
            break
        steps.append(picked.text)
        ratings.append(picked.rating)
        if picked.rating == -1:
            break
    question, generation = record["question"], text_of(record, "generation")
    return [
        {
            "problem": question.get("problem"),
            "gold_answer": question.get("ground_truth_answer"),
            "steps": steps,
            "label": len(steps) - 1 if ratings[-1:] == [-1] else -1,
            "labels": ratings,
            "generator": generation and f"PRM800K generation {generation}",
        }
    ]


PRM800K = Form(
    name="prm800k",
    of="PRM800K as released, and its decoded form with ratings",
    fields=("question", "label"),
    fits=_is_nested,
    read=_read,
)
