"""One inference server as a child process: started, asked for its health, stopped, never left over.

The child is a supervisor (`process_supervisor.py`) that runs the server in a process group of its
own, and ends all of it when this process ends in whatever way. What the server prints goes to a log
file, whose end explains why it died. Does not cover: when to start it again (`replicas.py`).
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

import httpx

from labeler.samplers import process_supervisor

GRACE_S = 20.0
"""How long a server may take to end when it is asked to; then it is killed."""

POLL_S = 0.2
HEALTH_TIMEOUT_S = 10.0
LOG_TAIL_BYTES = 64 << 10
REASON_CHARACTERS = 300

# As Python ends a traceback, behind what vLLM sets before it: "(Worker pid=7) ERROR [x.py:1] ".
_EXCEPTION = re.compile(
    r"(?:\([^)]*\) )?(?:ERROR [^\[]*\[[^\]]*\] )?([\w.]*(?:Error|Exception): .+)"
)


class ServerProcess:
    """A started server. `log` is appended to."""

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str], log: Path, grace_s: float = GRACE_S
    ) -> None:
        """Starts `command` with `env` added to this process's environment."""
        guard = [sys.executable, process_supervisor.__file__, str(os.getpid()), str(grace_s)]
        with log.open("ab") as output:
            self._log_begins = output.tell()
            self._supervisor = subprocess.Popen(
                [*guard, *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **env},
                start_new_session=True,
            )
        self._log = log
        self._grace_s = grace_s

    @property
    def pid(self) -> int:
        """Of the supervisor, whose child the server is."""
        return self._supervisor.pid

    @property
    def is_running(self) -> bool:
        return self._supervisor.poll() is None

    async def ended(self) -> None:
        """Returns when the server and all its children have ended."""
        while self.is_running:
            await asyncio.sleep(POLL_S)

    async def stop(self) -> None:
        """Ends the server with all its children; returns when nothing is left. May be repeated."""
        if self.is_running:
            self._supervisor.terminate()
        try:
            # The supervisor kills after its grace; should it hang, it is killed and the kernel
            # kills the server with it.
            await asyncio.wait_for(self.ended(), self._grace_s + 10.0)
        except TimeoutError:
            self._supervisor.kill()
            await self.ended()

    def why(self) -> str:
        """How it ended and what it said last, in one line; of the reasons that it gave the first.

        A server that fails prints what went wrong, then what went wrong because of that: of the
        log's end the first and the last exceptions are told, or its last lines.
        """
        said = self._said()
        found = _exceptions(said)
        told = [*found[:1], *found[-1:]] if found else said[-3:]
        words = " | ".join(one[:REASON_CHARACTERS] for one in dict.fromkeys(told))
        return (
            f"{self._how()}; its log ends: {words}" if words else f"{self._how()}, saying nothing"
        )

    def _how(self) -> str:
        code = self._supervisor.poll()
        if code is None:
            return "is running"
        number = code - 128 if code > 128 else -code
        if number == signal.SIGKILL:
            return "was killed (signal 9; the kernel does so when memory runs out)"
        if number in set(signal.Signals):
            return f"was ended by {signal.Signals(number).name}"
        return f"ended with exit status {code}"

    def _said(self) -> list[str]:
        with self._log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(self._log_begins, size - LOG_TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
        return [line.rstrip() for line in text.splitlines() if line.strip()]


def _exceptions(lines: Sequence[str]) -> list[str]:
    """Exceptions in a log, each with its next line where that is indented: it says more."""
    found = []
    for line, following in zip_longest(lines, lines[1:], fillvalue=""):
        if match := _EXCEPTION.match(line):
            more = f" {following.strip()}" if following.startswith("  ") else ""
            found.append(match[1] + more)
    return found


async def is_healthy(client: httpx.AsyncClient, url: str, timeout_s: float) -> bool:
    """Whether the server at `url` says in time that it is well."""
    try:
        answer = await client.get(f"{url}/health", timeout=timeout_s)
    except httpx.TransportError:
        return False
    return answer.is_success


def free_ports(host: str, n: int) -> list[int]:
    """`n` different ports that nobody listens on now."""
    holders = [socket.create_server((host, 0)) for _ in range(n)]
    try:
        return [holder.getsockname()[1] for holder in holders]
    finally:
        for holder in holders:
            holder.close()


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    try:
        # As servers do: connections of a server that ended must not hold the port.
        with socket.create_server((host, port)):
            return True
    except OSError:
        return False
