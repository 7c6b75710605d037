"""Where a kind of request goes, and how much is liked there at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from labeler.driver.requests import Act, OfModel, Reply, Request

Address = tuple[type[Request], str]
"""A kind of request, and which model or environment it is for ("" where it is for none)."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where one kind of request goes."""

    fingerprint: str
    answer: Callable[[Any], Awaitable[Sequence[Reply]]]
    """Takes a list of that kind of request; gives as many replies in the same order."""
    rows_per_batch: int
    concurrency: int
    oversubscription: int = 1
    """How many times `rows_per_batch` a batch may hold where more waits than all calls can take."""


def address(request: Request) -> Address:
    """Where a request goes."""
    if isinstance(request, OfModel):
        return type(request), request.model
    return type(request), request.environment if isinstance(request, Act) else ""
