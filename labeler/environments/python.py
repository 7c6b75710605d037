"""Python in the run's sandbox: each call is a program of its own, and what it prints the answer.

Nothing is kept from one call to the next. A program that raises or comes to a limit answers with
the last line of what it says of that, which is an observation; where the sandbox itself cannot run
it, nothing is known of the call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from labeler.driver.requests import Act, Acted, Failed, Limits, Run, RunResult
from labeler.environments.base import MOST_CHARACTERS, Tool, observed
from labeler.errors import BackendDown
from labeler.records import short_hash
from labeler.sandbox.base import Sandbox
from labeler.settings import Strict

RULES_VERSION = "1"
DESCRIPTION = "Runs a Python program and gives what it prints. Nothing is kept between calls."
SAID = {
    "cpu": "it took more than {cpu_s:g} s of processor time",
    "wall": "it took more than {wall_s:g} s",
    "memory": "it took more memory than there is",
    "flood": "it wrote too much",
}


class PythonArguments(Strict):
    """What the tool takes."""

    code: str = Field(description="The program; print what you want to know.")


class PythonTool:
    """Runs programs in a sandbox, each within `limits`."""

    def __init__(
        self,
        sandbox: Sandbox,
        limits: Limits | None = None,
        *,
        name: str = "python",
        description: str = DESCRIPTION,
        most_characters: int = MOST_CHARACTERS,
    ) -> None:
        self.name, self.concurrency = name, sandbox.concurrency
        self._sandbox, self._limits, self._most = sandbox, limits or Limits(), most_characters
        self.fingerprint = "python-" + short_hash(
            RULES_VERSION, sandbox.fingerprint, repr(self._limits), str(most_characters)
        )
        self._tool = Tool(name, description, PythonArguments)
        self.tools: tuple[Mapping[str, Any], ...] = (self._tool.declared,)

    async def act(self, batch: Sequence[Act]) -> list[Acted | Failed]:
        read = [self._tool.read(request.call, PythonArguments) for request in batch]
        runs = [
            Run(one.code, limits=self._limits) for one in read if isinstance(one, PythonArguments)
        ]
        answers = iter(await self._sandbox.run(runs) if runs else ())
        return [one if isinstance(one, Acted) else self._acted(next(answers)) for one in read]

    async def ready(self) -> None:
        if why := await self._sandbox.ready():
            raise BackendDown(f"environments.{self.name}: no sandbox holds programs here ({why})")

    async def aclose(self) -> None:
        """The sandbox is the run's, which lets go of it."""

    def _acted(self, reply: RunResult | Failed) -> Acted | Failed:
        if isinstance(reply, Failed):
            return reply
        failure = _failure(reply)
        printed = reply.stdout.strip("\n")
        if failure is None:
            return observed(printed or "(it printed nothing)", self._most)
        limit = SAID.get(failure, "").format(cpu_s=self._limits.cpu_s, wall_s=self._limits.wall_s)
        last = (reply.stderr.strip().splitlines() or [f"exit code {reply.exit_code}"])[-1]
        said = f"Error: {limit or last}"
        # What went wrong comes first, for what was printed may be cut off.
        return observed(f"{said}\n{printed}" if printed else said, self._most, failure)


def _failure(reply: RunResult) -> str | None:
    """Why a program did not end well; a script says so by its exit code."""
    if reply.ended != "exited":
        return reply.ended
    if not reply.exit_code:
        return None
    return "raised" if reply.stderr.strip() else "exited"
