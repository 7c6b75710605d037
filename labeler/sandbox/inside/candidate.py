"""The process in which the untrusted program runs: executes it, then serves calls to it.

It never sees tests, expected values or the nonce: it was forked before those were read, and all it
is sent are names, arguments, and the program itself. All it says is taken as return values.
"""

from __future__ import annotations

import json
import socket
import sys
import types
from collections.abc import Callable
from typing import Any

from .wire import Unsent, decode, encode, frame

MUTABLE = (list, dict, set, bytearray)
SOURCE = "<solution>"


def execute(source: str, name: str, covered: set[int] | None) -> types.ModuleType:
    """Runs a program as the module `name`; the lines that ran, and will run, go to `covered`."""
    module = types.ModuleType(name)
    sys.modules[name] = module  # where dataclasses and pickle look for it
    if "random" in source:
        import random

        random.seed(0)  # so that a program gives the same answer twice
    code = compile(source, SOURCE, "exec", dont_inherit=True)
    if covered is not None:
        sys.settrace(_tracer(covered))
    exec(code, module.__dict__)
    return module


def _tracer(covered: set[int]) -> Callable[..., Any]:
    def trace(where: types.FrameType, event: str, _argument: object) -> Callable[..., Any] | None:
        if where.f_code.co_filename != SOURCE:
            return None
        if event == "line":
            covered.add(where.f_lineno)
        return trace

    return trace


class Server:
    """Answers one message after another until the tester hangs up."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._objects: list[Any] = []
        self._module = types.ModuleType("empty")
        self._covered: set[int] = set()

    def serve(self) -> None:
        while True:
            message = self.receive()
            if message is None:
                return
            try:
                reply = {"value": self._answer(message)}
            except StopIteration:
                reply = {"stop": True}
            except Unsent as error:
                reply = {"unsent": str(error)}
            except BaseException as error:
                reply = {"raised": [type(error).__name__, _text(error)]}
            try:
                data = frame(reply)
            except (Unsent, ValueError, RecursionError) as error:
                data = frame({"unsent": str(error)})
            self._connection.sendall(data)

    def receive(self) -> Any:
        size = int.from_bytes(self._read(4), "big")
        return json.loads(self._read(size)) if size else None

    def _read(self, n_bytes: int) -> bytes:
        data = bytearray()
        while len(data) < n_bytes:
            chunk = self._connection.recv(n_bytes - len(data))
            if not chunk:
                return b""
            data += chunk
        return bytes(data)

    def _answer(self, message: list[Any]) -> Any:
        operation, *rest = message
        return getattr(self, f"_do_{operation}")(*rest)

    def _do_execute(self, source: str, coverage: bool) -> None:
        sys.set_int_max_str_digits(0)
        self._module = execute(source, "solution", self._covered if coverage else None)

    def _do_covered(self) -> list[int]:
        sys.settrace(None)
        return sorted(self._covered)

    def _do_name(self, name: str) -> Any:
        if name not in self._module.__dict__:
            raise NameError(f"name {name!r} is not defined")
        return self._encode(self._module.__dict__[name])

    def _do_call(self, of: int, arguments: list[Any], named: dict[str, Any]) -> Any:
        """The result, and the arguments that the call changed."""
        values = [self._decode(argument) for argument in arguments]
        names = {name: self._decode(value) for name, value in named.items()}
        result = self._encode(self._objects[of](*values, **names))
        changed = {}
        for i, value in enumerate(values):
            if isinstance(value, MUTABLE):
                now = self._encode(value)
                if now != arguments[i]:
                    changed[str(i)] = now
        return [result, changed]

    def _do_get(self, of: int, name: str) -> Any:
        return self._encode(getattr(self._objects[of], name))

    def _do_set(self, of: int, name: str, value: Any) -> None:
        setattr(self._objects[of], name, self._decode(value))

    def _do_iter(self, of: int) -> Any:
        return {"handle": self._keep(iter(self._objects[of]))}

    def _do_next(self, of: int) -> Any:
        return self._encode(next(self._objects[of]))

    def _do_len(self, of: int) -> int:
        return len(self._objects[of])

    def _do_bool(self, of: int) -> bool:
        return bool(self._objects[of])

    def _encode(self, value: Any) -> Any:
        return encode(value, self._keep)

    def _decode(self, value: Any) -> Any:
        return decode(value, lambda content: self._objects[content[0]])

    def _keep(self, value: Any) -> list[Any]:
        self._objects.append(value)
        return [len(self._objects) - 1, isinstance(value, type)]


def _text(error: BaseException) -> str:
    try:
        return str(error)[:200]
    except Exception:
        return ""
