"""Runs conversations: thousands at once, their requests batched together, replies journalled.

Each kind of request has a `Route` to its backend. A route collects what all conversations wait for,
orders it so that prompts with a common beginning lie side by side, cuts batches of the size the
backend likes, and keeps as many in flight as the backend takes. What the journal knows is never
asked again; equal requests in flight are asked once. No result depends on how batches fell.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_random_exponential

from labeler.collecting import seldom_collecting
from labeler.driver.batching import Queue, Waiter, Waiting, order_of
from labeler.driver.conversation import Conversation
from labeler.driver.cost import Cost
from labeler.driver.identity import request_key
from labeler.driver.journal import Journal
from labeler.driver.money import FREE, Purse
from labeler.driver.requests import Failed, Reply, Request, Sample
from labeler.driver.routing import OF_MODEL, Address, Route, address, in_group
from labeler.driver.talk import Talk
from labeler.errors import BackendBusy

T = TypeVar("T")

FIRST_PAUSE_S = 0.1
"""Most faults pass at once; pauses are random up to a bound, which doubles each time from here."""

MISSING = Failed("not there yet")


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
        self._stack = ExitStack()
        self.busy_s: dict[str, float] = {kind.__name__: 0.0 for kind, _ in routes}
        """Seconds spent in each kind of backend, summed over calls in flight."""

    async def __aenter__(self) -> Driver:
        self._stack.enter_context(seldom_collecting())
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
        self._stack.close()

    async def run(
        self, conversations: Iterable[tuple[str, Conversation[T]]], costs: dict[str, Cost] | None
    ) -> AsyncIterator[tuple[str, T]]:
        """Results by name as they come. The iterable is read only as fast as there is room.

        What was asked is added to `costs`, by requester; None: it is asked in preparation, and is
        billed to whoever asks the same first, as if it had not been asked yet. Several calls may
        run at once; they share batches, and each has its own costs.
        """
        source = iter(conversations)
        active: set[Talk[T]] = set()
        # Each tells its own end; watching all of them would cost each end a look at all.
        ended: asyncio.Queue[Talk[T] | asyncio.Task[None]] = asyncio.Queue()
        for worker in self._workers:
            worker.add_done_callback(ended.put_nowait)
        try:
            exhausted, n_ended = False, 0
            while active or not exhausted:
                while not exhausted and len(active) < self._max_active:
                    following = next(source, None)
                    if following is None:
                        exhausted = True
                        break
                    name, conversation = following
                    talk = Talk(name, costs, conversation, ended.put_nowait)
                    active.add(talk)
                    talk.go_on(self._ask_all)
                if not active:
                    break
                if n_ended % self._max_active == 0:
                    # Others get their turn even where the journal knows everything.
                    await asyncio.sleep(0)
                done = await ended.get()
                if isinstance(done, asyncio.Task):
                    # A worker that ends has failed for good: its error must end the run.
                    done.result()
                else:
                    active.remove(done)
                    n_ended += 1
                    yield done.name, done.result()
        finally:
            for worker in self._workers:
                worker.remove_done_callback(ended.put_nowait)
            for talk in active:
                # Who else waits for one of its replies still gets it.
                talk.leave()

    def _ask_all(self, talk: Talk[Any], requests: Sequence[Request]) -> None:
        """A round of a conversation: what is known is there, the rest is put on its way."""
        queues = [self._queues[address(request)] for request in requests]
        keys = [
            request_key(request, queue.route.fingerprint)
            for request, queue in zip(requests, queues, strict=True)
        ]
        known = self._journal.get_all(keys)
        prepares, costs = talk.costs is None, {} if talk.costs is None else talk.costs
        if prepares:
            self._prepared.update(key for key in keys if key not in known)
        replies: list[Reply] = []
        n_missing = 0
        for request, key, queue in zip(requests, keys, queues, strict=True):
            cost = costs.get(request.requester)
            if cost is None:
                cost = costs[request.requester] = Cost()
            reply = known.get(key)
            if reply is None:
                self._ask(Waiter(talk, len(replies), cost), request, key, queue)
                reply = MISSING
                n_missing += 1
            else:
                reused = prepares or key not in self._prepared
                if not reused:
                    self._prepared.remove(key)
                cost.add(reply, reused=reused, money=self._purse.table.price(request, reply))
            replies.append(reply)
        talk.begin_round(replies, n_missing)

    def _ask(self, waiter: Waiter, request: Request, key: bytes, queue: Queue) -> None:
        """Puts a request on its way whose reply nobody has yet."""
        shared = self._in_flight.get(key)
        if shared is not None:
            shared.waiters.append(waiter)
            return
        rows = request.n if isinstance(request, Sample) else 1
        if isinstance(request, OF_MODEL) and not request.group:
            request = in_group(request, waiter.talk.name)
        asked = Waiting(request, key, order_of(request), rows, [waiter])
        self._in_flight[key] = asked
        queue.put(asked)

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
            self._deliver(batch, replies)

    def _deliver(self, batch: Sequence[Waiting], replies: Sequence[Reply]) -> None:
        """Bills replies and hands them out; then those go on who wait for nothing more."""
        ready: list[Talk[Any]] = []
        for item, reply in zip(batch, replies, strict=True):
            del self._in_flight[item.key]
            money = self._purse.table.price(item.request, reply)
            reused = False
            for waiter in item.waiters:
                waiter.cost.add(reply, reused=reused, money=money)
                reused = True
                if waiter.talk.take(waiter.place, reply):
                    ready.append(waiter.talk)
        for talk in ready:
            talk.go_on(self._ask_all)

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
