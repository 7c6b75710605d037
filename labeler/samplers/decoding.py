"""Batched decoding of a causal language model: many prompts in, rows of tokens out.

Each live row owns a slot of one KV cache; when a row ends, the last live slot moves into its place
and new rows are admitted, so no step computes a finished row. A row's cache lies in columns
0..length-1 and the mask hides the rest. A prompt that is the beginning of another one (the usual
case for rollouts from the steps of one solution) takes its cache from there.

Does not cover: which token comes next (`token_choice.py`), text (`transformers.py`), sliding-window
and recurrent layers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import Cache, DynamicLayer

from labeler.samplers.token_choice import choose

Tokens = tuple[int, ...]

TOKENS_PER_FORWARD = 4096
"""Prompts are read in chunks of about this many tokens, which bounds the memory of one pass."""

WORTH_SHARING = 32
"""Tokens that prompts must begin with alike before these are read in a pass of their own."""

CACHE_GROWTH = 64
"""Columns added to the cache at a time."""


class Stopped(Exception):
    """The caller asked the decode loop to stop; no result counts."""


@dataclass(slots=True)
class Row:
    """One completion in the making: `limit` uniforms give at most `limit` tokens.

    `may_end[token]` marks the tokens after which `has_ended(tokens)` is worth asking.
    """

    prompt: Tokens
    uniforms: np.ndarray[Any, np.dtype[np.float64]]
    temperature: float
    top_k: int
    top_p: float
    may_end: Tensor
    has_ended: Callable[[list[int]], bool]
    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    finish: str = "length"

    @property
    def cached(self) -> int:
        """Tokens whose keys and values are known: all but the newest."""
        return len(self.prompt) + len(self.tokens) - 1


class SlotLayer(DynamicLayer):
    """Keys and values (slots, heads, columns, width) of one layer; the first `live` slots count."""

    keys: Tensor
    values: Tensor

    def __init__(self, slots: int, example: Tensor) -> None:
        super().__init__()
        # Zeros, because a hidden column still takes part in the product and must be finite.
        self.keys = example.new_zeros((slots, example.shape[1], 0, example.shape[3]))
        self.values = self.keys.clone()
        self.is_initialized = True
        self.slots, self.lengths, self.columns = torch.empty(0), torch.empty(0), 0

    def grow(self, columns: int) -> None:
        """Makes room for at least `columns` columns."""
        missing = columns - self.keys.shape[2]
        if missing > 0:
            extra = -(-missing // CACHE_GROWTH) * CACHE_GROWTH
            self.keys, self.values = (
                torch.nn.functional.pad(tensor, (0, 0, 0, extra))
                for tensor in (self.keys, self.values)
            )

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        """Writes each row's new column at its own length and returns the columns in use."""
        self.keys[self.slots, :, self.lengths] = key_states[:, :, 0]
        self.values[self.slots, :, self.lengths] = value_states[:, :, 0]
        live = len(self.slots)
        return self.keys[:live, :, : self.columns], self.values[:live, :, : self.columns]


class Decoder:
    """The slots, and the state each one holds."""

    def __init__(self, model: Any, width: int, longest: int) -> None:
        device = model.device
        self.model = model
        self.width = width
        self.rows: list[Row] = []
        self.layers: list[SlotLayer] = []
        self.newest = torch.zeros(width, dtype=torch.long, device=device)
        self.lengths = torch.zeros(width, dtype=torch.long, device=device)
        self.uniforms = torch.zeros(width, longest, dtype=torch.float64, device=device)
        self.drawn = torch.zeros(width, dtype=torch.long, device=device)
        self.temperature = torch.ones(width, dtype=torch.float64, device=device)
        self.top_k = torch.zeros(width, dtype=torch.long, device=device)
        self.top_p = torch.ones(width, dtype=torch.float64, device=device)
        self.may_end = torch.zeros(width, model.config.vocab_size, dtype=torch.bool, device=device)
        self.slot_numbers = torch.arange(width, device=device)

    def admit(self, rows: Sequence[Row]) -> None:
        """Reads the prompts of `rows` (all but each last token) and gives every row a slot."""
        first = len(self.rows)
        self.rows += rows
        for hosts, guests in shared_prompts([row.prompt for row in rows]):
            known = prefill(self.model, hosts)
            if not self.layers:
                self.layers = [SlotLayer(self.width, layer.keys) for layer in known]
            slots = torch.tensor([first + guest for guest, _ in guests], device=self.model.device)
            source = torch.tensor([host for _, host in guests], device=self.model.device)
            for layer, read in zip(self.layers, known, strict=True):
                columns = read.keys.shape[2]
                layer.grow(columns)
                layer.keys[slots, :, :columns] = read.keys[source]
                layer.values[slots, :, :columns] = read.values[source]
        for slot, row in enumerate(rows, start=first):
            self.newest[slot] = row.prompt[-1]
            self.lengths[slot] = row.cached
            self.uniforms[slot, : len(row.uniforms)] = torch.from_numpy(row.uniforms)
            self.drawn[slot] = 0
            self.temperature[slot] = row.temperature
            self.top_k[slot] = row.top_k
            self.top_p[slot] = row.top_p
            self.may_end[slot] = row.may_end

    def step(self) -> None:
        """Draws one token for every live row and drops the rows that ended."""
        live = len(self.rows)
        slots, lengths = self.slot_numbers[:live], self.lengths[:live]
        columns = max(row.cached for row in self.rows) + 1
        for layer in self.layers:
            layer.grow(columns)
            layer.slots, layer.lengths, layer.columns = slots, lengths, columns
        seen = torch.arange(columns, device=self.model.device) <= lengths[:, None]
        logits = self.model(
            input_ids=self.newest[:live, None],
            position_ids=lengths[:, None],
            attention_mask=seen[:, None, None],
            past_key_values=Cache(layers=[*self.layers]),
            use_cache=True,
        ).logits[:, -1]
        uniform = self.uniforms[slots, self.drawn[:live]]
        tokens, logprobs = choose(
            logits, self.temperature[:live], self.top_k[:live], self.top_p[:live], uniform
        )
        suspects = self.may_end[slots, tokens]
        self.newest[:live] = tokens
        self.lengths[:live] += 1
        self.drawn[:live] += 1
        ended = []
        news = zip(self.rows, tokens.tolist(), logprobs.tolist(), suspects.tolist(), strict=True)
        for slot, (row, token, logprob, suspect) in enumerate(news):
            row.tokens.append(token)
            row.logprobs.append(logprob)
            if suspect and row.has_ended(row.tokens):
                row.finish = "stop"
                ended.append(slot)
            elif len(row.tokens) == len(row.uniforms):
                ended.append(slot)
        if ended:
            self.close(ended)

    def close(self, ended: list[int]) -> None:
        """Fills the slots of ended rows with the last live ones, so live slots stay in front."""
        left = len(self.rows) - len(ended)
        holes = [slot for slot in ended if slot < left]
        movers = sorted(set(range(left, len(self.rows))) - set(ended))
        for hole, mover in zip(holes, movers, strict=True):
            self.rows[hole] = self.rows[mover]
        del self.rows[left:]
        if not holes:
            return
        to = torch.tensor(holes, device=self.model.device)
        source = torch.tensor(movers, device=self.model.device)
        for state in (
            self.newest,
            self.lengths,
            self.uniforms,
            self.drawn,
            self.temperature,
            self.top_k,
            self.top_p,
            self.may_end,
        ):
            state[to] = state[source]
        for layer in self.layers:
            for cache in (layer.keys, layer.values):
                # Columns beyond those in use hold nothing of a live row.
                cache[to, :, : layer.columns] = cache[source, :, : layer.columns]


def generate(model: Any, rows: Sequence[Row], width: int, stopped: Callable[[], bool]) -> None:
    """Completes `rows` in place, at most `width` at a time; raises `Stopped` when told to.

    Rows run in the order of their prompts' tokens: prompts that share a beginning meet.
    """
    waiting = sorted(rows, key=lambda row: row.prompt)[::-1]
    width = min(width, len(rows))
    decoder = Decoder(model, width, longest=max((len(row.uniforms) for row in rows), default=0))
    with torch.inference_mode():
        while waiting or decoder.rows:
            if stopped():
                raise Stopped
            free = width - len(decoder.rows)
            # Admitting a few rows together reads their prompts in one pass.
            if waiting and free >= max(1, width // 8):
                decoder.admit([waiting.pop() for _ in range(min(free, len(waiting)))])
            decoder.step()


def shared_prompts(
    prompts: Sequence[Tokens],
) -> Iterator[tuple[list[Tokens], list[tuple[int, int]]]]:
    """Chunks of prompts to read, each with the pairs (index in `prompts`, index in the chunk).

    A prompt that begins another one is not read itself. In lexicographic order it stands right
    before one it begins, hence one look at the follower's host is enough.
    """
    hosts: list[Tokens] = []
    guests: list[list[int]] = []
    for index in sorted(range(len(prompts)), key=lambda i: prompts[i], reverse=True):
        if not hosts or hosts[-1][: len(prompts[index])] != prompts[index]:
            hosts.append(prompts[index])
            guests.append([])
        guests[-1].append(index)
    for chunk in chunks_by_length([len(host) for host in hosts]):
        pairs = [(guest, row) for row, host in enumerate(chunk) for guest in guests[host]]
        yield [hosts[host] for host in chunk], pairs


def chunks_by_length(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indices of similar length in chunks of at most `TOKENS_PER_FORWARD` tokens after padding."""
    chunk: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        if chunk and lengths[index] * (len(chunk) + 1) > TOKENS_PER_FORWARD:
            yield chunk
            chunk = []
        chunk.append(index)
    if chunk:
        yield chunk


def padded(model: Any, rows: Sequence[Sequence[int]]) -> Tensor:
    """Rows as one matrix, padded behind: causal attention never looks there."""
    width = max(len(row) for row in rows)
    return torch.tensor([[*row, *[0] * (width - len(row))] for row in rows], device=model.device)


def prefill(model: Any, prompts: Sequence[Tokens]) -> list[Any]:
    """Keys and values per layer; a last token is read when its row takes the first step.

    What all prompts begin with (instructions, worked problems) is read once.
    """
    cache = DynamicCache()
    heads = [prompt[: max(1, len(prompt) - 1)] for prompt in prompts]
    common = common_beginning(heads) if len(heads) > 1 else 0
    if common >= WORTH_SHARING:
        read(model, [heads[0][:common]], cache)
        cache.batch_repeat_interleave(len(heads))
        heads = [head[common:] for head in heads]
    read(model, heads, cache)
    return [*cache.layers]


def common_beginning(rows: Sequence[Tokens]) -> int:
    """How many tokens all rows begin with, leaving each at least one of its own."""
    first, last = min(rows), max(rows)
    shortest = min(map(len, rows)) - 1
    same = zip(first[:shortest], last[:shortest], strict=True)
    return next((at for at, (a, b) in enumerate(same) if a != b), shortest)


def read(model: Any, rows: Sequence[Tokens], cache: DynamicCache) -> None:
    """Puts keys and values of all tokens of `rows` behind what the cache holds."""
    model(input_ids=padded(model, rows), past_key_values=cache, use_cache=True, logits_to_keep=1)


def token_logprobs(model: Any, rows: Sequence[tuple[Tokens, int]]) -> list[list[float]]:
    """Log-probability of each token from position `start` (at least 1) on, per (tokens, start)."""
    found: list[list[float]] = [[] for _ in rows]
    with torch.inference_mode():
        for chunk in chunks_by_length([len(tokens) for tokens, _ in rows]):
            ids = padded(model, [rows[index][0] for index in chunk])
            first = min(rows[index][1] for index in chunk)
            kept = torch.arange(first - 1, ids.shape[1] - 1, device=ids.device)
            logits = model(input_ids=ids, use_cache=False, logits_to_keep=kept).logits
            logprobs = torch.log_softmax(logits.double(), dim=-1)
            of_tokens = logprobs.gather(-1, ids[:, first:, None])[..., 0].tolist()
            for index, values in zip(chunk, of_tokens, strict=True):
                tokens, start = rows[index]
                found[index] = values[start - first : len(tokens) - first]
    return found
