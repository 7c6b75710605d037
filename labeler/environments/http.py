"""A retriever behind HTTP that speaks Search-R1's form.

    POST {"queries": [...], "topk": k, "return_scores": false}
    -> {"result": [[{"document": {"contents": "title\\ntext"}}, ...], ...]}

One request holds the queries of a whole batch. A server that is late, overloaded or gone is asked
again (`BackendBusy`); one that answers otherwise than this makes the calls unknown. What is behind
it cannot be hashed from here, so a run is known by `index`, the name that its user gives it (left
out, by the address): who changes the corpus gives it another.

Source: github.com/PeterGriffinJin/Search-R1, search_r1/search/retrieval_server.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential,
)

from labeler.driver.requests import Act, Acted, Failed
from labeler.environments.base import MOST_CHARACTERS, Tool, observed
from labeler.environments.passages import DESCRIPTION, Passage, SearchArguments, shown
from labeler.errors import BackendBusy, BackendDown
from labeler.http_reply import HttpReply, Late, NoReply, client, exchange
from labeler.records import short_hash

RULES_VERSION = "1"
BUSY = (408, 425, 429, 500, 502, 503, 504)
REPLY_BYTES = 256 << 20
CONNECT_S = 10.0
PROBE, TRIES = "test", 5
"""What is asked before a run begins, and how often: some 4 s in all."""


class HttpSearch:
    """Asks the retriever at `url` for `k` passages per query; a batch waits `timeout_s`."""

    def __init__(
        self,
        url: str,
        k: int = 3,
        *,
        index: str = "",
        name: str = "search",
        description: str = DESCRIPTION,
        timeout_s: float = 60.0,
        concurrency: int = 4,
        most_characters: int = MOST_CHARACTERS,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.name, self.concurrency = name, concurrency
        self.fingerprint = "http-" + short_hash(
            RULES_VERSION, index or url, str(k), str(most_characters)
        )
        self._url, self._k, self._timeout_s, self._most = url, k, timeout_s, most_characters
        self._headers = headers or {}
        self._tool = Tool(name, description, SearchArguments)
        self.tools: tuple[Mapping[str, Any], ...] = (self._tool.declared,)
        self._client: httpx.AsyncClient | None = None

    async def act(self, batch: Sequence[Act]) -> list[Acted | Failed]:
        """Raises `BackendBusy` where the retriever cannot be reached or is overloaded."""
        read = [self._tool.read(request.call, SearchArguments) for request in batch]
        queries = [one.query for one in read if isinstance(one, SearchArguments)]
        answers = iter(await self._answers(queries) if queries else ())
        return [one if isinstance(one, Acted) else next(answers) for one in read]

    async def ready(self) -> None:
        patiently = AsyncRetrying(
            retry=retry_if_exception_type(BackendBusy),
            stop=stop_after_attempt(TRIES),
            wait=wait_exponential(0.25),
            reraise=True,
        )
        try:
            replies: Sequence[Acted | Failed] = await patiently(self._answers, [PROBE])
        except BackendBusy as error:
            raise BackendDown(f"{error}; start the retriever, or mend environments.{self.name}.url")
        if isinstance(replies[0], Failed):
            raise BackendDown(f"{replies[0].reason}; mend environments.{self.name}.url")

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _answers(self, queries: list[str]) -> Sequence[Acted | Failed]:
        if self._client is None:
            self._client = client(self._headers)
        asked = {"queries": queries, "topk": self._k, "return_scores": False}
        try:
            reply = await exchange(
                self._client, "POST", self._url, asked,
                deadline_s=self._timeout_s, connect_s=CONNECT_S, max_bytes=REPLY_BYTES,
            )  # fmt: skip
        except Late:
            raise BackendBusy(f"{self._url}: no reply in {self._timeout_s:g} s")
        except NoReply as error:
            raise BackendBusy(f"{self._url}: no reply ({error.why})")
        if reply.status_code in BUSY:
            raise BackendBusy(f"{self._url}: HTTP {reply.status_code}")
        if reply.status_code != 200:
            return [Failed(f"{self._url}: HTTP {reply.status_code}")] * len(queries)
        found = _found(reply, len(queries))
        if found is None:
            return [Failed(f"{self._url}: a reply that is not Search-R1's")] * len(queries)
        return [observed(shown(passages[: self._k]), self._most) for passages in found]


def _found(reply: HttpReply, n: int) -> list[list[Passage]] | None:
    """The passages of each query; None for a reply that has not this form."""
    try:
        said: Any = reply.json()
        rows = [[_passage(one["document"]["contents"]) for one in row] for row in said["result"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return rows if len(rows) == n else None


def _passage(contents: str) -> Passage:
    """Its first line is the title, in quotation marks in Search-R1's corpus."""
    title, _, text = contents.partition("\n")
    return Passage(title.strip().strip('"'), text) if text else Passage("", title)
