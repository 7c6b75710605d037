"""Equal HTTP servers of one model: who is asked, and how much at once.

A request waits here for room, in the order in which requests came: by default as many completions
are out as the servers have use for (`concurrency_limit.py`), which those with metrics are asked
about while they work. Then it goes to the server whose prefix cache knows it, unless that one is
much busier than its limit allows (`balance.py`); if it does not answer, the next takes over.

With several servers the sum of their limits is kept strictly, each one's own up to the balance's
slack: to send a request elsewhere would cost more, for its prefix is not known there.
"""

from __future__ import annotations

import asyncio
import logging
import math
import resource
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Literal

import httpx

from labeler.api_key import bearer, masked, masking
from labeler.errors import BackendBusy, ConfigError
from labeler.http_reply import HttpReply, Late, NoReply, client, exchange
from labeler.samplers.balance import LoadBalancer
from labeler.samplers.concurrency_limit import MOST, AdaptiveConcurrencyLimit
from labeler.samplers.openai_reply import work_in
from labeler.samplers.openai_wire import Json, Overloaded, Silent, Unreachable, checked_json
from labeler.samplers.queue_metrics import queue_of
from labeler.samplers.resizable_semaphore import ResizableSemaphore

AUTO: Literal["auto"] = "auto"
Concurrency = int | Literal["auto"]
"""Requests at once, or as many as the servers have use for."""

CONNECT_TIMEOUT_S = 10.0
READ_PERIOD_S = 1.0
RAMP_READ_PERIOD_S = 0.5
OTHER_FILES = 256
"""That a run has open: journal, shards, temporary files, checkers, sandboxes."""
METRICS_TIMEOUT_S = 5.0
MOST_MODELS_BYTES, MOST_METRICS_BYTES = 2 << 20, 8 << 20
"""Of a list of models, and of a page of metrics (100 KB for each engine of a group)."""

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
        self._limits = {url: AdaptiveConcurrencyLimit() for url in self.urls}
        self._semaphore = ResizableSemaphore(self._limit)
        self._balance = LoadBalancer(self.urls, self._weight)
        self._with_metrics = set(self.urls if self._is_auto else ())
        self._readers: dict[str, asyncio.Task[None]] = {}
        self._timeout_s = timeout_s
        shown = bearer(api_key_env)
        passwords = [httpx.URL(url).password for url in self.urls]
        self._secrets = [header.removeprefix("Bearer ") for header in shown.values()] + passwords
        self._client = client(shown)

    def masked(self, text: str) -> str:
        """A text that may repeat what a server said, without the key and the passwords."""
        return masked(text, self._secrets)

    def masking(self) -> AbstractContextManager[None]:
        """Errors that leave the block repeat no key."""
        return masking(self._secrets)

    def checked(self, reply: HttpReply, url: str) -> Json:
        """The body of a good reply; raises what another one means."""
        return checked_json(reply, url, self._secrets)

    def slots(self, rows: int) -> AbstractAsyncContextManager[None]:
        """Waits until `rows` more completions may be asked for; holds their slots."""
        return self._semaphore.holding(rows if self._is_auto else 1)

    async def get(
        self, url: str, at_most_s: float, max_bytes: int = MOST_MODELS_BYTES
    ) -> HttpReply:
        """Raises `Unreachable` or `Silent`."""
        return await self._send("GET", url, None, max_bytes, at_most_s)

    async def post(self, path: str, body: Json, group: str, rows: int, max_bytes: int) -> Json:
        """Asks the servers in the order for this group until one answers.

        A path from the root ("/pooling") is one beside the OpenAI API, not below it.
        """
        for url in self._balance.ranked_servers(group, rows):
            adaptive = self._limits[url]
            try:
                with self._balance.asking(url, rows):
                    self._watch(url)
                    reply = await self._send("POST", _address(url, path), body, max_bytes)
                    answer = self.checked(reply, url)
            except Unreachable as error:
                reason = str(error)
                self._balance.mark_failed(url)
                if isinstance(error, Overloaded):
                    adaptive.refused(rows)
                else:
                    adaptive.failed(rows)
            except BackendBusy as error:
                if isinstance(error, Silent):
                    # It may only be slow, so others are not made to work on the same at once.
                    self._balance.mark_failed(url)
                adaptive.refused(rows)
                raise
            else:
                self._balance.mark_healthy(url)
                adaptive.answered(rows, work_in(answer), more=self._semaphore.has_waiters)
                return answer
        raise BackendBusy(reason)

    async def ask(
        self, url: str, path: str, body: Json, max_bytes: int = MOST_MODELS_BYTES
    ) -> Json:
        """Asks this server alone, whatever is under way. Raises as `post`, or `Unreachable`."""
        return self.checked(await self._send("POST", f"{url}/{path}", body, max_bytes), url)

    async def aclose(self) -> None:
        if self._is_auto and not self._client.is_closed:
            for url in self.urls:
                log.info("%s: up to %d completions at once", url, self._balance.most(url))
        for reader in self._readers.values():
            reader.cancel()
        await asyncio.gather(*self._readers.values(), return_exceptions=True)
        await self._client.aclose()

    async def _send(
        self,
        method: str,
        url: str,
        body: Json | None,
        max_bytes: int,
        at_most_s: float = math.inf,
    ) -> HttpReply:
        try:
            return await exchange(
                self._client, method, url, body,
                deadline_s=min(self._timeout_s, at_most_s), connect_s=CONNECT_TIMEOUT_S,
                max_bytes=max_bytes,
            )  # fmt: skip
        except Late as error:
            raise Silent(f"{error}; raise policy.timeout_s")
        except NoReply as error:
            raise Unreachable(str(error))

    def _limit(self) -> int:
        if not self._is_auto:
            return self.calls
        healthy = [url for url in self.urls if not self._balance.in_backoff(url)]
        return sum(self._limits[url].limit for url in healthy or self.urls)

    def _weight(self, url: str) -> int:
        return self._limits[url].limit if self._is_auto else 1

    def _watch(self, url: str) -> None:
        """Has the server's queue read from now on, as long as it works."""
        reader = self._readers.get(url)
        if url in self._with_metrics and (reader is None or reader.done()):
            self._readers[url] = asyncio.create_task(self._keep_reading(url))

    async def _keep_reading(self, url: str) -> None:
        adaptive = self._limits[url]
        while url in self._with_metrics and self._balance.in_flight(url):
            await asyncio.sleep(RAMP_READ_PERIOD_S if adaptive.is_ramping else READ_PERIOD_S)
            await self._read(url, adaptive)
            self._semaphore.admit()

    async def _read(self, url: str, adaptive: AdaptiveConcurrencyLimit) -> None:
        try:
            page = f"{url.removesuffix('/v1')}/metrics"
            reply = await self.get(page, METRICS_TIMEOUT_S, MOST_METRICS_BYTES)
        except (Unreachable, Silent):
            return  # Whether the server is gone, its requests find out.
        if reply.status_code >= 500:
            return
        queue = queue_of(reply.text, self._model)
        if queue is None:
            self._with_metrics.discard(url)
        else:
            adaptive.queue(queue.running, queue.waiting, more=self._semaphore.has_waiters)


def _address(url: str, path: str) -> str:
    return url.removesuffix("/v1") + path if path.startswith("/") else f"{url}/{path}"


def in_total(concurrency: Concurrency, n_servers: int) -> Concurrency:
    """Of all servers, from what is said of each."""
    return concurrency if concurrency == AUTO else concurrency * n_servers


def calls_at_once(concurrency: Concurrency, n_servers: int) -> int:
    """How many requests to have under way at `concurrency` (of all servers together).

    Where it is "auto", as many as there can be rows, but half of the files that this process may
    open at once, for each takes a connection (often 1024 may be opened: `ulimit -n`). For a number
    the process is allowed more files, as far as the system lets it. Raises `ConfigError` where
    they would not be enough: each request beyond them would fail, again and again.
    """
    if concurrency != AUTO:
        allow_files(concurrency)
        return concurrency
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    rows = MOST * n_servers
    return rows if files == resource.RLIM_INFINITY else max(1, min(rows, files // 2))


def allow_files(n_connections: int) -> None:
    """Lets this process open so many connections beside its other files."""
    needed = n_connections + OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or needed <= soft:
        return
    if hard != resource.RLIM_INFINITY and needed > hard:
        raise ConfigError(
            f"concurrency {n_connections:,} needs as many connections, and this process may open "
            f"{hard:,} files; raise the limit (ulimit -Hn {needed}) or lower policy.concurrency"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


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
