"""Which backend answers which kind of request, and how much it likes at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labeler.checking.base import Checker
from labeler.requests import Check, Reply, Request, Run, Sample, Score
from labeler.samplers.base import Sampler
from labeler.sandbox.base import Sandbox

Address = tuple[type[Request], str]
"""A kind of request, and which model it is for ("" where it is for none)."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where one kind of request goes."""

    fingerprint: str
    answer: Callable[[Any], Awaitable[Sequence[Reply]]]
    """Takes a list of that kind of request; gives as many replies in the same order."""
    rows_per_batch: int
    concurrency: int
    refills: int = 1
    """How many times `rows_per_batch` a batch may hold where more waits than all calls can take."""


def routes(
    samplers: Mapping[str, Sampler], checker: Checker, sandbox: Sandbox | None = None
) -> dict[Address, Route]:
    """Which backend answers which kind of request."""
    found: dict[Address, Route] = {(Check, ""): Route(checker.fingerprint, checker.check, 256, 4)}
    if sandbox is not None:
        # Small batches, some of them waiting: one slow program holds up few others.
        found[Run, ""] = Route(sandbox.fingerprint, sandbox.run, 8, sandbox.concurrency)
    for name, sampler in samplers.items():
        rows, at_once = sampler.rows_per_batch, sampler.concurrency
        found[Sample, name] = Route(
            sampler.fingerprint, sampler.sample, rows, at_once, sampler.refills
        )
        found[Score, name] = Route(sampler.fingerprint, sampler.score, rows, at_once)
    return found


def address(request: Request) -> Address:
    """Where a request goes."""
    return type(request), request.model if isinstance(request, Sample | Score) else ""
