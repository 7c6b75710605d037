"""The calls of the Batch API: upload a file, begin a batch, look at it, find it, fetch a file.

Each call is made again while the server is busy or away, with growing pauses up to a minute: a
batch takes hours, and its results are paid for. Beginning a batch is the one call that costs money
when it is made twice, and the API knows no key to make it once; so a batch carries our name for it
in its metadata, and is looked for before it is begun again.
Source: OpenAI API reference, "Files" and "Batch".
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx

from labeler.errors import BackendBusy
from labeler.http_reply import HttpReply, Late, NoReply, exchange
from labeler.samplers.openai_wire import Json, Silent, Unreachable

T = TypeVar("T")

NAME = "labeler_batch"
"""Key of a batch's metadata under which our name for it stands."""
WINDOW = "24h"
"""The only one that the API knows."""
CONNECT_S = 10.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
PATIENCE_S = 6 * 3600.0
"""How long a server may be away."""
PAGE, MOST_PAGES = 100, 1_000
SKEW_S = 3600.0
"""How far a server's clock may be from ours."""
MOST_ANSWER_BYTES, MOST_FILE_BYTES = 8 << 20, 2 << 30


class BatchApi:
    """The API at one address, `base` as in https://api.openai.com/v1."""

    def __init__(
        self,
        by: httpx.AsyncClient,
        base: str,
        checked: Callable[[HttpReply, str], Json],
        timeout_s: float,
    ) -> None:
        self._by, self._base, self._checked, self._timeout_s = by, base, checked, timeout_s

    async def upload(self, name: str, content: bytes) -> str:
        """The id of a new file of requests."""
        form = {"purpose": "batch"}, {"file": (f"{name}.jsonl", content, "application/jsonl")}
        url = f"{self._base}/files"
        return _id(await self._patiently(lambda: self._asked("POST", url, form=form)), url)

    async def begin(self, name: str, file_id: str, endpoint: str, since: float, new: bool) -> str:
        """The id of the batch of this name: of the one that there is, or of a new one.

        `since` is when its lines were written; `new`: it cannot have been begun before.
        """
        url = f"{self._base}/batches"
        body = {
            "input_file_id": file_id,
            "endpoint": endpoint,
            "completion_window": WINDOW,
            "metadata": {NAME: name},
        }

        async def once() -> str:
            nonlocal new
            if not new and (found := await self.find(name, since)) is not None:
                return found
            new = False  # from here on it may have been begun
            return _id(await self._asked("POST", url, body), url)

        return await self._patiently(once)

    async def begun(self, name: str, since: float) -> str | None:
        """The same as `find`, as long as it takes."""
        return await self._patiently(lambda: self.find(name, since))

    async def find(self, name: str, since: float) -> str | None:
        """The id of the batch that carries this name; batches begun before `since` are not it."""
        after = ""
        for _ in range(MOST_PAGES):
            url = f"{self._base}/batches?limit={PAGE}{after}"
            page = await self._asked("GET", url)
            entries = page.get("data")
            batches = [one for one in entries or [] if isinstance(one, dict)]
            for batch in batches:
                metadata = batch.get("metadata")
                if isinstance(metadata, dict) and metadata.get(NAME) == name:
                    return _id(batch, url)
            last = batches[-1] if batches else {}
            begun = last.get("created_at")
            is_older = isinstance(begun, int | float) and begun < since - SKEW_S
            if not page.get("has_more") or is_older or not isinstance(last.get("id"), str):
                return None
            after = f"&after={last['id']}"
        return None

    async def look(self, batch_id: str) -> Json:
        """A batch as it is now."""
        url = f"{self._base}/batches/{batch_id}"
        return await self._patiently(lambda: self._asked("GET", url))

    async def content(self, file_id: str) -> bytes:
        """The bytes of a file."""
        url = f"{self._base}/files/{file_id}/content"

        async def once() -> bytes:
            reply = await self._sent("GET", url, max_bytes=MOST_FILE_BYTES)
            if reply.status_code >= 300:
                self._checked(reply, url)
            return reply.body

        return await self._patiently(once)

    async def _asked(
        self, method: str, url: str, body: Json | None = None, form: object = None
    ) -> Json:
        reply = await self._sent(method, url, body, form, MOST_ANSWER_BYTES)
        return self._checked(reply, url)

    async def _sent(
        self, method: str, url: str, body: Json | None = None, form: object = None,
        max_bytes: int = MOST_ANSWER_BYTES,
    ) -> HttpReply:  # fmt: skip
        try:
            return await exchange(
                self._by, method, url, body, form=form, deadline_s=self._timeout_s,
                connect_s=CONNECT_S, max_bytes=max_bytes,
            )  # fmt: skip
        except Late as error:
            raise Silent(f"{error}; raise timeout_s")
        except NoReply as error:
            raise Unreachable(str(error))

    async def _patiently(self, call: Callable[[], Awaitable[T]]) -> T:
        """What the call gives once the server answers. Raises the last error after PATIENCE_S."""
        until = time.monotonic() + PATIENCE_S
        pause = min(FIRST_PAUSE_S, self._timeout_s / 4)
        while True:
            try:
                return await call()
            except (BackendBusy, Unreachable) as error:
                if time.monotonic() > until:
                    raise
                asked = getattr(error, "retry_after_s", None) or 0.0
                await asyncio.sleep(max(pause, min(asked, LONGEST_PAUSE_S)))
                pause = min(2 * pause, LONGEST_PAUSE_S)


def _id(answer: Json, url: str) -> str:
    found = answer.get("id")
    if not isinstance(found, str) or not found:
        raise BackendBusy(f"{url} gave no id")
    return found
