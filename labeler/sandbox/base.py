"""The Protocol of a sandbox: programs in, what they did out; and what every backend shares.

A backend that cannot isolate is never replaced by a weaker one: its runs are `Failed`, which makes
labels unknown. `SANDBOX_VERSION` and the Python version are part of journal keys.
"""

from __future__ import annotations

import json
import secrets
import sysconfig
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import Any, Protocol

from labeler.driver.requests import Failed, Run, RunResult, TestResult, TestStatus
from labeler.sandbox.inside.child import EXTENSIONS

SANDBOX_VERSION = 2
"""Raised whenever a run may end differently."""

CLEAN = b"clean\n"
"""What the keeper of a sandbox says when the next program would find nothing of the last."""

JUDGE_ENDED = b"judge ended"
"""What the keeper of a sandbox says of a judge that was ended by the program."""

GRACE_S = 5.0
"""How much longer than the program's own limit a backend waits for the process that watches it."""


class Sandbox(Protocol):
    """Runs programs nobody trusts; a batch in, a batch of the same length out."""

    @property
    def isolation(self) -> str:
        """What holds the programs, in words; written into every reply and so into evidence."""
        ...

    @property
    def fingerprint(self) -> str:
        """Name and version of what decides results; part of journal keys."""
        ...

    @property
    def concurrency(self) -> int:
        """How many programs run at once."""
        ...

    async def run(self, batch: Sequence[Run]) -> list[RunResult | Failed]: ...

    async def ready(self) -> str:
        """Tries one program; "" if it was held and judged, else why not, in one line."""
        ...

    async def aclose(self) -> None:
        """Removes what the backend made on this machine; may be called twice."""
        ...


@dataclass(frozen=True, slots=True)
class Task:
    """A run as the process inside reads it, with the nonce that its result must carry."""

    run: Run
    nonce: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def wait_s(self) -> float:
        return (1 + EXTENSIONS) * self.run.limits.wall_s + GRACE_S

    def content(self, packages_at: str | None = None) -> bytes:
        """With its length before it (8 hexadecimal digits), as it is read.

        `packages_at`: where third-party packages lie inside, if not where they lie outside.
        Raises `ValueError` where a file would lie outside the working directory.
        """
        for name, _content in self.run.files:
            path = PurePosixPath(name)
            if path.is_absolute() or ".." in path.parts or not path.name:
                raise ValueError(f"file {name!r}: names are relative to the working directory")
        packages = (packages_at or packages_folder()) if self.run.packages else ""
        content = {
            "nonce": self.nonce,
            "program": self.run.program,
            "tests": self.run.tests,
            "entries": self.run.entries,
            "stdin": self.run.stdin,
            "files": self.run.files,
            "limits": {**asdict(self.run.limits), "packages": packages},
            "coverage": self.run.coverage,
        }
        data = json.dumps(content).encode()
        return b"%08x" % len(data) + data

    def reply(self, output: bytes, isolation: str) -> RunResult | None:
        """The result in what the process inside wrote; None where there is none with the nonce."""
        nonce = self.nonce.encode()
        for line in reversed(output.splitlines()):
            if line.startswith(nonce):
                return _ran(json.loads(line.removeprefix(nonce)), isolation)
        if JUDGE_ENDED in output.splitlines():
            return self.ended("signalled", "the program ended its judge", isolation)
        return None

    def ended(self, how: str, reason: str, isolation: str) -> RunResult:
        """The reply for a program that took the process beside it along."""
        tests = (TestResult(TestStatus.FAILED, reason),) if self.run.tests else ()
        return RunResult(how, None, "", "", tests, (), 0, 0.0, 0.0, isolation)


def packages_folder() -> str:
    """Where this environment keeps third-party packages."""
    return sysconfig.get_paths()["purelib"]


def _ran(content: dict[str, Any], isolation: str) -> RunResult:
    tests = tuple(TestResult(TestStatus(result), reason) for result, reason in content.pop("tests"))
    covered = tuple(content.pop("covered"))
    return RunResult(**content, tests=tests, covered=covered, isolation=isolation)


PROBE = Run(
    "def add(a, b):\n    return a + b\n", tests=("assert add(1, 2) == 3", "assert add(1, 2) == 4")
)
"""What `ready` runs: one test passes, one fails."""


def probe_fault(reply: RunResult | Failed) -> str:
    """Why the probe's reply is not the right one; "" if it is."""
    if isinstance(reply, Failed):
        return reply.reason
    if [tested.result for tested in reply.tests] != [TestStatus.PASSED, TestStatus.FAILED]:
        return f"a probe of two tests gave {reply}"
    return ""


@dataclass(frozen=True, slots=True)
class NoSandbox:
    """Stands where no isolation works: runs nothing. Every reply says why."""

    why: str
    isolation: str = "none: nothing is run"
    concurrency: int = 1

    @property
    def fingerprint(self) -> str:
        return "sandbox-none"

    async def run(self, batch: Sequence[Run]) -> list[RunResult | Failed]:
        return [Failed(f"no sandbox: {self.why}") for _ in batch]

    async def ready(self) -> str:
        return self.why

    async def aclose(self) -> None:
        return None
