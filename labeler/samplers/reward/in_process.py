"""A process reward model in this process: a folder in Hugging Face layout, read by its family.

The weights stay as they are: nothing is trained, and no code from the folder is run. A reply
depends on the solution alone, up to the last bits of float32, which differ with the batch.
Does not cover: several GPUs, models that write before they judge (those are judges).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from labeler.driver.requests import Classified, Classify, Failed, Sample, Samples, Score, Scores
from labeler.errors import ConfigError, RequestError
from labeler.records import short_hash
from labeler.samplers.chat_template import load_tokenizer
from labeler.samplers.model_folder import folder_hash, unchanged
from labeler.samplers.reward.families import family_in
from labeler.samplers.reward.family import Marked, RewardFamily
from labeler.samplers.reward.heads import load_reader
from labeler.samplers.threads import ModelThreads

WRITES_NOTHING = Failed("a reward model writes no text; ask another model")


class RewardModel:
    """Scores steps with the model in `folder`, read as `family` says.

    `rows_per_batch` solutions are taken at once. Raises `ConfigError` for a folder that holds none,
    `BackendDown` for one that does not load.
    """

    oversubscription = 1
    concurrency = 1

    def __init__(
        self,
        folder: str,
        family: str,
        *,
        device: str = "auto",
        dtype: str = "float32",
        rows_per_batch: int = 64,
    ) -> None:
        path = Path(folder)
        if not (path / "config.json").is_file():
            raise ConfigError(f"no model in {folder!r} (no config.json); check the path")
        self.rows_per_batch = rows_per_batch
        self._family: RewardFamily = family_in(path, family)
        with unchanged(path):
            self._tokenizer = load_tokenizer(folder)
            try:
                self._reader = load_reader(path, self._family, self._tokenizer, device, dtype)
            except RequestError as error:
                raise ConfigError(f"{folder}: {error}")
            known = folder_hash(path)
        self._context: int = self._reader.base.config.max_position_embeddings
        self.fingerprint = short_hash("reward", family, known, str(self._reader.base.dtype))
        self.model = f"{path.resolve().name}@{self.fingerprint}"
        remedy = f"lower rows_per_batch ({rows_per_batch})"
        self._threads = ModelThreads(self.model, self.concurrency, remedy)

    async def ready(self) -> None:
        """The model was loaded when this was made."""

    async def sample(self, batch: Sequence[Sample]) -> list[Samples | Failed]:
        return [WRITES_NOTHING] * len(batch)

    async def score(self, batch: Sequence[Score]) -> list[Scores | Failed]:
        return [WRITES_NOTHING] * len(batch)

    async def classify(self, batch: Sequence[Classify]) -> list[Classified | Failed]:
        return await self._threads.run(lambda stopped: self._classify(batch, stopped))

    async def aclose(self) -> None:
        await self._threads.aclose()

    def _classify(
        self, batch: Sequence[Classify], stopped: Callable[[], bool]
    ) -> list[Classified | Failed]:
        from labeler.samplers.decoding import Stopped, chunks_by_length

        marked = [marked_or_failed(self._family, self._tokenizer, one) for one in batch]
        marked = [self._fitting(one) for one in marked]
        rows = [one for one in marked if isinstance(one, Marked)]
        scores: list[tuple[float, ...]] = [()] * len(rows)
        for chunk in chunks_by_length([len(row.ids) for row in rows]):
            if stopped():
                raise Stopped
            found = self._reader.scores([rows[index] for index in chunk])
            for index, one in zip(chunk, found, strict=True):
                scores[index] = one
        said = iter(scores)
        return [
            one
            if isinstance(one, Failed)
            else Classified(next(said), len(one.ids), self.model, self._family.asks)
            for one in marked
        ]

    def _fitting(self, one: Marked | Failed) -> Marked | Failed:
        if isinstance(one, Failed) or len(one.ids) <= self._context:
            return one
        return Failed(f"the solution has {len(one.ids)} tokens, the model takes {self._context}")


def marked_or_failed(family: RewardFamily, tokenizer: object, one: Classify) -> Marked | Failed:
    """A request as the family's models read it."""
    if not one.pieces:
        return Failed("the solution has no steps to be scored")
    try:
        return family.encode(tokenizer, one.prompt, one.pieces)
    except RequestError as error:
        return Failed(str(error))
