"""Who waits for room comes in as soon as there is room, in the order of coming."""

from __future__ import annotations

import asyncio

from labeler.samplers.resizable_semaphore import ResizableSemaphore


class Visits:
    """Visitors by name; each stays until told to go."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.semaphore = ResizableSemaphore(lambda: self.limit)
        self.inside: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def come(self, name: str, places: int) -> list[str]:
        self.tasks[name] = asyncio.create_task(self._visit(name, places))
        return await self.now()

    async def go(self, name: str) -> list[str]:
        self.tasks[name].cancel()
        return await self.now()

    async def now(self) -> list[str]:
        for _ in range(5):
            await asyncio.sleep(0)
        return sorted(self.inside)

    async def _visit(self, name: str, places: int) -> None:
        async with self.semaphore.holding(places):
            self.inside.append(name)
            try:
                await asyncio.Event().wait()
            finally:
                self.inside.remove(name)


def test_places_are_given_in_the_order_of_coming():
    async def visit():
        visits = Visits(10)
        await visits.come("a", 6)
        await visits.come("b", 6)
        assert await visits.come("c", 1) == ["a"], "c would fit, but b came before"
        assert visits.semaphore.has_waiters
        assert await visits.go("a") == ["b", "c"]
        assert (visits.semaphore.taken, visits.semaphore.has_waiters) == (7, False)
        await visits.go("b")
        await visits.go("c")
        assert visits.semaphore.taken == 0

    asyncio.run(visit())


def test_who_gives_up_waiting_holds_up_nobody():
    async def visit():
        visits = Visits(10)
        await visits.come("a", 6)
        await visits.come("b", 6)
        await visits.come("c", 1)
        assert await visits.go("b") == ["a", "c"]
        assert visits.semaphore.taken == 7

    asyncio.run(visit())


def test_who_is_larger_than_the_room_comes_in_alone():
    async def visit():
        visits = Visits(10)
        await visits.come("a", 1)
        assert await visits.come("b", 64) == ["a"]
        await visits.come("c", 1)
        assert await visits.go("a") == ["b"]
        assert await visits.go("b") == ["c"]

    asyncio.run(visit())


def test_room_may_grow_and_shrink():
    async def visit():
        visits = Visits(1)
        await visits.come("a", 1)
        await visits.come("b", 1)
        visits.limit = 2
        visits.semaphore.admit()
        assert await visits.now() == ["a", "b"]
        visits.limit = 1
        await visits.come("c", 1)
        assert await visits.go("a") == ["b"]
        assert await visits.go("b") == ["c"]

    asyncio.run(visit())
