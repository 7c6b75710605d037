"""Runs conversations: thousands at once, their requests batched together, replies journalled.

Each kind of request has a `Route` to its backend. A route collects what all conversations wait for,
orders it so that prompts with a common beginning lie side by side, cuts batches of the size the
backend likes, and keeps as many in flight as the backend takes. What the journal knows is never
asked again; equal requests in flight are asked once. No result depends on how batches fell.
"""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_random_exponential

from labeler.driver.batching import Queue, Waiting, order_of
from labeler.driver.conversation import Conversation
from labeler.driver.cost import Cost
from labeler.driver.identity import request_key
from labeler.driver.journal import Journal
from labeler.driver.money import FREE, Purse
from labeler.driver.requests import Failed, OfModel, Reply, Request, Sample
from labeler.driver.routing import Address, Route, address
from labeler.errors import BackendBusy

T = TypeVar("T")

FIRST_PAUSE_S = 0.1
"""Most faults pass at once; pauses are random up to a bound, which doubles each time from here."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a busy backend is asked, and the longest pause between two attempts.

    Twelve attempts with pauses of at most a minute outlast 80 s on average, 160 s at most.
    """

    attempts: int = 12
    longest_pause_s: float = 60.0


class Driver:
    """Runs conversations on routes. Use as an async context manager; one event loop, one driver."""

    def __init__(
        self,
        routes: Mapping[Address, Route],
        journal: Journal,
        *,
        max_active: int = 512,
        retry: Retry | None = None,
        purse: Purse | None = None,
    ) -> None:
        """`max_active` bounds how many conversations, and so how much memory, are open at once;
        `purse` knows what replies cost, and how much they may.
        """
        self._journal = journal
        self._purse = purse or Purse(FREE, journal, "")
        self._retry = retry or Retry()
        self._max_active = max_active
        self._queues = {where: Queue(route) for where, route in routes.items()}
        self._in_flight: dict[bytes, Waiting] = {}
        self._prepared: set[bytes] = set()
        """Asked in preparation and by nobody else yet."""
        self._workers: list[asyncio.Task[None]] = []
        self.busy_s: dict[str, float] = {kind.__name__: 0.0 for kind, _ in routes}
        """Seconds spent in each kind of backend, summed over calls in flight."""

    async def __aenter__(self) -> Driver:
        for (kind, _), queue in self._queues.items():
            for _ in range(queue.route.concurrency):
                self._workers.append(asyncio.create_task(self._serve(kind.__name__, queue)))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)

    async def run(
        self, conversations: Iterable[tuple[str, Conversation[T]]], costs: dict[str, Cost] | None
    ) -> AsyncIterator[tuple[str, T]]:
        """Results by name as they come. The iterable is read only as fast as there is room.

        What was asked is added to `costs`, by requester; None: it is asked in preparation, and is
        billed to whoever asks the same first, as if it had not been asked yet. Several calls may
        run at once; they share batches, and each has its own costs.
        """
        source = iter(conversations)
        active: dict[asyncio.Task[T], str] = {}
        # Each task reports its own end; watching all of them would cost each end a look at all.
        ended: asyncio.Queue[asyncio.Task[Any]] = asyncio.Queue()
        for worker in self._workers:
            worker.add_done_callback(ended.put_nowait)
        try:
            exhausted = False
            while active or not exhausted:
                while not exhausted and len(active) < self._max_active:
                    following = next(source, None)
                    if following is None:
                        exhausted = True
                        break
                    name, conversation = following
                    task = asyncio.create_task(self._converse(name, conversation, costs))
                    task.add_done_callback(ended.put_nowait)
                    active[task] = name
                if not active:
                    break
                done = await ended.get()
                if done not in active:
                    # A worker that ends has failed for good: its error must end the run.
                    done.result()
                else:
                    name = active.pop(done)
                    yield name, done.result()
        finally:
            for worker in self._workers:
                worker.remove_done_callback(ended.put_nowait)
            for task in active:
                task.cancel()
            await asyncio.gather(*active, return_exceptions=True)

    async def _converse(
        self, name: str, conversation: Conversation[T], costs: dict[str, Cost] | None
    ) -> T:
        try:
            requests = next(conversation)
            while True:
                requests = conversation.send(await self._replies(name, requests, costs))
        except StopIteration as stop:
            result: T = stop.value
            return result

    async def _replies(
        self, name: str, requests: Sequence[Request], costs: dict[str, Cost] | None
    ) -> list[Reply]:
        """One reply per request, in order."""
        queues = [self._queues[address(request)] for request in requests]
        keys = [
            request_key(request, queue.route.fingerprint)
            for request, queue in zip(requests, queues, strict=True)
        ]
        known = self._journal.get_all(keys)
        prepares, costs = costs is None, {} if costs is None else costs
        if prepares:
            self._prepared.update(key for key in keys if key not in known)
        asked: list[Reply | asyncio.Future[Reply]] = []
        for request, key, queue in zip(requests, keys, queues, strict=True):
            cost = costs.setdefault(request.requester, Cost())
            reply = known.get(key)
            if reply is None:
                asked.append(self._ask(name, request, key, queue, cost))
            else:
                reused = prepares or key not in self._prepared
                if not reused:
                    self._prepared.remove(key)
                cost.add(reply, reused=reused, money=self._purse.table.price(request, reply))
                asked.append(reply)
        coming = {one for one in asked if isinstance(one, asyncio.Future)}
        if coming:
            # Unlike gather, this leaves the futures alone when the conversation is cancelled: who
            # else waits for one of these replies must still get it.
            await asyncio.wait(coming)
        return [one.result() if isinstance(one, asyncio.Future) else one for one in asked]

    def _ask(
        self, name: str, request: Request, key: bytes, queue: Queue, cost: Cost
    ) -> asyncio.Future[Reply]:
        """The promise of a reply that nobody has yet."""
        shared = self._in_flight.get(key)
        if shared is not None:
            shared.billed_to.append((cost, True))
            return shared.reply
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        rows = request.n if isinstance(request, Sample) else 1
        if isinstance(request, OfModel) and not request.group:
            request = dataclasses.replace(request, group=name)
        asked = Waiting(request, key, reply, order_of(request), rows, [(cost, False)])
        self._in_flight[key] = asked
        queue.waiting.append(asked)
        queue.filled.set()
        return reply

    async def _serve(self, kind: str, queue: Queue) -> None:
        """Takes batches from a queue for ever."""
        while True:
            async with queue.take_lock:
                await queue.filled.wait()
                # Let every conversation that can go on put its requests in before the batch is cut.
                for _ in range(3):
                    await asyncio.sleep(0)
                batch = queue.take()
            requests = [item.request for item in batch]
            aside = await self._purse.set_aside(requests)
            started = time.monotonic()
            try:
                replies = await self._answer(queue.route, requests)
            except BackendBusy as error:
                # Not journalled: a later run asks again.
                replies = [Failed(f"no reply after {self._retry.attempts} tries: {error}")] * len(
                    batch
                )
            else:
                paid = self._purse.pay(requests, replies)
                self._journal.put(
                    ((item.key, reply) for item, reply in zip(batch, replies, strict=True)),
                    paid,
                    self._purse.run,
                )
            await self._purse.settle(aside)
            self.busy_s[kind] += time.monotonic() - started
            for item, reply in zip(batch, replies, strict=True):
                del self._in_flight[item.key]
                item.reply.set_result(reply)
                money = self._purse.table.price(item.request, reply)
                for cost, reused in item.billed_to:
                    cost.add(reply, reused=reused, money=money)

    async def _answer(self, route: Route, requests: list[Request]) -> Sequence[Reply]:
        longest = self._retry.longest_pause_s
        pause = wait_random_exponential(multiplier=FIRST_PAUSE_S, max=longest)

        def wait(state: RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.retry_after_s if isinstance(error, BackendBusy) else None
            # Who says "at once" again and again still gets more and more time.
            return max(pause(state), min(asked or 0.0, longest))

        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(BackendBusy),
            stop=stop_after_attempt(self._retry.attempts),
            wait=wait,
            reraise=True,
        ):
            with attempt:
                return await route.answer(requests)
        raise AssertionError("unreachable: the last attempt returns or raises")
