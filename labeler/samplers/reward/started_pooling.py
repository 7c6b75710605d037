"""A process reward model on vLLM's pooling servers that the run starts (`pooling.py` asks them)."""

from __future__ import annotations

from collections.abc import Sequence

from labeler.driver.requests import Classified, Classify, Failed
from labeler.samplers.reward.family import RewardFamily
from labeler.samplers.reward.pooling import PoolingSampler
from labeler.samplers.servers import AUTO, Concurrency
from labeler.samplers.started import StartedServers
from labeler.samplers.vllm_command import DeviceSet, Launch


class StartedPooling(StartedServers[PoolingSampler]):
    """Scores steps on replicas that it starts in `ready`, on `device_sets`."""

    def __init__(
        self,
        launch: Launch,
        device_sets: Sequence[DeviceSet],
        fingerprint: str,
        family: RewardFamily,
        *,
        tokenizer: str,
        api_key_env: str | None = None,
        concurrency: Concurrency = AUTO,
        timeout_s: float = 600.0,
    ) -> None:
        def connect(urls: list[str], of_all: Concurrency) -> PoolingSampler:
            return PoolingSampler(
                urls,
                launch.name,
                family,
                tokenizer=tokenizer,
                known_as=self.model,
                fingerprint=fingerprint,
                api_key_env=api_key_env,
                concurrency=of_all,
                timeout_s=timeout_s,
            )

        super().__init__(launch, device_sets, fingerprint, connect, concurrency)

    async def classify(self, batch: Sequence[Classify]) -> list[Classified | Failed]:
        return await self._answered(lambda asking: asking.classify(batch))
