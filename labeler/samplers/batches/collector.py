"""Requests are gathered into batches, followed until they end, and answered from their results.

A request waits until no other has come for a moment, then goes out with all that wait. Before
anything is sent it stands in the ledger; a run that was killed finds there which batch each of its
requests is in and goes on waiting for it.

What a batch leaves unanswered (it expired, the server failed) goes into another, MOST_TRIES in all;
then the one request is busy, as with a live server, while the others have their answers. A batch
that is refused as a whole because too much waits at the server is sent again in halves when another
has ended, or later.
Does not cover: cancelling (a batch outlives the run, and its results are there for the next).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from labeler.errors import BackendBusy, BackendDown, LabelerError, RequestError
from labeler.http_reply import HttpReply
from labeler.samplers.batches.api import BatchApi
from labeler.samplers.batches.ledger import ENDED, WRITTEN, Batch, Ledger
from labeler.samplers.batches.lines import Line, files_of, reasons_of, result_of
from labeler.samplers.openai_wire import BUSY, Json

log = logging.getLogger("labeler.engine")

MOST_TRIES = 3
FULL = ("token_limit_exceeded", "request_limit_exceeded", "rate_limit_exceeded")
"""Codes of a batch that is refused because too much of this organisation waits already."""
RUNNING = ("validating", "in_progress", "finalizing", "cancelling")
GATHER_TIMES = 20
"""How many moments with others still coming pass before what waits is sent."""


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """`most` requests in a file, sent after `gather_s` without another; seen to every `poll_s`."""

    most: int = 10_000
    poll_s: float = 30.0
    gather_s: float = 3.0


class Collector:
    """Answers requests by batches of one API; `ledger` remembers them."""

    def __init__(self, api: BatchApi, ledger: Ledger, options: BatchOptions) -> None:
        self._api, self._ledger, self._options = api, ledger, options
        self._most = options.most
        self._waiting: dict[str, tuple[Line, asyncio.Future[HttpReply]]] = {}
        self._pool: dict[str, Line] = {}
        self._came = asyncio.Event()
        self._n_came = 0
        self._ended = asyncio.Event()
        self._following: dict[str, asyncio.Task[None]] = {}
        self._sending: asyncio.Task[None] | None = None

    async def answer(self, line: Line) -> HttpReply:
        """The reply to a request, with its status. Raises `BackendBusy`, `BackendDown`."""
        waiting = self._waiting.get(line.key)
        if waiting is None:
            reply: asyncio.Future[HttpReply] = asyncio.get_running_loop().create_future()
            waiting = self._waiting[line.key] = (line, reply)
            self._place(line)
        # Who gives up waiting does not take the reply from others.
        return await asyncio.shield(waiting[1])

    async def aclose(self) -> None:
        """Stops waiting; what was sent goes on at the server."""
        tasks = [*self._following.values(), *([self._sending] if self._sending else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _, reply in self._waiting.values():
            reply.cancel()
        self._ledger.close()

    def _place(self, line: Line) -> None:
        """Answers a request from the batch it is in, or puts it among those that are to be sent."""
        batch = self._ledger.batch_of(line.key)
        if batch is None:
            self._to_send(line)
        elif batch.state == ENDED:
            self._from_results(batch, line.key)
        else:
            self._follow(batch, is_new=False)

    def _to_send(self, line: Line) -> None:
        if self._ledger.tries(line.key) >= MOST_TRIES:
            self._fail(line.key, BackendBusy(f"no answer in {MOST_TRIES} batches"))
            return
        self._pool[line.key] = line
        self._n_came += 1
        self._came.set()
        if self._sending is None:
            self._sending = asyncio.create_task(self._keep_sending())
            self._sending.add_done_callback(self._watch)

    async def _keep_sending(self) -> None:
        while True:
            await self._came.wait()
            for _ in range(GATHER_TIMES):
                before = self._n_came
                if len(self._pool) >= self._most:
                    break
                await asyncio.sleep(self._options.gather_s)
                if self._n_came == before:
                    break  # Nobody adds any more.
            self._came.clear()
            lines, self._pool = list(self._pool.values()), {}
            for file in files_of(lines, self._most):
                # Written one after the other, sent together.
                name = f"labeler-{secrets.token_hex(8)}"
                batch = Batch(name, file[0].endpoint, WRITTEN, "", time.time())
                self._ledger.write(batch, file)
                self._follow(batch, is_new=True)

    def _follow(self, batch: Batch, *, is_new: bool) -> None:
        if batch.name not in self._following:
            task = asyncio.create_task(self._until_ended(batch, is_new))
            self._following[batch.name] = task
            task.add_done_callback(self._watch)

    def _watch(self, task: asyncio.Task[None]) -> None:
        """An error of a task of ours reaches all who wait: nothing would ever answer them."""
        if task is self._sending:
            self._sending = None
        if task.cancelled() or (error := task.exception()) is None:
            return
        for key in list(self._waiting):
            self._fail(key, error)

    async def _until_ended(self, batch: Batch, is_new: bool) -> None:
        try:
            await self._through(batch, is_new)
        finally:
            del self._following[batch.name]
            self._ended.set()

    async def _through(self, batch: Batch, is_new: bool) -> None:
        if batch.state == WRITTEN:
            batch = await self._sent(batch, is_new)
        while True:
            now = await self._api.look(batch.id)
            status = now.get("status")
            if status not in RUNNING:
                break
            await asyncio.sleep(self._options.poll_s)
        if status == "failed":
            await self._refused(batch, now)
        else:
            await self._results(batch, now, str(status))

    async def _sent(self, batch: Batch, is_new: bool) -> Batch:
        found = None if is_new else await self._api.begun(batch.name, batch.created)
        if found is None:
            file_id = await self._api.upload(batch.name, self._ledger.requests(batch))
            found = await self._api.begin(
                batch.name, file_id, batch.endpoint, batch.created, is_new
            )
        self._ledger.sent(batch, found)
        return replace(batch, id=found)

    async def _results(self, batch: Batch, now: Json, status: str) -> None:
        """Keeps what an ended batch says, answers who waits, and asks again what it left."""
        files = [now.get(name) for name in ("output_file_id", "error_file_id")]
        parts = [await self._api.content(one) for one in files if isinstance(one, str) and one]
        content = b"\n".join(parts)
        told = {
            one.key: one
            for line in content.decode("utf-8", "replace").split("\n")
            if (one := result_of(line)) is not None
        }
        asked = self._ledger.keys(batch)
        open_ones = dict.fromkeys(
            key
            for key in asked
            if key not in told or (reply := told[key].reply) is None or _passes(reply)
        )
        log.info(
            "batch %s %s: %d of %d requests answered",
            batch.id, status, len(asked) - len(open_ones), len(asked),
        )  # fmt: skip
        self._ledger.end(batch, content, open_ones)
        for key in asked:
            if key not in open_ones:
                self._from_results(batch, key)
        if status == "cancelled" and open_ones:
            raise BackendDown(
                f"batch {batch.id} was cancelled, with {len(open_ones)} requests open; run again "
                "with --resume to ask those"
            )
        self._again([*open_ones])

    async def _refused(self, batch: Batch, now: Json) -> None:
        """A batch that was not begun: its requests wait, or those at fault fail."""
        keys, reasons = self._ledger.keys(batch), reasons_of(now)
        self._ledger.end(batch, b"", keys)
        codes = {code for code, _, _ in reasons}
        if codes & set(FULL):
            self._most = max(1, min(self._most, len(keys)) // 2)
            log.warning("batch %s refused, too much waits: files of %d", batch.id, self._most)
            await self._for_room()
            self._again(keys, counts=False)
            return
        at_fault = {
            keys[line - 1]: message
            for _, message, line in reasons
            if line is not None and 1 <= line <= len(keys)
        }
        if not at_fault:
            said = "; ".join(f"{code}: {message}" for code, message, _ in reasons[:3])
            raise BackendDown(f"batch {batch.id} was refused ({said or 'no reason given'})")
        for key, message in at_fault.items():
            self._fail(key, RequestError(message))
        self._again([key for key in keys if key not in at_fault], counts=False)

    async def _for_room(self) -> None:
        """Until another batch has ended, or a pause if there is none."""
        self._ended.clear()
        others = len(self._following) > 1
        pause = 40 * self._options.poll_s if others else 2 * self._options.poll_s
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), pause)

    def _again(self, keys: Sequence[str], *, counts: bool = True) -> None:
        for key in keys:
            if not counts:
                self._ledger.forget(key)
            if key in self._waiting:
                self._to_send(self._waiting[key][0])

    def _from_results(self, batch: Batch, key: str) -> None:
        if key not in self._waiting:
            return
        result = self._ledger.result(batch, key)
        if result is None or result.reply is None:
            # Results that were lost from disk: nothing is left but to ask again.
            self._ledger.free(key)
            self._to_send(self._waiting[key][0])
            return
        _, reply = self._waiting.pop(key)
        if not reply.done():
            reply.set_result(result.reply)

    def _fail(self, key: str, error: BaseException) -> None:
        _, reply = self._waiting.pop(key, (None, None))
        if reply is not None and not reply.done():
            known = isinstance(error, LabelerError)
            reply.set_exception(error if known else BackendDown(f"a batch failed: {error!r}"))


def _passes(reply: HttpReply) -> bool:
    """Whether this answer is one of the moment: another batch may bring a better one."""
    return reply.status_code in BUSY or reply.status_code >= 500
