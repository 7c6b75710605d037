"""A sandbox on another machine: any server that speaks SandboxFusion's `POST /run_code`.

What is sent is the judging script (`bundle`), with the task on stdin, so a program is judged there
as it is here, and a result counts only with its nonce. How well the program is held is the server's
affair (SandboxFusion's default isolates nothing): `isolation` says so much. There is no process 1
to protect the judge, so a program may be able to end it; it still cannot pass that way. Limits on
time and memory are sent along; network and disk are the server's.

Source: SandboxFusion's API: {code, language, stdin, run_timeout, memory_limit_MB, files} gives
{status, message, run_result: {status, execution_time, return_code, stdout, stderr}}.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx

from labeler.api_key import masked
from labeler.driver.requests import Failed, Run, RunResult
from labeler.errors import BackendBusy
from labeler.http_reply import HttpReply, Late, NoReply, client, exchange
from labeler.sandbox.base import GRACE_S, PROBE, SANDBOX_VERSION, Task, probe_fault
from labeler.sandbox.bundle import script

BUSY = (408, 425, 429, 500, 502, 503, 504)
JUDGE_BYTES = 256 << 20
"""What the judging process may use beside the program."""
CONNECT_S = 10.0
REPLY_BYTES, ESCAPED = 16 << 20, 24
"""A reply holds what tests found, and twice the program's output, escaped two times over."""


class RemoteSandbox:
    """Sends each program to `url`, `concurrency` at once. `headers` may carry a key."""

    def __init__(
        self, url: str, concurrency: int = 8, headers: dict[str, str] | None = None
    ) -> None:
        self._url = url.rstrip("/")
        self._concurrency = concurrency
        self._slots = asyncio.Semaphore(concurrency)
        self._headers = headers or {}
        self._client: httpx.AsyncClient | None = None

    @property
    def isolation(self) -> str:
        return f"remote {self._url}"

    @property
    def fingerprint(self) -> str:
        return f"remote-{SANDBOX_VERSION}"

    @property
    def concurrency(self) -> int:
        return self._concurrency

    async def run(self, batch: Sequence[Run]) -> list[RunResult | Failed]:
        """Raises `BackendBusy` where the server cannot be reached or is overloaded."""
        if self._client is None:
            self._client = client(self._headers, trust_env=False)
        return list(await asyncio.gather(*(self._run_one(self._client, run) for run in batch)))

    async def ready(self) -> str:
        try:
            return probe_fault((await self.run([PROBE]))[0])
        except BackendBusy as error:
            return f"{error}; start the server, or check sandbox.url"

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _run_one(self, by: httpx.AsyncClient, run: Run) -> RunResult | Failed:
        if run.packages:
            return Failed("a remote sandbox has its own packages, not this environment's")
        task = Task(run)
        limits = run.limits
        try:
            content = {
                "code": script(),
                "language": "python",
                "stdin": task.content().decode(),
                "run_timeout": task.wait_s,
                "memory_limit_MB": (limits.memory_bytes + JUDGE_BYTES) >> 20,
                "files": {},
            }
        except ValueError as error:
            return Failed(str(error))
        async with self._slots:
            try:
                reply = await exchange(
                    by, "POST", f"{self._url}/run_code", content,
                    deadline_s=task.wait_s + GRACE_S, connect_s=CONNECT_S,
                    max_bytes=REPLY_BYTES + ESCAPED * limits.output_bytes,
                )  # fmt: skip
            except Late:
                raise BackendBusy(f"{self._url}: no reply in time")
            except NoReply as error:
                raise BackendBusy(f"{self._url}: no reply ({error.why})")
        if reply.status_code in BUSY:
            raise BackendBusy(f"{self._url}: HTTP {reply.status_code}")
        if reply.status_code != 200:
            return Failed(f"{self._url}: HTTP {reply.status_code}")
        return self._result(task, reply)

    def _result(self, task: Task, reply: HttpReply) -> RunResult | Failed:
        try:
            said: Any = reply.json()
            result = said["run_result"] or {}
            output = result.get("stdout") or ""
            ran = task.reply(output.encode(), self.isolation)
            why = said.get("message") or result.get("stderr") or result.get("status") or ""
            words = " ".join(str(why).split())
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return Failed(f"{self._url}: a reply that is not SandboxFusion's")
        keys = [value.removeprefix("Bearer ") for value in self._headers.values()]
        words = masked(words, keys)[-200:].encode("utf-8", "replace").decode()
        return ran or Failed(f"{self._url}: no result ({words})")
