"""vLLM as child processes of this run: started, watched, asked over HTTP, stopped.

The requests go through `openai_http.py`; here is only who answers them: replicas on ports of this
machine (`replicas.py`). While no replica is up, requests wait instead of failing; when all were
given up, the run ends with the reason. Any other server with this API and GET /health will do, by
its own command. Does not cover: servers that run already (`OpenAISampler` alone).
"""

from __future__ import annotations

from collections.abc import Sequence

from labeler.samplers.base import Needs
from labeler.samplers.openai_http import OpenAISampler
from labeler.samplers.replicas import HUNG_S
from labeler.samplers.server_process import GRACE_S
from labeler.samplers.servers import AUTO, Concurrency
from labeler.samplers.started import StartedServers
from labeler.samplers.vllm_command import DeviceSet, Launch


class VLLMSampler(StartedServers[OpenAISampler]):
    """Samples and scores on replicas that it starts in `ready`, on `device_sets`.

    `fingerprint` tells replies apart (weights, precision, prompt's form); a number for
    `concurrency` counts the requests in flight on each replica.
    """

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
        def connect(urls: list[str], of_all: Concurrency) -> OpenAISampler:
            return OpenAISampler(
                urls,
                launch.name,
                api=api,
                api_key_env=api_key_env,
                concurrency=of_all,
                timeout_s=timeout_s,
                tokenizer=tokenizer,
                known_as=self.model,
            )

        super().__init__(launch, device_sets, fingerprint, connect, concurrency, hung_s, grace_s)

    async def probe(self, needs: Needs) -> list[str]:
        """What the servers that it started cannot do."""
        assert self._asking is not None
        return await self._asking.probe(needs)
