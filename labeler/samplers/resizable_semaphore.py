"""A semaphore whose size may change: who comes when it is full waits, first come first served.

`asyncio.Semaphore` with two differences: who enters takes more than one slot, and how many there
are may change at any time.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class ResizableSemaphore:
    """At most `limit()` slots are taken; alone, a larger request still goes in."""

    def __init__(self, limit: Callable[[], int]) -> None:
        self._limit = limit
        self._taken = 0
        self._waiters: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def taken(self) -> int:
        return self._taken

    @property
    def has_waiters(self) -> bool:
        """Whether somebody waits."""
        return bool(self._waiters)

    @asynccontextmanager
    async def holding(self, slots: int) -> AsyncIterator[None]:
        """Waits for its turn, then holds `slots`."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append((slots, turn))
        self.admit()
        try:
            await turn
            yield
        finally:
            if turn.done() and not turn.cancelled():
                self._taken -= slots
            self.admit()

    def admit(self) -> None:
        """Lets in who now fits; to be called when the limit has risen, too."""
        while self._waiters:
            slots, turn = self._waiters[0]
            if not turn.done():
                if self._taken and self._taken + slots > self._limit():
                    break
                self._taken += slots
                turn.set_result(None)
            self._waiters.popleft()
