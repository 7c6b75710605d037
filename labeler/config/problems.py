"""`problems:` and `difficulty_filter:` of a run file: what is labelled.

The settings of a kind of problems stand with their readers (`labeler.problems.sources`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from labeler.problems.source import ProblemSettings
from labeler.problems.sources import PROBLEM_SOURCES
from labeler.settings import Strict

if TYPE_CHECKING:
    ProblemsConfig = ProblemSettings
else:
    ProblemsConfig = Annotated[
        Union[tuple(source.settings for source in PROBLEM_SOURCES.values())],  # noqa: UP007
        Field(discriminator="kind"),
    ]


class DifficultyFilter(Strict):
    """Keeps problems whose share of right samples lies within the bounds (OmegaPRM, appendix A).

    `samples` rollouts are drawn per problem; the paper draws 32 and drops shares of 0 and 1.
    """

    samples: Annotated[int, Field(ge=1)] = 32
    """Rollouts drawn per problem."""
    above: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Kept where the share of right ones is above this ..."""
    below: Annotated[float, Field(gt=0, le=1)] = 1.0
    """... and below this."""
