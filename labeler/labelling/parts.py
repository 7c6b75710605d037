"""What a run is made of, how far it is, and what it did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labeler.checking.base import Checker
from labeler.dataset.storage import Location
from labeler.driver.cost import Cost
from labeler.driver.money import FREE, PriceTable
from labeler.environments.base import Environment
from labeler.labelling.pipeline import Recipe
from labeler.records import Problem, Rejection
from labeler.samplers.base import Needs, Sampler
from labeler.sandbox.base import Sandbox

if TYPE_CHECKING:
    from labeler.config import RunOptions


@dataclass(frozen=True, slots=True)
class Parts:
    """What a run is made of; `labeler.wiring` builds it from a config."""

    problems: Sequence[Problem]
    """Read more than once, a few at a time: they may lie on disk (`labeler.spool`)."""
    rejections: tuple[Rejection, ...]
    samplers: Mapping[str, Sampler]
    """By the name under which requests ask for them; `POLICY` writes the solutions."""
    checker: Checker
    recipe: Recipe
    options: RunOptions
    config_sha: str
    seed: int
    needs: Mapping[str, Needs] = field(default_factory=dict)
    """What the run asks of its models, by name; those not named are not probed."""
    sandbox: Sandbox | None = None
    """Where programs run; None where none is needed."""
    environments: Sequence[Environment] = ()
    """What answers the policy's calls of tools."""
    prices: PriceTable = FREE
    """What models cost, and how much the run may spend."""
    again: int = 0
    """How often problems of it were labelled and taken out before: another run each time."""
    earlier_shas: tuple[str, ...] = ()
    """What `config_sha` would have been in earlier versions, to recognise their runs."""

    async def aclose(self) -> None:
        """Lets go of models, environments, checker and sandbox."""
        for sampler in self.samplers.values():
            await sampler.aclose()
        for environment in self.environments:
            await environment.aclose()
        await self.checker.aclose()
        if self.sandbox is not None:
            await self.sandbox.aclose()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is; tokens are those generated, replayed ones included."""

    done: int
    total: int
    samples: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a run did. `already_there` tells that the version existed before."""

    out: Location
    run_id: str
    version: int
    n_problems: int
    n_solutions: int
    rejections: dict[str, int]
    cost: dict[str, Cost]
    statistics: dict[str, dict[str, int]]
    seconds: float
    already_there: bool = False
    reasons: dict[str, int] = field(default_factory=dict)
    """Why most of what was rejected was: the three most frequent reasons."""
    spent: float = 0.0
    """What this run paid for replies, in `currency`; "" where no price is known."""
    currency: str = ""
    labelers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Where they were not all asked about everything: `dropped` and `degraded`, each with why."""
    changes: tuple[str, ...] = ()
    """What became of problems that were changed or deleted, one line each."""
