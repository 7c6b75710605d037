"""The escape suite: tries to get out of a sandbox, or past the tests, and reports what was held.

Canaries stand on the host while it runs: a secret in a file and in the environment, a process, a
listening port, an abstract socket. An attempt is contained if the program did not say ESCAPED, the
canaries are as they were, no process is left behind, and, for a cheat, no test passed.
A sandbox that gives no reply held the program but did not do its work: not contained either.
"""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from labeler.driver.requests import Failed, Limits, Run, RunResult, TestStatus
from labeler.sandbox.attempts import CHEAT_TESTS, CHEATS, PRELUDE, SCRIPTS
from labeler.sandbox.base import Sandbox

LIMITS = Limits(
    cpu_s=0.3, wall_s=1.5, memory_bytes=96 << 20, disk_bytes=4 << 20, output_bytes=1 << 14
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt and what came of it; `detail` says how it was held, or that it was not."""

    name: str
    contained: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Canaries:
    """What stands on the host for programs to reach for."""

    secret: str
    file: Path
    process: subprocess.Popen[bytes]
    listener: socket.socket
    abstract: socket.socket
    sleep: str
    """An argument no other `sleep` has: by it a process left behind is recognised."""

    def fill(self, code: str) -> str:
        """The attempt with the places of the canaries in it."""
        words = {
            "port": self.listener.getsockname()[1],
            "abstract": self.abstract.getsockname()[1:].decode(),
            "memory": LIMITS.memory_bytes,
            "disk": LIMITS.disk_bytes,
            "secret_file": self.file,
            "folder": self.file.parent,
            "home": Path.home(),
            "secret": self.secret,
            "pid": self.process.pid,
            "sleep": self.sleep,
        }
        for word, value in words.items():
            code = code.replace(f"{{{word}}}", str(value))
        return code

    def harm(self) -> str:
        """What happened to the canaries; "" if nothing did."""
        if self.file.read_text() != self.secret:
            return "changed a file of the host"
        if [path.name for path in self.file.parent.iterdir()] != [self.file.name]:
            return "left a file on the host"
        if self.process.poll() is not None:
            return "ended a process of the host"
        for listener in (self.listener, self.abstract):
            try:
                listener.accept()
                return "reached a socket of the host"
            except BlockingIOError:
                pass
        return "left a process behind" if self.left_behind() else ""

    def left_behind(self) -> list[str]:
        """Processes on the host that an attempt started."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if self.sleep.encode() in (folder / "cmdline").read_bytes():
                    found.append(folder.name)
            except OSError:  # it ended meanwhile
                continue
        return found


async def try_escapes(sandbox: Sandbox) -> AsyncIterator[Attempt]:
    """Every attempt, one after the other (some 20 seconds)."""
    with _canaries() as canaries:
        for name, code in SCRIPTS.items():
            [reply] = await sandbox.run([Run(canaries.fill(PRELUDE + code), limits=LIMITS)])
            harm = canaries.harm() or _script_fault(reply, canaries)
            yield Attempt(name, not harm, harm or _held(reply))
        for name, code in CHEATS.items():
            expected = str(secrets.randbelow(10**9) + 10**9)
            program = code.replace("{expected}", expected)
            if expected in program:  # a cheat that knows what to look for still has to find it
                program = code.replace("{expected}'[:4]", "assert'[:4]").replace("{expected}", "0")
            tests = tuple(test.replace("{expected}", expected) for test in CHEAT_TESTS)
            [reply] = await sandbox.run([Run(program, tests, limits=LIMITS)])
            harm = canaries.harm() or _cheat_fault(reply)
            yield Attempt(f"cheat: {name}", not harm, harm or _held(reply))


@contextmanager
def _canaries() -> Iterator[Canaries]:
    secret = secrets.token_hex(16)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="labeler-canary-")))
        folder.chmod(0o755)
        (folder / "secret").write_text(secret)
        (folder / "secret").chmod(0o666)
        process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        stack.callback(process.wait)
        stack.callback(process.kill)
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        abstract.bind(b"\0labeler-" + secret.encode())
        abstract.listen()
        for canary in (listener, abstract):
            canary.setblocking(False)
        os.environ["LABELER_CANARY"] = secret
        stack.callback(os.environ.pop, "LABELER_CANARY")
        sleep = str(100_000 + secrets.randbelow(800_000))
        yield Canaries(secret, folder / "secret", process, listener, abstract, sleep)


def _script_fault(reply: RunResult | Failed, canaries: Canaries) -> str:
    if isinstance(reply, Failed):
        return f"no reply: {reply.reason}"
    if "ESCAPED" in reply.stdout or canaries.secret in reply.stdout:
        return f"escaped: {reply.stdout[-200:]}"
    return ""


def _cheat_fault(reply: RunResult | Failed) -> str:
    if isinstance(reply, Failed):
        return f"no reply: {reply.reason}"
    passed = [tested for tested in reply.tests if tested.result is TestStatus.PASSED]
    return f"{len(passed)} tests passed" if passed else ""


def _held(reply: RunResult | Failed) -> str:
    if isinstance(reply, Failed):
        return reply.reason
    if reply.tests:
        return reply.tests[0].reason
    said = reply.stderr.strip().splitlines()
    return f"{reply.ended}: {said[-1][:100]}" if said else reply.ended
