"""A Hugging Face causal language model in this process, with our own batching across requests.

For CPUs and small models; `decoding.py` runs the batch, this file knows text, requests and threads.

What a reply depends on: completion i is drawn from uniform numbers that only (request seed, i)
decide, and from its own logits. In float32 the logits of a row differ in their last bits with the
shape of the batch around it, so very rarely a token differs too; `deterministic` computes in
float64, where that has no visible effect (`benchmarks/sampler_throughput.py --determinism`).

Tokens: prompt, and continuation to be scored, are encoded apart and concatenated, so a prefix is
never merged with what follows it, but stands as before more text (`boundaries.py`). `n_tokens`,
`tokens` and `logprobs` include the end token and the tokens of a stop string; the text does not, so
these tokens read "". Log-probabilities are those of the model at temperature 1, without top-k or
top-p.

Does not cover: guided decoding (`Sample.schema` is not enforced), models with sliding-window or
recurrent layers, several GPUs. Use vLLM for those.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from labeler.driver.requests import Completion, Failed, Prompt, Sample, Samples, Score, Scores
from labeler.errors import ConfigError, RequestError
from labeler.records import short_hash
from labeler.samplers.base import Needs, completion_seed
from labeler.samplers.boundaries import encode, encode_in_pieces, encode_to_go_on
from labeler.samplers.chat_template import form_of, load_tokenizer, on_template, render
from labeler.samplers.model_folder import end_tokens, folder_hash, load_model, unchanged
from labeler.samplers.threads import ModelThreads
from labeler.samplers.token_texts import pieces_of

if TYPE_CHECKING:
    from labeler.samplers.decoding import Row


def batches_at_once(device: str) -> int:
    """How many batches are computed beside each other; gives each its share of the cores."""
    import torch

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    batches = 2 if device == "cpu" and (cores or 1) > 1 else 1
    if batches > 1:
        torch.set_num_threads((cores or 1) // batches)
    return batches


class TransformersSampler:
    """Samples and scores with the model in folder `model_dir`.

    `device` is auto, cpu or cuda; `dtype` is float32, bfloat16 or auto (as stored);
    `deterministic` overrides it with float64. `rows_per_batch` completions are computed at once;
    larger batches are refilled as rows end. On a CPU two batches run beside each other, in a thread
    and half of the cores each: a small model's steps are too short to be divided. Raises
    `ConfigError` for a missing folder and `BackendDown` for a model that does not load.
    """

    oversubscription = 4

    def __init__(
        self,
        model_dir: str,
        *,
        device: str = "auto",
        dtype: str = "float32",
        rows_per_batch: int = 64,
        deterministic: bool = False,
    ) -> None:
        if not (Path(model_dir) / "config.json").is_file():
            raise ConfigError(f"no model in {model_dir!r} (no config.json); check the path")
        if dtype not in ("auto", "float32", "bfloat16"):
            raise ConfigError(f"dtype {dtype!r} is not one of auto, float32, bfloat16")
        if rows_per_batch < 1:
            raise ConfigError(f"rows_per_batch is {rows_per_batch}; it must be at least 1")
        self.rows_per_batch = rows_per_batch
        with unchanged(Path(model_dir)):
            self._tokenizer = load_tokenizer(model_dir)
            self._model = load_model(model_dir, device, "float64" if deterministic else dtype)
            known = folder_hash(Path(model_dir))
        self._context: int = self._model.config.max_position_embeddings
        self._ends = end_tokens(self._model, self._tokenizer)
        self._end_tables: dict[tuple[str, ...], Any] = {}
        form = form_of(self._tokenizer)
        self.fingerprint = short_hash(known, str(self._model.dtype), *form)
        self.model = f"{Path(model_dir).resolve().name}@{self.fingerprint}"
        self.concurrency = batches_at_once(self._model.device.type)
        remedy = f"lower rows_per_batch ({rows_per_batch})"
        self._threads = ModelThreads(self.model, self.concurrency, remedy)

    async def ready(self) -> None:
        """The model was loaded when the sampler was made."""

    async def probe(self, needs: Needs) -> list[str]:
        """It can do all of it; only its chat template may be missing."""
        return on_template(self._tokenizer, self.model)

    async def sample(self, batch: Sequence[Sample]) -> list[Samples | Failed]:
        return await self._threads.run(lambda stopped: self._sample(batch, stopped))

    async def score(self, batch: Sequence[Score]) -> list[Scores | Failed]:
        return await self._threads.run(lambda stopped: self._score(batch))

    async def aclose(self) -> None:
        await self._threads.aclose()
        self._model = None

    def encode(self, text: str) -> tuple[int, ...]:
        """Token ids of `text`, without anything added."""
        return encode(self._tokenizer, text)

    def decode(self, tokens: Sequence[int]) -> str:
        """Text of generated tokens, as it reads behind other text; special tokens are left out."""
        # Some tokenizers drop a space at the beginning; the anchor keeps it off the beginning.
        return self._decode([*self._anchor, *tokens])[len(self._decode(self._anchor)) :]

    def text_of(self, tokens: Sequence[int]) -> str:
        """Text of a prompt's tokens, special tokens and all."""
        anchored = [*self._anchor, *tokens]
        anchor = self._tokenizer.decode(self._anchor)
        return str(self._tokenizer.decode(anchored)).removeprefix(anchor)

    async def token_logprobs(self, tokens: tuple[int, ...]) -> list[float]:
        """Log-probability of every token but the first; for servers over this sampler.

        Raises `RequestError` for too many tokens, or for ids that the model does not have.
        """
        from labeler.samplers.decoding import token_logprobs

        vocabulary = self._model.config.vocab_size
        if len(tokens) > self._context:
            raise RequestError(self._too_long("text", len(tokens)).reason)
        if not all(0 <= token < vocabulary for token in tokens):
            raise RequestError(f"token ids must lie between 0 and {vocabulary - 1}")
        rows = [(tokens, 1)]
        (found,) = await self._threads.run(lambda stopped: token_logprobs(self._model, rows))
        return found

    def _sample(
        self, batch: Sequence[Sample], stopped: Callable[[], bool]
    ) -> list[Samples | Failed]:
        from labeler.samplers.decoding import generate

        planned = [self._plan(request) for request in batch]
        rows = [row for plan in planned if not isinstance(plan, Failed) for row in plan]
        generate(self._model, rows, self.rows_per_batch, stopped)
        return [
            plan if isinstance(plan, Failed) else self._reply(request, plan)
            for request, plan in zip(batch, planned, strict=True)
        ]

    def _plan(self, request: Sample) -> list[Row] | Failed:
        """The rows to generate: one per completion, or a single one if all are the same."""
        if request.n < 1 or request.sampling.max_tokens < 1:
            return Failed("n and max_tokens must be at least 1")
        prompt = self._prompt_tokens(request.prompt)
        if isinstance(prompt, Failed):
            return prompt
        limit = min(request.sampling.max_tokens, self._context - len(prompt))
        if limit < 1:
            return self._too_long("prompt", len(prompt))
        different = 1 if request.sampling.temperature == 0 else request.n
        return [self._row(request, prompt, limit, index) for index in range(different)]

    def _row(self, request: Sample, prompt: tuple[int, ...], limit: int, index: int) -> Row:
        import numpy as np

        from labeler.samplers.decoding import Row

        sampling = request.sampling
        stops = tuple(stop for stop in sampling.stop if stop)
        random = np.random.Generator(np.random.Philox(key=completion_seed(request.seed, index)))

        def has_ended(tokens: list[int]) -> bool:
            if tokens[-1] in self._ends:
                return True
            text = self.decode(tokens)
            return any(stop in text for stop in stops)

        return Row(
            prompt=prompt,
            uniforms=random.random(limit),
            temperature=sampling.temperature,
            top_k=sampling.top_k,
            top_p=sampling.top_p,
            may_end=self._may_end(stops),
            has_ended=has_ended,
        )

    def _reply(self, request: Sample, rows: Sequence[Row]) -> Samples:
        made = tuple(self._completion(row, request) for row in rows)
        same = request.n // len(made)
        return Samples(made * same, prompt_tokens=len(rows[0].prompt), model=self.model)

    def _completion(self, row: Row, request: Sample) -> Completion:
        text = self.decode(row.tokens)
        cuts = [text.index(stop) for stop in request.sampling.stop if stop and stop in text]
        text = text[: min(cuts, default=len(text))]
        if not request.logprobs:
            return Completion(text, len(row.tokens), row.finish)
        told = pieces_of(text, [self._token_texts[token] for token in row.tokens])
        return Completion(text, len(told), row.finish, told, tuple(row.logprobs))

    def _score(self, batch: Sequence[Score]) -> list[Scores | Failed]:
        from labeler.samplers.decoding import token_logprobs

        replies: list[Scores | Failed] = []
        asked: list[tuple[tuple[int, ...], int]] = []
        indices: list[int] = []
        for index, request in enumerate(batch):
            prompt = self._prompt_tokens(request.prompt)
            if isinstance(prompt, Failed):
                replies.append(prompt)
                continue
            continuation, texts = encode_in_pieces(self._tokenizer, request.continuation)
            tokens = prompt + continuation
            if len(tokens) > self._context:
                replies.append(self._too_long("prompt with its continuation", len(tokens)))
                continue
            replies.append(Scores((), len(prompt), self.model, texts))
            if len(tokens) > len(prompt):
                asked.append((tokens, len(prompt)))
                indices.append(index)
        found = token_logprobs(self._model, asked)
        for index, logprobs in zip(indices, found, strict=True):
            replies[index] = replace(cast(Scores, replies[index]), logprobs=tuple(logprobs))
        return replies

    def _prompt_tokens(self, prompt: Prompt) -> tuple[int, ...] | Failed:
        try:
            tokens = encode_to_go_on(self._tokenizer, render(self._tokenizer, prompt))
        except RequestError as error:
            return Failed(str(error))
        return tokens or Failed("the prompt has no tokens, so there is nothing to continue")

    def _too_long(self, what: str, tokens: int) -> Failed:
        return Failed(f"the {what} has {tokens} tokens, the model takes {self._context}")

    def _may_end(self, stops: tuple[str, ...]) -> Any:
        """Marks the tokens that end a text, or may complete a stop string with their characters."""
        if stops not in self._end_tables:
            import torch

            last = {stop[-1] for stop in stops} | ({"\ufffd"} if stops else set())
            table = torch.zeros(self._model.config.vocab_size, dtype=torch.bool)
            table[sorted(self._ends)] = True
            table[[i for i, text in enumerate(self._token_texts) if last & set(text)]] = True
            self._end_tables[stops] = table.to(self._model.device)
        return self._end_tables[stops]

    @cached_property
    def _anchor(self) -> tuple[int, ...]:
        return self.encode("a")

    @cached_property
    def _token_texts(self) -> list[str]:
        return [self.decode([token]) for token in range(self._model.config.vocab_size)]

    def _decode(self, tokens: Sequence[int]) -> str:
        return str(
            self._tokenizer.decode(
                list(tokens), skip_special_tokens=True, clean_up_tokenization_spaces=False
            )
        )
