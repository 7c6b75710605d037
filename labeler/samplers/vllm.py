"""vLLM as child processes of this run: started, watched, asked over HTTP, stopped.

The requests go through `openai_http.py`; here is only who answers them: replicas on ports of this
machine (`replicas.py`). While no replica is up, requests wait instead of failing; when all were
given up, the run ends with the reason. Any other server with this API and GET /health will do, by
its own command. Does not cover: servers that run already (`OpenAISampler` alone).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

from labeler.driver.requests import Failed, Sample, Samples, Score, Scores
from labeler.errors import BackendBusy, BackendDown
from labeler.samplers.openai_http import OpenAISampler
from labeler.samplers.replicas import HUNG_S, Replicas
from labeler.samplers.server_process import GRACE_S
from labeler.samplers.servers import AUTO, Concurrency, calls_at_once, in_total
from labeler.samplers.vllm_command import DeviceSet, Launch

Result = TypeVar("Result")


class VLLMSampler:
    """Samples and scores on replicas that it starts in `ready`, on `device_sets`.

    `fingerprint` tells replies apart (weights, precision, prompt's form); a number for
    `concurrency` counts the requests in flight on each replica.
    """

    rows_per_batch = 1
    oversubscription = 1

    def __init__(
        self,
        launch: Launch,
        device_sets: Sequence[DeviceSet],
        fingerprint: str,
        *,
        api: str = "completions",
        api_key_env: str | None = None,
        concurrency: Concurrency = AUTO,
        timeout_s: float = 600.0,
        tokenizer: str | None = None,
        hung_s: float = HUNG_S,
        grace_s: float = GRACE_S,
    ) -> None:
        self.fingerprint = fingerprint
        self.model = f"{Path(launch.name).name}@{fingerprint}"
        self._concurrency = in_total(concurrency, len(device_sets))
        self.concurrency = calls_at_once(self._concurrency, len(device_sets))
        self.replicas = Replicas(launch, device_sets, hung_s, grace_s)
        self._name = launch.name
        self._api, self._api_key_env = api, api_key_env
        self._timeout_s, self._tokenizer = timeout_s, tokenizer
        self._asking: OpenAISampler | None = None

    async def ready(self) -> None:
        """Starts the replicas and waits until they answer; once. Raises as `Replicas.start`."""
        if self._asking is not None:
            return
        await self.replicas.start()
        self._asking = OpenAISampler(
            self.replicas.urls,
            self._name,
            api=self._api,
            api_key_env=self._api_key_env,
            concurrency=self._concurrency,
            timeout_s=self._timeout_s,
            tokenizer=self._tokenizer,
            known_as=self.model,
        )
        try:
            await self._asking.ready()
        except BaseException:
            await self.aclose()
            raise

    async def sample(self, batch: Sequence[Sample]) -> list[Samples | Failed]:
        return await self._answered(lambda asking: asking.sample(batch))

    async def score(self, batch: Sequence[Score]) -> list[Scores | Failed]:
        return await self._answered(lambda asking: asking.score(batch))

    async def aclose(self) -> None:
        if self._asking is not None:
            await self._asking.aclose()
        await self.replicas.stop()

    async def _answered(
        self, ask: Callable[[OpenAISampler], Awaitable[list[Result]]]
    ) -> list[Result]:
        """Asks until an answer comes that was not cut off by the end of a replica."""
        if self._asking is None:
            raise BackendDown(f"the engine of {self._name!r} was not started; call ready() first")
        while True:
            await self.replicas.some_up()
            try:
                return await ask(self._asking)
            except BackendBusy:
                # From a server that is well it means overload, which is the driver's business.
                if await self.replicas.any_well():
                    raise
