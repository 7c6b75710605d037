"""A server that is asked by batches, in the place of servers that are asked live.

What is asked, and what a reply means, is the live sampler's (`openai_http.py`): only the way there
differs, so labels do not. The models and what they can do are still asked for live.
"""

from __future__ import annotations

import tempfile
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path

from labeler.errors import ConfigError
from labeler.samplers.batches.api import BatchApi
from labeler.samplers.batches.collector import BatchOptions, Collector
from labeler.samplers.batches.ledger import Ledger
from labeler.samplers.batches.lines import request_line
from labeler.samplers.openai_wire import Json
from labeler.samplers.servers import Servers

CALLS = 4
"""Live ones at once, for what is not asked by batches."""


class BatchServers(Servers):
    """One server, `url` as for `Servers`; without `remember_in` nothing outlives the process."""

    def __init__(
        self,
        url: str,
        model: str,
        *,
        api_key_env: str | None,
        timeout_s: float,
        options: BatchOptions,
    ) -> None:
        super().__init__(
            [url], model, api_key_env=api_key_env, concurrency=CALLS, timeout_s=timeout_s
        )
        if not options.most >= 1 or options.poll_s <= 0 or options.gather_s <= 0:
            raise ConfigError("batch: requests, poll_s and gather_s must be above 0")
        self.calls = options.most
        self._options = options
        self._folder: Path | None = None
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._collector: Collector | None = None

    def remember_in(self, folder: Path) -> None:
        """Batches are kept in this folder. Before the first request."""
        self._folder = folder

    def slots(self, rows: int) -> AbstractAsyncContextManager[None]:
        return nullcontext()

    async def post(self, path: str, body: Json, group: str, rows: int, max_bytes: int) -> Json:
        """The answer to a request, once its batch has ended."""
        url = f"{self.urls[0]}/{path}"
        # Whatever a proxy calls its address, endpoints are named by the API's own.
        reply = await self._collecting().answer(request_line(f"/v1/{path}", body))
        return self.checked(reply, url)

    async def aclose(self) -> None:
        if self._collector is not None:
            await self._collector.aclose()
            self._collector = None
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = None
        await super().aclose()

    def _collecting(self) -> Collector:
        if self._collector is None:
            if self._folder is None:
                self._temporary = tempfile.TemporaryDirectory(prefix="labeler-batches-")
                self._folder = Path(self._temporary.name)
            api = BatchApi(self._client, self.urls[0], self.checked, self._timeout_s)
            self._collector = Collector(api, Ledger(self._folder), self._options)
        return self._collector
