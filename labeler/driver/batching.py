"""Which of the requests that wait for a backend go there together.

Prompts with a common beginning lie side by side, so that an engine computes it once; batches have
the size that the backend likes.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right, insort
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, NamedTuple

from labeler.driver.cost import Cost
from labeler.driver.requests import (
    Act,
    Check,
    Classify,
    Prompt,
    Request,
    Run,
    Sample,
    Score,
)
from labeler.driver.routing import Route
from labeler.driver.talk import Talk


class Waiter(NamedTuple):
    """A conversation that waits for a reply, at which place of its round, and who is billed."""

    talk: Talk[Any]
    place: int
    cost: Cost


@dataclass(slots=True)
class Waiting:
    """A request on its way, and who waits for the reply; all but the first have it for nothing."""

    request: Request
    key: bytes
    order: str
    rows: int
    waiters: list[Waiter]


@dataclass(slots=True)
class Queue:
    """What waits on one route."""

    route: Route
    waiting: list[Waiting] = field(default_factory=list)
    filled: asyncio.Event = field(default_factory=asyncio.Event)
    take_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by the one worker that looks what waits: not all idle ones wake for each request."""
    last_taken: str = ""

    def put(self, item: Waiting) -> None:
        """One more that waits, in its place among those whose prompts begin alike."""
        insort(self.waiting, item, key=_by_order)
        self.filled.set()

    def take(self) -> list[Waiting]:
        """The next batch: neighbours in prompt order, going round so that nothing starves."""
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


def prompt_order(prompt: Prompt) -> str:
    """Sort key under which prompts that share a beginning are neighbours."""
    return "\x00".join([*[message.content for message in prompt.messages], prompt.prefix])


def order_of(request: Request) -> str:
    """Sort key of what waits on a route."""
    return _ORDERS[type(request)](request)


_ORDERS: dict[type[Request], Callable[[Any], str]] = {
    **dict.fromkeys((Sample, Score, Classify), lambda asked: prompt_order(asked.prompt)),
    Check: attrgetter("problem.problem_id"),
    Run: attrgetter("program"),
    Act: attrgetter("call.arguments"),
}
