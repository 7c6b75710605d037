"""What a verifier with a tool can be told, and the prompts that follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, model_validator

from labeler.driver.requests import Limits
from labeler.labelers.method import Prompted
from labeler.prompts import Task, prompts_sha


class Verifier(Prompted):
    """What methods share that verify with a tool: up to `tries` until a verdict can be read.

    The paper's temperature (0.6) and tries (5). `cpu_s` is the processor time of one tool program,
    in seconds; loading sympy takes about a third of one.
    """

    temperature: Annotated[float, Field(ge=0)] = 0.6
    tries: Annotated[int, Field(ge=1)] = 5
    cpu_s: Annotated[float, Field(gt=0)] = 5.0

    @property
    def limits(self) -> Limits:
        return Limits(cpu_s=self.cpu_s)

    @model_validator(mode="after")
    def _tries_differ(self) -> Verifier:
        if self.tries > 1 and self.temperature == 0:
            raise ValueError("tries at temperature 0 are all the same; set tries: 1")
        return self


@dataclass(frozen=True, slots=True)
class Tasks:
    """The prompts of a verification: what writes the program, and what judges."""

    query: Task
    judge: Task

    @property
    def all(self) -> tuple[Task, ...]:
        return (self.query, self.judge)

    @property
    def sha(self) -> str:
        """8 hex digits over both."""
        return prompts_sha(self.all)


def verifier_tasks(verifier: Verifier) -> Tasks:
    """Raises `ConfigError` where the prompt set has no place for what is asked."""
    prompts = verifier.prompt_set
    return Tasks(
        prompts.task("grounded_query", "problem", "steps"),
        prompts.task(
            "grounded_judge", "problem", "steps", "tool_program", "tool_output", "tool_failed"
        ),
    )
