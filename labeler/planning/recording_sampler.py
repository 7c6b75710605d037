"""A sampler that notes what passes through it, problem by problem."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from labeler.driver.requests import (
    Classified,
    Classify,
    Failed,
    OfModel,
    Prompt,
    Sample,
    Samples,
    Score,
    Scores,
)
from labeler.planning.shared_prefixes import SharedPrefixes
from labeler.samplers.base import Classifier, Sampler


class RecordingSampler:
    """A sampler that notes what passes through it, by group (a problem's id)."""

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler
        self._read = SharedPrefixes()
        self.served: dict[str, Counter[str]] = defaultdict(Counter)

    @property
    def model(self) -> str:
        return self._sampler.model

    @property
    def fingerprint(self) -> str:
        return self._sampler.fingerprint

    @property
    def rows_per_batch(self) -> int:
        return self._sampler.rows_per_batch

    @property
    def oversubscription(self) -> int:
        return self._sampler.oversubscription

    @property
    def concurrency(self) -> int:
        return self._sampler.concurrency

    async def ready(self) -> None:
        await self._sampler.ready()

    async def sample(self, batch: Sequence[Sample]) -> list[Samples | Failed]:
        replies = await self._sampler.sample(batch)
        for request, reply in zip(batch, replies, strict=True):
            if isinstance(reply, Samples):
                texts = [completion.text for completion in reply.completions]
                self._note(request, reply.prompt_tokens, texts, reply.completion_tokens)
        return replies

    async def score(self, batch: Sequence[Score]) -> list[Scores | Failed]:
        replies = await self._sampler.score(batch)
        for request, reply in zip(batch, replies, strict=True):
            if isinstance(reply, Scores):
                # A continuation is read like a prompt; nothing is generated.
                read = reply.prompt_tokens + len(reply.logprobs)
                self._note(request, read, [request.continuation], 0)
        return replies

    async def aclose(self) -> None:
        await self._sampler.aclose()

    def _note(
        self, request: OfModel, n_prompt: int, texts: Sequence[str], n_generated: int
    ) -> None:
        served = self.served[request.group]
        prompt = _text(request.prompt)
        served["engine_requests"] += 1
        served["engine_prompt_tokens"] += n_prompt
        served["engine_completion_tokens"] += n_generated
        served["cached_prompt_tokens"] += self._read.known_tokens(prompt, n_prompt)
        for text in texts:
            self._read.add(prompt + text)


class RecordingClassifier(RecordingSampler):
    """The same of a reward model."""

    def __init__(self, sampler: Classifier) -> None:
        super().__init__(sampler)
        self._classifier = sampler

    async def classify(self, batch: Sequence[Classify]) -> list[Classified | Failed]:
        replies = await self._classifier.classify(batch)
        for request, reply in zip(batch, replies, strict=True):
            if isinstance(reply, Classified):
                # All of it is read: problem, steps and marks.
                self._note(request, reply.prompt_tokens, ["".join(request.pieces)], 0)
        return replies


def recording(sampler: Sampler) -> RecordingSampler:
    """A recorder that offers what the sampler does."""
    return (
        RecordingClassifier(sampler)
        if isinstance(sampler, Classifier)
        else RecordingSampler(sampler)
    )


def _text(prompt: Prompt) -> str:
    return "".join(f"{m.role}\x00{m.content}\x00" for m in prompt.messages) + prompt.prefix
