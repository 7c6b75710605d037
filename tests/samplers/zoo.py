"""Replies that no server should send, some hundred of them, and the server that sends them.

`zoo()` is generated: every field of a good reply with every value that is not its own (types,
nests, sizes, numbers, encodings), good replies cut off or damaged on the wire, and bodies that
trickle or never end. `ZooServer` says them as bytes, for no HTTP library would.
"""

from __future__ import annotations

import gzip
import itertools
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

GOOD: dict[str, Any] = {
    "id": "1",
    "model": "m",
    "choices": [{"index": 0, "text": "Hi", "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1},
}
TOLD = {"tokens": ["H", "i"], "token_logprobs": [-0.5, -0.25]}
DEEP = 100_000


@dataclass(frozen=True)
class Animal:
    """One reply: its name, its bytes, and whether bytes go on coming until the client hangs up."""

    name: str
    said: bytes
    goes_on: bytes = b""
    pause_s: float = 0.0
    logprobs: bool = False


def raw(value: str) -> Any:
    """JSON text that stands for a value which `json.dumps` would not write."""
    return _Raw(value)


class _Raw(str):
    pass


WRONG: dict[str, Any] = {
    "true": True,
    "minus": -1,
    "list": [1],
    "nested list": [[[]]],
    "record": {"a": 1},
    "part": 0.5,
    "endless": raw("1e400"),
    "minus endless": raw("-Infinity"),
    "no number": raw("NaN"),
    "long number": 10**4000,
    "too long a number": raw("9" * 5000),
    "great": 10**18,
    "surrogate": raw('"\\ud800"'),
    "deep list": raw("[" * DEEP + "]" * DEEP),
    "deep record": raw('{"a":' * DEEP + "1" + "}" * DEEP),
    "deep, open": raw("[" * DEEP),
    "digits": "12",
    "empty text": "",
    "nothing": None,
}

FIELDS: dict[str, tuple[tuple[str | int, ...], frozenset[str]]] = {
    "choices": (("choices",), frozenset()),
    "a choice": (("choices", 0), frozenset()),
    "index": (("choices", 0, "index"), frozenset({"minus", "long number", "great"})),
    "text": (("choices", 0, "text"), frozenset({"digits", "empty text", "nothing"})),
    "finish_reason": (("choices", 0, "finish_reason"), frozenset({"digits", "empty text"})),
    "usage": (("usage",), frozenset({"nothing", "record"})),
    "completion_tokens": (("usage", "completion_tokens"), frozenset({"nothing"})),
    "prompt_tokens": (("usage", "prompt_tokens"), frozenset({"nothing"})),
    "logprobs": (("choices", 0, "logprobs"), frozenset({"nothing", "empty text", "record"})),
    "tokens": (("choices", 0, "logprobs", "tokens"), frozenset()),
    "a token": (("choices", 0, "logprobs", "tokens", 0), frozenset({"digits", "empty text"})),
    "token_logprobs": (("choices", 0, "logprobs", "token_logprobs"), frozenset()),
    "a log-probability": (
        ("choices", 0, "logprobs", "token_logprobs", 1),
        frozenset({"minus"}),
    ),
    "content": (("choices", 0, "logprobs", "content"), frozenset({"nothing", "empty text"})),
}
"""Where each field lies, and the values of `WRONG` that it may have after all (log-probabilities
that are not there are no fault: such a server cannot give any)."""


@cache
def zoo() -> list[Animal]:
    """All of them, in a fixed order; none of them is a reply to be taken."""
    return [*_fields(), *_bodies(), *_cut_off(), *_wires(), *_endless()]


def http(body: bytes, *headers: bytes, length: int | None = None) -> bytes:
    """A reply with status 200."""
    n = len(body) if length is None else length
    return b"\r\n".join([b"HTTP/1.1 200 OK", b"Content-Length: %d" % n, *headers, b"", body])


def _fields() -> Iterator[Animal]:
    for (field, (path, fitting)), (kind, value) in itertools.product(FIELDS.items(), WRONG.items()):
        if kind in fitting:
            continue
        with_logprobs = "logprobs" in path
        content = json.loads(json.dumps(GOOD))
        if with_logprobs:
            content["choices"][0]["logprobs"] = json.loads(json.dumps(TOLD))
        *way, last = path
        place = content
        for part in way:
            place = place[part]
        place[last] = "@@"
        text = value if isinstance(value, _Raw) else json.dumps(value)
        body = json.dumps(content).replace('"@@"', text).encode()
        yield Animal(f"{field}: {kind}", http(body), logprobs=with_logprobs)


def _bodies() -> Iterator[Animal]:
    good = json.dumps(GOOD).encode()
    for name, body in {
        "empty": b"",
        "null": b"null",
        "a number": b"1",
        "a text": b'"Hi"',
        "a list": b"[" + good + b"]",
        "HTML": b"<html><body>502 Bad Gateway</body></html>",
        "two": good + good,
        "server-sent events": b"data: " + good + b"\n\ndata: [DONE]\n\n",
        "single quotes": good.replace(b'"', b"'"),
        "an error with status 200": b'{"error": {"message": "overloaded"}}',
        "half a character": good.replace(b"Hi", b"\xe2\x82"),
        "a surrogate in bytes": good.replace(b"Hi", b"\xed\xa0\x80"),
        "Latin-1": good.replace(b"Hi", b"caf\xe9"),
        "a control character": good.replace(b"Hi", b"\x00"),
        "no choice": json.dumps({**GOOD, "choices": []}).encode(),
        "two choices": json.dumps({**GOOD, "choices": GOOD["choices"] * 2}).encode(),
        "many choices": json.dumps({**GOOD, "choices": GOOD["choices"] * 3_000}).encode(),
        "no text": json.dumps({"choices": [{"finish_reason": "stop"}]}).encode(),
        "a chat's choice": b'{"choices": [{"message": {"content": "Hi"}}]}',
        "many lists": b"[" + b"[]," * 70_000 + b"[]]",
        "many records": b'{"choices": [' + b"{}," * 70_000 + b"{}]}",
        "many keys": b"{" + b",".join(b'"%d": 0' % i for i in range(20_000)) + b"}",
        "nulls": b"\0" * 250_000,
        "white space": b" " * 250_000,
    }.items():
        yield Animal(f"body: {name}", http(body))
        yield Animal(
            f"body: {name}, compressed", http(gzip.compress(body), b"Content-Encoding: gzip")
        )


def _cut_off() -> Iterator[Animal]:
    good = json.dumps(GOOD).encode()
    for end in range(0, len(good), 3):
        yield Animal(f"cut off at {end}", http(good[:end]))
    for end in range(0, len(good), 20):
        yield Animal(f"hung up at {end}", http(good[:end], length=len(good)))
    squeezed = gzip.compress(good)
    for end in range(1, len(squeezed), 12):
        yield Animal(
            f"compressed, cut off at {end}", http(squeezed[:end], b"Content-Encoding: gzip")
        )


def _wires() -> Iterator[Animal]:
    good = json.dumps(GOOD).encode()
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    for name, said in {
        "nothing": b"",
        "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n",
        "no status": b"HTTP/1.1\r\n\r\n",
        "a status of letters": b"HTTP/1.1 OK OK\r\n\r\n",
        "no end of the headers": b"HTTP/1.1 200 OK\r\nContent-Le",
        "a header without a colon": b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n",
        "long headers": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000 + b"\r\n",
        "a long header": b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\n",
        "a length of letters": b"HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n" + good,
        "a negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n" + good,
        "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n" + good,
        "a chunk of no size": chunked + b"zz\r\n" + good,
        "a chunk too long": chunked + b"ffffffffffffffff\r\n" + good,
        "a chunk cut off": chunked + b"%x\r\n" % len(good) + good[:20],
        "compressed by br": http(good, b"Content-Encoding: br"),
        "not compressed at all": http(good, b"Content-Encoding: gzip"),
        "compressed by two": http(gzip.compress(good), b"Content-Encoding: gzip, gzip"),
        "an unknown coding": http(good, b"Content-Encoding: \xff\xfe"),
        "a charset that decompresses": http(b"x", b"Content-Type: text/plain; charset=zlib"),
        "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
        "overloaded, deep": b"HTTP/1.1 503 X\r\n" + _rest(b"[" * 200_000),
        "overloaded, digits": b"HTTP/1.1 500 X\r\n" + _rest(b"9" * 5_000),
        "overloaded, no text": b"HTTP/1.1 429 X\r\nRetry-After: 1e999\r\n"
        + _rest(b"\xff\x00\x1b[2J"),
        "come back for ever": b"HTTP/1.1 429 X\r\nRetry-After: "
        + b"9" * 400
        + b"\r\n"
        + _rest(b""),
        "come back in year 0": b"HTTP/1.1 429 X\r\nRetry-After: Mon, 01 Jan 0000 00:00:00 GMT\r\n"
        + b"Date: Mon, 01 Jan 0001 00:00:00 +2359\r\n"
        + _rest(b"{}"),
        "a status beyond all": b"HTTP/1.1 999 X\r\n" + _rest(b"{}"),
    }.items():
        yield Animal(f"wire: {name}", said)


def _rest(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def _endless() -> Iterator[Animal]:
    """Only the deadline or the bound on bytes ends them."""
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    block = b"10000\r\n" + b" " * 65536 + b"\r\n"
    bomb = gzip.compress(b" " * (600 << 20), 1)
    yield Animal("endless: 600 MiB compressed", http(bomb, b"Content-Encoding: gzip"))
    yield Animal("endless: chunks", chunked, goes_on=block)
    yield Animal("endless: a body of 1 TB", http(b"{", length=10**12), goes_on=b" " * 65536)
    yield Animal("endless: no length", b"HTTP/1.1 200 OK\r\n\r\n", goes_on=b" " * 65536)
    for name, said, more in (
        ("a byte now and then", http(b"", length=10**6), b" "),
        ("headers now and then", b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        ("a status now and then", b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        ("chunks now and then", chunked, b"1\r\n \r\n"),
        ("silence", b"HTTP/1.1 200 OK\r\n", b""),
    ):
        yield Animal(f"endless: {name}", said, goes_on=more, pause_s=0.05)


class ZooServer:
    """Says `animals[i]` to whoever sends a request for `/i/...`, and hangs up."""

    def __init__(self, animals: list[Animal]) -> None:
        self.animals = animals
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self.is_open = True

    def serve(self) -> None:
        while self.is_open:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._say, args=(connection,), daemon=True).start()

    def close(self) -> None:
        self.is_open = False
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _say(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            head, _, body = self._until(connection, b"\r\n\r\n").partition(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            while len(body) < length:
                body += connection.recv(65536)
            animal = self.animals[int(head.split(b"/")[1])]
            connection.sendall(animal.said)
            while self.is_open and (animal.goes_on or animal.pause_s):
                connection.sendall(animal.goes_on)
                time.sleep(animal.pause_s)
            connection.shutdown(socket.SHUT_WR)

    @staticmethod
    def _until(connection: socket.socket, end: bytes) -> bytes:
        said = b""
        while end not in said:
            piece = connection.recv(65536)
            if not piece:
                raise OSError
            said += piece
        return said


@contextmanager
def open_zoo(animals: list[Animal]) -> Iterator[int]:
    """The port, until the block ends."""
    server = ZooServer(animals)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server.port
    finally:
        server.close()
        thread.join()
