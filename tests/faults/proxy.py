"""A real HTTP proxy that spoils some replies, between a sampler and a server that works.

Which replies are spoilt, and how, follows from the seed, the request's body and how often that body
came, so a test is the same on a quick and on a slow machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from threading import Event, Thread

import httpx

FAULTS = (
    "busy", "broken", "hang", "reset", "truncated", "too few choices", "too many choices", "empty"
)  # fmt: skip


class FaultProxy:
    """Passes requests on to `upstream`; of the replies to POST, `share` are spoilt.

    `loading` requests of any kind get 503 first, as from a server that loads its model. After
    `goes_after` replies the proxy `goes` for good: "dead" (it hangs up) or "silent" (it says
    nothing). `spoilt` counts faults by name, `asked` how often each body reached the upstream,
    which may be another one at any time.
    """

    def __init__(
        self,
        upstream: str,
        *,
        share: float = 0.0,
        faults: Sequence[str] = FAULTS,
        seed: int = 0,
        loading: int = 0,
        retry_after: str = "1",
        goes_after: int | None = None,
        goes: str = "",
    ) -> None:
        self.upstream = upstream
        self._share, self._faults, self._seed = share, faults, seed
        self._loading, self._retry_after = loading, retry_after
        self._came: Counter[bytes] = Counter()
        self._goes_after, self._goes = goes_after, goes
        self.spoilt: Counter[str] = Counter()
        self.asked: Counter[bytes] = Counter()
        self._serving: set[asyncio.Task[None]] = set()
        self.url = ""

    async def run(self, ready: Callable[[], None], stop: asyncio.Event) -> None:
        async with httpx.AsyncClient(
            timeout=60, limits=httpx.Limits(max_connections=None)
        ) as client:
            self._client = client
            server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
            self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
            ready()
            await stop.wait()
            server.close()
            # Whoever is still being served holds connections, which nobody else would close.
            for one in self._serving:
                one.cancel()
            await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            # Whoever hangs up in the middle is no concern of a proxy.
            with contextlib.suppress(
                ConnectionError, asyncio.IncompleteReadError, httpx.TransportError
            ):
                await self._serve_all(reader, writer)
        finally:
            writer.transport.abort()
            self._serving.discard(task)

    async def _serve_all(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request after the other, until a fault ends the connection."""
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, path, _ = head[0].split(" ")
            length = [line[15:] for line in head if line.lower().startswith("content-length:")]
            body = await reader.readexactly(int(length[0]) if length else 0)
            if not await self._answer(method, path, body, reader, writer):
                break

    async def _answer(
        self,
        method: str,
        path: str,
        body: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        """Whether the connection lives on."""
        fault = self._fault(method, body)
        if fault:
            self.spoilt[fault] += 1
        match fault:
            case "dead":
                return False
            case "hang" | "silent":
                await reader.read()
                return False
            case "loading":
                _send(writer, 503, b'{"error": {"message": "loading"}}')
            case "busy":
                _send(writer, 429, b"{}", f"Retry-After: {self._retry_after}")
            case "broken":
                _send(writer, 500, b"<html>Internal Server Error</html>")
            case _:
                self.asked[body] += method == "POST"
                address = self.upstream.removesuffix("/v1") + path
                try:
                    reply = await self._client.request(method, address, content=body)
                except httpx.ConnectError:
                    self.asked[body] -= method == "POST"  # nobody was there
                    raise
                return await self._pass_on(fault, reply.status_code, reply.content, writer)
        await writer.drain()
        return True

    async def _pass_on(
        self, fault: str, status: int, data: bytes, writer: asyncio.StreamWriter
    ) -> bool:
        if fault == "reset":
            _send(writer, status, data, cut=len(data) // 2)
            await writer.drain()
            # Let the first half travel before the connection is torn down.
            await asyncio.sleep(0.01)
            return False
        if fault == "truncated":
            data = data[: len(data) // 2]
        elif fault and status == httpx.codes.OK:
            data = json.dumps(_changed(json.loads(data), fault)).encode()
        _send(writer, status, data)
        await writer.drain()
        return True

    def _fault(self, method: str, body: bytes) -> str:
        if self._goes_after is not None and self.asked.total() >= self._goes_after:
            return self._goes
        if self._loading:
            self._loading -= 1
            return "loading"
        if method != "POST":
            return ""
        self._came[body] += 1
        name = f"{self._seed} {hashlib.sha256(body).hexdigest()} {self._came[body]}"
        rng = random.Random(name)
        return rng.choice(self._faults) if rng.random() < self._share else ""


def _changed(reply: dict, fault: str) -> dict:
    choices = reply["choices"]
    if fault == "too few choices":
        return reply | {"choices": choices[1:]}
    if fault == "too many choices":
        return reply | {"choices": [*choices, choices[0] | {"index": len(choices)}]}
    said = {"text": ""}
    if "message" in choices[0]:
        said = {"message": {"role": "assistant", "content": ""}}
    empty = {"choices": [choice | said for choice in choices]}
    return reply | empty | {"usage": reply["usage"] | {"completion_tokens": 0}}


def _send(
    writer: asyncio.StreamWriter, status: int, data: bytes, *lines: str, cut: int | None = None
) -> None:
    head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(data)}", *lines]
    writer.write("\r\n".join([*head, "", ""]).encode() + data[:cut])


@contextlib.contextmanager
def running(*proxies: FaultProxy) -> Iterator[None]:
    """Serves until the block ends, all in one thread."""

    async def serve() -> None:
        nonlocal stop
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        ended.append(lambda: loop.call_soon_threadsafe(stop.set))
        await asyncio.gather(*(proxy.run(waiting.pop().set, stop) for proxy in proxies))

    stop: asyncio.Event
    ended: list[Callable[[], object]] = []
    started = [Event() for _ in proxies]
    waiting = list(started)
    thread = Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        for event in started:
            assert event.wait(60)
        yield
    finally:
        ended[0]()
        thread.join(60)
