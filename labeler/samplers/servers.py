"""Equal HTTP servers of one model: who is asked, and how much at once.

A request waits here for room, in the order in which requests came: by default as many completions
are out as the servers have use for (`pace.py`), which those with metrics are asked about while they
work. Then it goes to the server whose prefix cache knows it, unless that one is much busier than
its limit allows (`balance.py`); if it does not answer, the next takes over.

With several servers the sum of their limits is kept strictly, each one's own up to the balance's
slack: to send a request elsewhere would cost more, for its prefix is not known there.
"""

from __future__ import annotations

import asyncio
import logging
import math
import resource
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Literal

import httpx

from labeler.api_key import bearer
from labeler.errors import BackendBusy, ConfigError
from labeler.samplers.balance import Balance
from labeler.samplers.openai_wire import (
    Json,
    Overloaded,
    Silent,
    Unreachable,
    checked_json,
    work_in,
)
from labeler.samplers.pace import MOST, Pace
from labeler.samplers.queue_metrics import queue_of
from labeler.samplers.room import Room

AUTO: Literal["auto"] = "auto"
Concurrency = int | Literal["auto"]
"""Requests at once, or as many as the servers have use for."""

CONNECT_TIMEOUT_S = 10.0
READ_PERIOD_S = 1.0
RAMP_READ_PERIOD_S = 0.5
METRICS_TIMEOUT_S = 5.0

log = logging.getLogger("labeler.engine")


class Servers:
    """The servers at `urls` (one without a path gets `/v1`), asked for `model`.

    `calls` is how many requests can be under way, waiting ones included.
    """

    def __init__(
        self,
        urls: Sequence[str],
        model: str,
        *,
        api_key_env: str | None,
        concurrency: Concurrency,
        timeout_s: float,
    ) -> None:
        if (concurrency != AUTO and concurrency < 1) or timeout_s <= 0:
            raise ConfigError("concurrency must be at least 1 and timeout_s above 0")
        self.urls = _base_urls(urls)
        self.calls = calls_at_once(concurrency, len(self.urls))
        self._model = model
        self._is_auto = concurrency == AUTO
        self._paces = {url: Pace() for url in self.urls}
        self._room = Room(self._limit)
        self._balance = Balance(self.urls, self._weight)
        self._with_metrics = set(self.urls if self._is_auto else ())
        self._readers: dict[str, asyncio.Task[None]] = {}
        self._timeout_s, self._connect_s = timeout_s, min(CONNECT_TIMEOUT_S, timeout_s)
        self._client = httpx.AsyncClient(
            headers=bearer(api_key_env), limits=httpx.Limits(max_connections=None)
        )

    def room(self, rows: int) -> AbstractAsyncContextManager[None]:
        """Waits until `rows` more completions may be asked for; holds their room."""
        return self._room.entry(rows if self._is_auto else 1)

    async def get(self, url: str, at_most_s: float) -> httpx.Response:
        """Raises `Unreachable` or `Silent`."""
        return await self._send("GET", url, None, at_most_s)

    async def post(self, path: str, body: Json, group: str, rows: int) -> Json:
        """Asks the servers in the order for this group until one answers."""
        for url in self._balance.order(group, rows):
            pace = self._paces[url]
            try:
                with self._balance.asking(url, rows):
                    self._watch(url)
                    answer = checked_json(await self._send("POST", f"{url}/{path}", body), url)
            except Unreachable as error:
                reason = str(error)
                self._balance.rest(url)
                if isinstance(error, Overloaded):
                    pace.refused(rows)
                else:
                    pace.failed(rows)
            except BackendBusy as error:
                if isinstance(error, Silent):
                    # It may only be slow, so others are not made to work on the same at once.
                    self._balance.rest(url)
                pace.refused(rows)
                raise
            else:
                self._balance.well(url)
                pace.answered(rows, work_in(answer), more=self._room.has_line)
                return answer
        raise BackendBusy(reason)

    async def ask(self, url: str, path: str, body: Json) -> Json:
        """Asks this server alone, whatever is under way. Raises as `post`, or `Unreachable`."""
        return checked_json(await self._send("POST", f"{url}/{path}", body), url)

    async def aclose(self) -> None:
        if self._is_auto and not self._client.is_closed:
            for url in self.urls:
                log.info("%s: up to %d completions at once", url, self._balance.most(url))
        for reader in self._readers.values():
            reader.cancel()
        await asyncio.gather(*self._readers.values(), return_exceptions=True)
        await self._client.aclose()

    async def _send(
        self, method: str, url: str, body: Json | None, at_most_s: float = math.inf
    ) -> httpx.Response:
        timeout = httpx.Timeout(min(self._timeout_s, at_most_s), connect=self._connect_s, pool=None)
        try:
            return await self._client.request(method, url, json=body, timeout=timeout)
        except httpx.ReadTimeout:
            raise Silent(f"{url} gave no answer in {timeout.read} s; raise policy.timeout_s")
        except httpx.TransportError as error:
            raise Unreachable(f"{url} does not answer ({type(error).__name__})")

    def _limit(self) -> int:
        if not self._is_auto:
            return self.calls
        well = [url for url in self.urls if not self._balance.rests(url)]
        return sum(self._paces[url].limit for url in well or self.urls)

    def _weight(self, url: str) -> int:
        return self._paces[url].limit if self._is_auto else 1

    def _watch(self, url: str) -> None:
        """Has the server's queue read from now on, as long as it works."""
        reader = self._readers.get(url)
        if url in self._with_metrics and (reader is None or reader.done()):
            self._readers[url] = asyncio.create_task(self._keep_reading(url))

    async def _keep_reading(self, url: str) -> None:
        pace = self._paces[url]
        while url in self._with_metrics and self._balance.in_flight(url):
            await asyncio.sleep(RAMP_READ_PERIOD_S if pace.is_ramping else READ_PERIOD_S)
            await self._read(url, pace)
            self._room.let_in()

    async def _read(self, url: str, pace: Pace) -> None:
        try:
            response = await self.get(f"{url.removesuffix('/v1')}/metrics", METRICS_TIMEOUT_S)
        except (Unreachable, Silent):
            return  # Whether the server is gone, its requests find out.
        if response.status_code >= 500:
            return
        queue = queue_of(response.text, self._model)
        if queue is None:
            self._with_metrics.discard(url)
        else:
            pace.queue(queue.running, queue.waiting, more=self._room.has_line)


def in_total(concurrency: Concurrency, n_servers: int) -> Concurrency:
    """Of all servers, from what is said of each."""
    return concurrency if concurrency == AUTO else concurrency * n_servers


def calls_at_once(concurrency: Concurrency, n_servers: int) -> int:
    """How many requests to have under way at `concurrency` (of all servers together).

    Where it is "auto", as many as there can be rows, but half of the files that this process may
    open at once, for each takes a connection (often 1024 may be opened: `ulimit -n`).
    """
    if concurrency != AUTO:
        return concurrency
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    rows = MOST * n_servers
    return rows if files == resource.RLIM_INFINITY else max(1, min(rows, files // 2))


def _base_urls(urls: Sequence[str]) -> tuple[str, ...]:
    if not urls:
        raise ConfigError("urls is empty; name a server, as in http://localhost:8000")
    bases = []
    for text in urls:
        try:
            url = httpx.URL(text)
        except httpx.InvalidURL as error:
            raise ConfigError(f"{text!r} is not an address ({error})")
        if url.scheme not in ("http", "https") or not url.host:
            raise ConfigError(
                f"{text!r} is not an address; it must look like http://localhost:8000"
            )
        bases.append(text.rstrip("/") + ("/v1" if url.path in ("", "/") else ""))
    return tuple(bases)
