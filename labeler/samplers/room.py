"""Room for so much work at once; who comes when there is none waits, first come first served.

`asyncio.Semaphore` with two differences: an entry takes more than one slot, and how many there are
may change at any time.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class Room:
    """At most `limit()` slots are taken; alone, an entry larger than that still goes in."""

    def __init__(self, limit: Callable[[], int]) -> None:
        self._limit = limit
        self._taken = 0
        self._line: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def taken(self) -> int:
        return self._taken

    @property
    def has_line(self) -> bool:
        """Whether somebody waits."""
        return bool(self._line)

    @asynccontextmanager
    async def entry(self, slots: int) -> AsyncIterator[None]:
        """Waits for its turn, then holds `slots`."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append((slots, turn))
        self.let_in()
        try:
            await turn
            yield
        finally:
            if turn.done() and not turn.cancelled():
                self._taken -= slots
            self.let_in()

    def let_in(self) -> None:
        """Lets in who now fits; to be called when the limit has risen, too."""
        while self._line:
            slots, turn = self._line[0]
            if not turn.done():
                if self._taken and self._taken + slots > self._limit():
                    break
                self._taken += slots
                turn.set_result(None)
            self._line.popleft()
