"""A process reward model on servers with vLLM's pooling API (`POST /pooling`).

The solution is marked and encoded here, by the family (`families.py`), and sent as token ids: what
the server reads is what the model in this process would read. Several replicas, retries and limits
as for other servers (`servers.py`).

Does not cover: families that answer in words (vLLM 0.32 picks their two tokens out of the hidden
states, not out of the vocabulary), heads of ours; those run in this process.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

from labeler.driver.requests import (
    Classified,
    Classify,
    Failed,
    Message,
    Prompt,
    Sample,
    Samples,
    Score,
    Scores,
)
from labeler.errors import BackendBusy, BackendDown, ConfigError, RequestError
from labeler.samplers.chat_template import load_tokenizer
from labeler.samplers.known_models import until_known
from labeler.samplers.reward.families import FAMILIES
from labeler.samplers.reward.family import RewardFamily
from labeler.samplers.reward.heads import OUTPUTS
from labeler.samplers.reward.in_process import WRITES_NOTHING, marked_or_failed
from labeler.samplers.reward.pooling_reply import most_bytes, scores_of
from labeler.samplers.servers import AUTO, Concurrency, Servers

GREETING = Classify(Prompt((Message("user", "What is 1 + 1?"),)), ("1 + 1 = 2.\n\n",), "")


def family_on_servers(name: str) -> RewardFamily:
    """Raises `ConfigError` for a family that servers do not read off, with what to do."""
    family = FAMILIES.find(name, "family:")
    if family.read_out not in OUTPUTS:
        raise ConfigError(
            f"family {name}: servers do not give {family.read_out.value}; set kind: transformers"
        )
    return family


def pooling_arguments(family: RewardFamily, tokenizer: str) -> tuple[str, ...]:
    """Arguments of `vllm serve` under which a model's scores are read at its step marks."""
    if family.mark is None:
        return ("--runner", "pooling")
    try:
        mark = family.mark(load_tokenizer(tokenizer))
    except RequestError as error:
        raise ConfigError(f"{tokenizer}: {error}")
    pooler = {"pooling_type": "STEP", "step_tag_id": mark}
    return ("--runner", "pooling", "--pooler-config", json.dumps(pooler))


class PoolingSampler:
    """Scores steps on the servers at `urls`; `tokenizer` is the folder of the model's own."""

    rows_per_batch = 1
    oversubscription = 1

    def __init__(
        self,
        urls: Sequence[str],
        model: str,
        family: RewardFamily,
        *,
        tokenizer: str,
        known_as: str,
        fingerprint: str,
        api_key_env: str | None = None,
        concurrency: Concurrency = AUTO,
        timeout_s: float = 600.0,
    ) -> None:
        self.model, self.fingerprint, self._name = known_as, fingerprint, model
        self._family = family
        self._tokenizer = load_tokenizer(tokenizer)
        self._servers = Servers(
            urls, model, api_key_env=api_key_env, concurrency=concurrency, timeout_s=timeout_s
        )
        self.concurrency = self._servers.calls

    async def ready(self) -> None:
        """Raises `BackendDown` with one line unless a server knows the model and pools by step."""
        with self._servers.masking():
            await until_known(self._servers, self._name)
            try:
                found = await self._one(GREETING)
            except RequestError as error:
                found = Failed(str(error))
            except BackendBusy:
                return  # Busy is no refusal; the run's own requests are tried again.
            if isinstance(found, Failed):
                raise BackendDown(f"{self._name}: {found.reason}")

    async def sample(self, batch: Sequence[Sample]) -> list[Samples | Failed]:
        return [WRITES_NOTHING] * len(batch)

    async def score(self, batch: Sequence[Score]) -> list[Scores | Failed]:
        return [WRITES_NOTHING] * len(batch)

    async def classify(self, batch: Sequence[Classify]) -> list[Classified | Failed]:
        with self._servers.masking():
            try:
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(self._or_failed(one)) for one in batch]
            except ExceptionGroup as several:
                raise several.exceptions[0] from None
        return [task.result() for task in tasks]

    async def aclose(self) -> None:
        await self._servers.aclose()

    async def _or_failed(self, request: Classify) -> Classified | Failed:
        try:
            return await self._one(request)
        except RequestError as error:
            return Failed(self._servers.masked(str(error)))

    async def _one(self, request: Classify) -> Classified | Failed:
        marked = marked_or_failed(self._family, self._tokenizer, request)
        if isinstance(marked, Failed):
            return marked
        body = {
            "model": self._name,
            "input": list(marked.ids),
            "task": "token_classify",
            "use_activation": False,
        }
        outputs = OUTPUTS[self._family.read_out]
        most = most_bytes(len(marked.ids), outputs)
        async with self._servers.slots(1):
            answer = await self._servers.post("/pooling", body, request.group, 1, most)
        mark = self._family.mark(self._tokenizer) if self._family.mark else None
        scores = scores_of(answer, marked, mark, outputs)
        return Classified(scores, len(marked.ids), self.model, self._family.asks)
