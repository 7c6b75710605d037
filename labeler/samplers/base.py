"""The Protocol every sampler follows: a batch in, a batch of the same length out, in order."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from labeler.driver.requests import (
    Classified,
    Classify,
    Failed,
    Prompt,
    Sample,
    Samples,
    Score,
    Scores,
)


class Sampler(Protocol):
    """Runs a model. One reply per request; a request that can never be answered gets `Failed`.

    A failure of the whole batch raises `BackendBusy` (try again) or `BackendDown` (give up), and
    then no reply of the batch counts.
    """

    @property
    def model(self) -> str:
        """Name and revision of the model, as recorded in evidence."""
        ...

    @property
    def fingerprint(self) -> str:
        """Hash of all that decides replies (weights, template, precision); part of journal keys."""
        ...

    @property
    def rows_per_batch(self) -> int:
        """How many completions one call should hold to keep the backend busy."""
        ...

    @property
    def oversubscription(self) -> int:
        """How many times `rows_per_batch` one call may hold: new rows are begun as others end.

        1 where a call lasts as long as its longest row, and nothing is gained by a larger one.
        """
        ...

    @property
    def concurrency(self) -> int:
        """How many calls may run at once."""
        ...

    async def ready(self) -> None:
        """Makes sure that the backend answers; raises `BackendDown` with one clear line."""
        ...

    async def sample(self, batch: Sequence[Sample]) -> list[Samples | Failed]: ...

    async def score(self, batch: Sequence[Score]) -> list[Scores | Failed]: ...

    async def aclose(self) -> None:
        """Frees the model or the connections; may be called twice."""
        ...


@runtime_checkable
class Classifier(Sampler, Protocol):
    """A reward model: it scores steps, and answers `Failed` to requests for text."""

    async def classify(self, batch: Sequence[Classify]) -> list[Classified | Failed]: ...


@dataclass(frozen=True, slots=True)
class Needs:
    """What a run asks of a model, and one of the prompts that it will send."""

    prompt: Prompt
    continues: bool = False
    """Whether labels rest on rollouts from the beginning of a solution."""
    logprobs: tuple[str, ...] = ()
    """Labelers that cannot do without log-probabilities."""
    stop: bool = False
    """Whether the run's samples end at stop strings."""
    scores: tuple[str, ...] = ()
    """Labelers that ask for log-probabilities of given texts."""
    remedy: str = "ask a server that does"


@runtime_checkable
class Probed(Protocol):
    """A sampler that can be asked what it is able to do before it is relied upon."""

    async def probe(self, needs: Needs) -> list[str]:
        """Lines on what it cannot do; `BackendDown` where labels would be wrong."""
        ...


@runtime_checkable
class Remembers(Protocol):
    """A sampler that must know after a crash what it had asked for."""

    def remember_in(self, folder: Path) -> None:
        """Keeps what it asks for in this folder, and goes on with what it finds there."""
        ...


def completion_seed(seed: int, index: int) -> int:
    """Seed (63 bits) of completion `index` of a request, the same on every backend."""
    data = seed.to_bytes(16, "big", signed=True) + index.to_bytes(8, "big")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big") >> 1
