"""A sampler on replicas of a server that it starts in `ready`, watches and stops.

Who is asked and how is another sampler's business (`connect` makes it once the replicas answer);
here is only that requests wait while no replica is up, instead of failing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from labeler.driver.requests import Failed, Sample, Samples, Score, Scores
from labeler.errors import BackendBusy, BackendDown
from labeler.samplers.base import Sampler
from labeler.samplers.replicas import HUNG_S, Replicas
from labeler.samplers.server_process import GRACE_S
from labeler.samplers.servers import Concurrency, calls_at_once, in_total
from labeler.samplers.vllm_command import DeviceSet, Launch

Result = TypeVar("Result")
Asking = TypeVar("Asking", bound=Sampler)


class StartedServers(Generic[Asking]):
    """Replicas of `launch`, one per device set, asked through what `connect` makes of their URLs.

    `fingerprint` tells replies apart; a number for `concurrency` counts the requests in flight on
    each replica.
    """

    rows_per_batch = 1
    oversubscription = 1

    def __init__(
        self,
        launch: Launch,
        device_sets: Sequence[DeviceSet],
        fingerprint: str,
        connect: Callable[[list[str], Concurrency], Asking],
        concurrency: Concurrency,
        hung_s: float = HUNG_S,
        grace_s: float = GRACE_S,
    ) -> None:
        self.fingerprint = fingerprint
        self.model = f"{Path(launch.name).name}@{fingerprint}"
        self._concurrency = in_total(concurrency, len(device_sets))
        self.concurrency = calls_at_once(self._concurrency, len(device_sets))
        self.replicas = Replicas(launch, device_sets, hung_s, grace_s)
        self._name, self._connect = launch.name, connect
        self._asking: Asking | None = None

    async def ready(self) -> None:
        """Starts the replicas and waits until they answer; once. Raises as `Replicas.start`."""
        if self._asking is not None:
            return
        await self.replicas.start()
        self._asking = self._connect(self.replicas.urls, self._concurrency)
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

    async def _answered(self, ask: Callable[[Asking], Awaitable[list[Result]]]) -> list[Result]:
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
