"""A sampler that replies from a script: for tests of drivers and for trying a labeler by hand.

Does not cover: log-probabilities of sampled text (always -1.0 per token). A word with the space
before it is a token; an empty text is the one token that ends it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from labeler.driver.requests import Completion, Failed, Prompt, Sample, Samples, Score, Scores
from labeler.records import short_hash

Script = Callable[[Prompt, int], str | Failed]
"""(prompt, completion index) -> text, or `Failed` for the whole request."""


class ScriptedSampler:
    """Replies by a function, or by a table from the prompt's text to texts used in turn.

    The key of the table is the contents of all messages, joined, and the prefix. A prompt that the
    script does not know gets `Failed`.
    """

    oversubscription = 1

    def __init__(
        self,
        script: Script | Mapping[str, Sequence[str]],
        *,
        model: str = "scripted",
        rows_per_batch: int = 64,
        concurrency: int = 1,
        score: Callable[[Score], Sequence[float] | Failed] | None = None,
    ) -> None:
        self.model = model
        self.fingerprint = short_hash("scripted", model)
        self.rows_per_batch = rows_per_batch
        self.concurrency = concurrency
        self.closed = False
        self._script: Script = script if callable(script) else _from_table(script)
        self._score = score

    async def ready(self) -> None:
        """Scripts always are."""

    async def sample(self, batch: Sequence[Sample]) -> list[Samples | Failed]:
        return [self._sampled(request) for request in batch]

    async def score(self, batch: Sequence[Score]) -> list[Scores | Failed]:
        return [self._scored(request) for request in batch]

    async def aclose(self) -> None:
        self.closed = True

    def _sampled(self, request: Sample) -> Samples | Failed:
        texts = [self._script(request.prompt, index) for index in range(request.n)]
        for text in texts:
            if isinstance(text, Failed):
                return text
        completions = tuple(_completion(str(text), request) for text in texts)
        return Samples(completions, len(_text(request.prompt).split()), self.model)

    def _scored(self, request: Score) -> Scores | Failed:
        if self._score is None:
            return Failed("this script holds no scores")
        logprobs = self._score(request)
        if isinstance(logprobs, Failed):
            return logprobs
        n_read = len(_text(request.prompt).split())
        return Scores(tuple(logprobs), n_read, self.model, _words(request.continuation))


def _from_table(table: Mapping[str, Sequence[str]]) -> Script:
    def script(prompt: Prompt, index: int) -> str | Failed:
        texts = table.get(_text(prompt))
        if not texts:
            return Failed(f"the script has no text for the prompt {_text(prompt)!r}")
        return texts[index % len(texts)]

    return script


def _text(prompt: Prompt) -> str:
    return "".join(message.content for message in prompt.messages) + prompt.prefix


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\s*\S+\s*$|\s*\S+|\s+", text)) or ("",)


def _completion(text: str, request: Sample) -> Completion:
    """Cuts a scripted text as a model's would be: at the first stop string, at `max_tokens`."""
    cuts = [text.index(stop) for stop in request.sampling.stop if stop in text]
    text = text[: min(cuts, default=len(text))]
    n_words = len(text.split()) or 1
    if n_words <= request.sampling.max_tokens and not request.logprobs:
        return Completion(text, n_words, "stop")
    words = list(_words(text))
    finish = "stop" if len(words) <= request.sampling.max_tokens else "length"
    words = words[: request.sampling.max_tokens]
    if not request.logprobs:
        return Completion("".join(words), len(words), finish)
    return Completion("".join(words), len(words), finish, tuple(words), (-1.0,) * len(words))
