"""What GroundedPRM's verifier and its search can be told, and the prompts that follow from it."""

from __future__ import annotations

from dataclasses import dataclass

from labeler.driver.requests import POLICY, Limits
from labeler.prompts import PromptSet, Task, prompts_sha
from labeler.records import Sampling


@dataclass(frozen=True, slots=True)
class Verifier:
    """The paper's verifier: temperature 0.6, up to 5 `tries` until a verdict can be read.

    `cpu_s` is the processor time of one tool program, in seconds; loading sympy takes about a third
    of one.
    """

    prompts: PromptSet
    model: str = POLICY
    structured: bool = True
    temperature: float = 0.6
    max_tokens: int = 4096
    tries: int = 5
    cpu_s: float = 5.0

    @property
    def sampling(self) -> Sampling:
        return Sampling(temperature=self.temperature, max_tokens=self.max_tokens)

    @property
    def limits(self) -> Limits:
        return Limits(cpu_s=self.cpu_s)


@dataclass(frozen=True, slots=True)
class GroundedSearch:
    """The released code's constants for problems of level 3 and below; `rounds` is 12 above.

    Each round samples `children` continuations of one state. The search ends early with `enough`
    right and as many wrong rollouts. `discount` is what an ancestor gets per step of distance.
    """

    verifier: Verifier
    rounds: int = 8
    children: int = 3
    exploration: float = 1.8
    discount: float = 0.9
    enough: int = 3


@dataclass(frozen=True, slots=True)
class Tasks:
    """The prompts of a verification: what writes the program, and what judges."""

    query: Task
    judge: Task

    @property
    def sha(self) -> str:
        """8 hex digits over both."""
        return prompts_sha([self.query, self.judge])


def verifier_tasks(verifier: Verifier) -> Tasks:
    """Raises `ConfigError` where the prompt set has no place for what is asked."""
    prompts = verifier.prompts
    return Tasks(
        prompts.task("grounded_query", "problem", "steps"),
        prompts.task(
            "grounded_judge", "problem", "steps", "tool_program", "tool_output", "tool_failed"
        ),
    )
