"""`problems:` and `difficulty_filter:` of a run file: what is labelled."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from labeler.settings import Strict

MOST_PROBLEMS = 1_000_000
"""Some minutes of work before the first is labelled; another `seed` makes others."""


class DifficultyConfig(Strict):
    """Oracle problems: steps without the answer, largest number, chance of a distractor."""

    min_steps: Annotated[int, Field(ge=2, le=16)] = 4
    max_steps: Annotated[int, Field(ge=2, le=16)] = 8
    max_number: Annotated[int, Field(ge=40)] = 150
    distractors: Annotated[float, Field(ge=0, lt=1)] = 0.15

    @model_validator(mode="after")
    def _ordered(self) -> DifficultyConfig:
        if self.min_steps > self.max_steps:
            raise ValueError(f"min_steps {self.min_steps} is above max_steps {self.max_steps}")
        return self


class OracleProblems(Strict):
    """Generated word problems with known truth."""

    kind: Literal["oracle"]
    n: Annotated[int, Field(ge=1, le=MOST_PROBLEMS)]
    seed: int = 1
    difficulty: DifficultyConfig = DifficultyConfig()


class FileProblems(Strict):
    """GSM8K, MATH, HumanEval, MBPP or CRUXEval lines, or a plain JSONL/Parquet file of problems."""

    kind: Literal["gsm8k", "math", "plain", "humaneval", "mbpp", "cruxeval"]
    path: str
    limit: Annotated[int, Field(ge=1)] | None = None


class HubProblems(Strict):
    """A Hugging Face dataset id or local folder; `columns` maps problem fields to its columns.

    `form` gsm8k or math reads the columns that those sets have (question, answer, ...).
    """

    kind: Literal["hub"]
    dataset: str
    columns: dict[str, str]
    form: Literal["columns", "gsm8k", "math"] = "columns"
    split: str = "train"
    subset: str | None = None
    revision: str | None = None
    limit: Annotated[int, Field(ge=1)] | None = None


class SolvedProblems(Strict):
    """A file of solutions that exist already: they are labelled, nothing is solved."""

    kind: Literal["solved"]
    path: str
    limit: Annotated[int, Field(ge=1)] | None = None


class DifficultyFilter(Strict):
    """Keeps problems whose share of right samples lies within the bounds (OmegaPRM, appendix A).

    `samples` rollouts are drawn per problem; the paper draws 32 and drops shares of 0 and 1.
    """

    samples: Annotated[int, Field(ge=1)] = 32
    above: Annotated[float, Field(ge=0, lt=1)] = 0.0
    below: Annotated[float, Field(gt=0, le=1)] = 1.0


ProblemsConfig = Annotated[
    OracleProblems | FileProblems | HubProblems | SolvedProblems, Field(discriminator="kind")
]
