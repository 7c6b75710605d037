"""One HTTP request and its reply, within bounds: a deadline for all of it, and so many bytes.

A time-out of httpx holds for each piece that is read, so a server that trickles would never be
late; and a short compressed body may stand for gigabytes. Here the whole exchange has one deadline,
and what is read is counted while it is decompressed. Nothing of a reply is decoded by what the
server says of itself (`charset=`): text is UTF-8, whatever else it is is replaced.

Does not cover: what status codes and bodies mean, retries, redirects (never followed: they would
take the key along).
"""

from __future__ import annotations

import asyncio
import http.cookiejar
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from labeler.errors import BackendBusy

IDENTITY = {"Accept-Encoding": "identity"}
GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
"""zlib's number for a window that fits either header."""


class NoReply(BackendBusy):
    """No whole reply came: no connection, one that broke, too many bytes, no HTTP.

    `why` says so without the address.
    """

    def __init__(self, url: object, what: str, why: str = "") -> None:
        super().__init__(f"{url} {what}")
        self.why = why or what


class Late(NoReply):
    """The deadline passed."""


@dataclass(frozen=True, slots=True)
class HttpReply:
    """A reply that was read to its end; `body` is what it holds once decompressed."""

    status_code: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def text(self) -> str:
        """The body as UTF-8, without what is no character."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body's value. Raises `ValueError` for what cannot be read, too deep a nest too."""
        try:
            return json.loads(self.body)
        except RecursionError:
            raise ValueError("nested too deeply")


def client(headers: Mapping[str, str], *, trust_env: bool = True) -> httpx.AsyncClient:
    """A client that keeps no cookies: no reply may change what later requests send."""
    refusing = http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    return httpx.AsyncClient(
        headers={**headers, **IDENTITY},
        cookies=refusing,
        limits=httpx.Limits(max_connections=None),
        trust_env=trust_env,
    )


async def exchange(
    by: httpx.AsyncClient,
    method: str,
    url: str,
    body: Any = None,
    *,
    form: Any = None,
    deadline_s: float,
    connect_s: float,
    max_bytes: int,
) -> HttpReply:
    """Sends `body` as JSON and reads the reply. Raises `Late` or `NoReply`, each with a reason.

    `form` is sent instead, as a multipart form: its fields, and its files as httpx has them.

    `deadline_s` counts from now to the last byte, `connect_s` is for the connection alone.
    """
    timeout = httpx.Timeout(deadline_s, connect=min(connect_s, deadline_s), pool=None)
    fields, files = form or (None, None)
    has_begun = False
    try:
        async with (
            asyncio.timeout(deadline_s),
            by.stream(
                method, url, json=body, data=fields, files=files, timeout=timeout
            ) as response,
        ):
            has_begun = True
            content = await _content(response, max_bytes)
            return HttpReply(response.status_code, response.headers, content)
    except (TimeoutError, httpx.ReadTimeout):
        said = "no end of its answer" if has_begun else "no answer"
        raise Late(url, f"gave {said} in {deadline_s} s")
    except httpx.TransportError as error:
        name = type(error).__name__
        raise NoReply(url, f"does not answer ({name})", name)


async def _content(response: httpx.Response, max_bytes: int) -> bytes:
    """The decompressed body. Raises `NoReply`."""
    url = response.url
    unpack = _decompressor(response)
    content = bytearray()
    async for piece in response.aiter_raw():
        try:
            # One byte more than there is room for tells that there is more.
            content += unpack.decompress(piece, max_bytes + 1 - len(content)) if unpack else piece
        except zlib.error:
            raise NoReply(url, "sent a body that cannot be decompressed")
        if len(content) > max_bytes:
            raise NoReply(url, f"sent more than {max_bytes:,} bytes, which is no answer to this")
    if unpack and content and not unpack.eof:
        raise NoReply(url, "sent half of a compressed body")
    return bytes(content)


def _decompressor(response: httpx.Response) -> Any:
    """For the two codings that servers use unasked; None where the body is plain."""
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    if coding in ("", "identity"):
        return None
    if coding in ("gzip", "x-gzip", "deflate"):
        return zlib.decompressobj(GZIP_OR_ZLIB)
    raise NoReply(response.url, f"sent a body in the coding {coding[:20]!r}, not asked for")
