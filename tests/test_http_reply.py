"""One exchange has one deadline and so many bytes, however a server cuts them up."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import time
import zlib

import pytest

from labeler.http_reply import HttpReply, Late, NoReply, client, exchange
from tests.http_server import Handler, serving


def reply_of(handler: type[Handler], *, deadline_s: float = 10.0, max_bytes: int = 100, n: int = 1):
    async def ask(url: str) -> HttpReply:
        async with client({}) as by:
            for _ in range(n):
                reply = await exchange(
                    by, "GET", url, deadline_s=deadline_s, connect_s=10, max_bytes=max_bytes
                )
            return reply

    with serving(handler) as url:
        return asyncio.run(ask(url))


def saying(body: bytes, **headers: str) -> type[Handler]:
    class Saying(Handler):
        def do_GET(self):
            self.say(200, body, {name.replace("_", "-"): value for name, value in headers.items()})

    return Saying


def test_a_reply_of_just_so_many_bytes_is_read():
    assert reply_of(saying(b"x" * 100)).body == b"x" * 100


def test_one_byte_more_is_not():
    with pytest.raises(NoReply, match="sent more than 100 bytes"):
        reply_of(saying(b"x" * 101))


@pytest.mark.parametrize(("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_what_is_compressed_counts_as_it_is_read(coding, pack):
    assert reply_of(saying(pack(b"x" * 100), Content_Encoding=coding)).body == b"x" * 100
    with pytest.raises(NoReply, match="sent more than 100 bytes"):
        reply_of(saying(pack(b"x" * 1_000_000), Content_Encoding=coding))


@pytest.mark.parametrize("body", [b"no gzip", gzip.compress(b"x" * 99, mtime=0)[:15]])
def test_what_cannot_be_decompressed_is_no_reply(body):
    with pytest.raises(NoReply, match=r"decompressed|half of a compressed body"):
        reply_of(saying(body, Content_Encoding="gzip"))


def test_a_server_that_trickles_is_late():
    class Trickling(Handler):
        def do_GET(self):
            self.send_response_only(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            for _ in range(100):
                self.wfile.write(b" ")
                time.sleep(0.05)

        def handle(self):
            with contextlib.suppress(OSError):
                super().handle()

    started = time.monotonic()
    with pytest.raises(Late, match=r"no end of its answer in 0\.3 s"):
        reply_of(Trickling, deadline_s=0.3)
    assert time.monotonic() - started < 10


def test_text_is_utf_8_whatever_a_server_calls_it():
    reply = reply_of(saying("é".encode() + b"\xff", Content_Type="text/plain; charset=zlib"))
    assert reply.text == "é\ufffd"


def test_a_reply_changes_nothing_of_later_requests():
    seen = []

    class Baking(Handler):
        def do_GET(self):
            seen.append(self.headers.get("Cookie"))
            self.say(200, b"", {"Set-Cookie": f"id={'x' * 50}; Max-Age=9999"})

    reply_of(Baking, n=2)
    assert seen == [None, None]


@pytest.mark.parametrize("body", [b"[" * 200_000, b"9" * 5000, b"{", b"\xff", b""])
def test_a_body_that_cannot_be_read_is_a_value_error(body):
    with pytest.raises(ValueError, match=r".*"):
        HttpReply(200, {}, body).json()
