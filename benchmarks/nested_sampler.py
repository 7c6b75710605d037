"""Sweeps over the number of rollouts that sample every prefix once only."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from labeler.driver.requests import Failed, Sample, Samples, Score, Scores
from labeler.samplers.base import Sampler


class Nested:
    """A sampler that draws the most rollouts of a sweep once; smaller k get the first of them.

    Completion i depends on the request's seed and i, never on n, so these are the same rollouts.
    Only what the requesters in `swept` ask is enlarged, to `most`.
    """

    def __init__(self, sampler: Sampler, most: int, swept: Collection[str]) -> None:
        self.model, self.fingerprint = sampler.model, sampler.fingerprint
        self.rows_per_batch, self.concurrency = sampler.rows_per_batch, sampler.concurrency
        self.oversubscription = sampler.oversubscription
        self._sampler, self._most, self._swept = sampler, most, swept
        self._known: dict[Sample, Samples] = {}

    async def ready(self) -> None:
        await self._sampler.ready()

    async def score(self, batch: Sequence[Score]) -> list[Scores | Failed]:
        return await self._sampler.score(batch)

    async def aclose(self) -> None:
        await self._sampler.aclose()

    async def sample(self, batch: Sequence[Sample]) -> list[Samples | Failed]:
        whole = [self._enlarged(request) for request in batch]
        new = [request for request in dict.fromkeys(whole) if request not in self._known]
        replies = dict(zip(new, await self._sampler.sample(new), strict=True)) if new else {}
        for request, reply in replies.items():
            if isinstance(reply, Samples) and request.requester in self._swept:
                self._known[request] = reply
        found = [self._known.get(request) or replies[request] for request in whole]
        return [
            replace(reply, completions=reply.completions[: request.n])
            if isinstance(reply, Samples)
            else reply
            for request, reply in zip(batch, found, strict=True)
        ]

    def _enlarged(self, request: Sample) -> Sample:
        return replace(request, n=self._most) if request.requester in self._swept else request
