"""Which of the requests that wait for a backend go there together.

Prompts with a common beginning lie side by side, so that an engine computes it once; batches have
the size that the backend likes.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from dataclasses import dataclass, field
from operator import attrgetter

from labeler.driver.cost import Cost
from labeler.driver.requests import (
    Act,
    Check,
    Classify,
    Prompt,
    Reply,
    Request,
    Run,
    Sample,
    Score,
)
from labeler.driver.routing import Route


@dataclass(slots=True)
class Waiting:
    """A request on its way, who waits for the reply, and to whom it is billed."""

    request: Request
    key: bytes
    reply: asyncio.Future[Reply]
    order: str
    rows: int
    billed_to: list[tuple[Cost, bool]]
    """Each with whether another has asked before."""


@dataclass(slots=True)
class Queue:
    """What waits on one route."""

    route: Route
    waiting: list[Waiting] = field(default_factory=list)
    filled: asyncio.Event = field(default_factory=asyncio.Event)
    take_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by the one worker that looks what waits: not all idle ones wake for each request."""
    last_taken: str = ""

    def take(self) -> list[Waiting]:
        """The next batch: neighbours in prompt order, going round so that nothing starves."""
        # Sorted but for what came since the last batch: nearly linear, in comparisons alone.
        self.waiting.sort(key=_by_order)
        start = bisect_right(self.waiting, self.last_taken, key=_by_order) % len(self.waiting)
        batch: list[Waiting] = []
        rows, room = 0, self._room()
        for item in self.waiting[start:] + self.waiting[:start]:
            if batch and rows + item.rows > room:
                break
            batch.append(item)
            rows += item.rows
        end = start + len(batch)
        wrapped = max(0, end - len(self.waiting))
        self.waiting = self.waiting[wrapped:start] + self.waiting[end:]
        self.last_taken = batch[-1].order
        if not self.waiting:
            self.filled.clear()
        return batch

    def _room(self) -> int:
        """Rows of the next batch: a call's fair share of what waits, within the route's bounds."""
        rows, most = (
            self.route.rows_per_batch,
            self.route.rows_per_batch * self.route.oversubscription,
        )
        if rows == most:
            return rows
        waiting = sum(item.rows for item in self.waiting)
        return max(rows, min(most, waiting // self.route.concurrency))


_by_order = attrgetter("order")


def order_of(request: Request) -> str:
    """Sort key of what waits on a route."""
    match request:
        case Sample() | Score() | Classify():
            return prompt_order(request.prompt)
        case Check():
            return request.problem.problem_id
        case Run():
            return request.program
        case Act():
            return request.call.arguments


def prompt_order(prompt: Prompt) -> str:
    """Sort key under which prompts that share a beginning are neighbours."""
    return "\x00".join((*(message.content for message in prompt.messages), prompt.prefix))
