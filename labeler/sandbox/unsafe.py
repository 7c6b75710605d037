"""No sandbox at all: programs run as this user, on this machine, with resource limits only.

For programs one would run oneself, where no isolation can be had. It must be asked for by name
(`sandbox: {kind: unsafe}`), and every reply says that nothing held the program.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Sequence

from labeler.driver.requests import Failed, Run, RunResult
from labeler.sandbox.base import PROBE, SANDBOX_VERSION, Task, probe_fault
from labeler.sandbox.bundle import script

ISOLATION = "none (unsafe)"


class Unsafe:
    """Runs each program in a process of its own, `concurrency` at once."""

    isolation = ISOLATION

    def __init__(self, concurrency: int = 2) -> None:
        self._concurrency = concurrency
        self._slots = asyncio.Semaphore(concurrency)

    @property
    def fingerprint(self) -> str:
        return f"unsafe-{SANDBOX_VERSION}-python{sys.version_info.major}.{sys.version_info.minor}"

    @property
    def concurrency(self) -> int:
        return self._concurrency

    async def run(self, batch: Sequence[Run]) -> list[RunResult | Failed]:
        return list(await asyncio.gather(*(self._run_one(run) for run in batch)))

    async def ready(self) -> str:
        return probe_fault((await self.run([PROBE]))[0])

    async def aclose(self) -> None:
        return None

    async def _run_one(self, run: Run) -> RunResult | Failed:
        task = Task(run)
        try:
            content = task.content()
        except ValueError as error:
            return Failed(str(error))
        async with self._slots:
            with tempfile.TemporaryDirectory(prefix="labeler-unsafe-") as folder:
                return await _in_folder(folder, task, content)


async def _in_folder(folder: str, task: Task, content: bytes) -> RunResult | Failed:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-s", "-S", "-B", "-c", script()),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=folder,
        env={"PYTHONHASHSEED": "0"},
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(task.wait_s):
            output, complaint = await process.communicate(content)
    except TimeoutError:
        return Failed("the process that watches the program gave no reply")
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await asyncio.shield(process.wait())
    reason = " ".join(complaint.decode("utf-8", "replace").split())[-300:]
    return task.reply(output, ISOLATION) or Failed(f"no result: {reason}")
