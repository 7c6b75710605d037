"""Examples of like length in batches of about so many tokens."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Example:
    """Token ids of one prompt with its answer, and each one's weight in the loss."""

    task: str
    ids: list[int]
    weights: list[float]


def batches(
    stream: Iterator[Example], rng: random.Random, tokens_per_batch: int
) -> Iterator[list[Example]]:
    """An endless stream in batches, pool by pool."""
    while True:
        pool = sorted((next(stream) for _ in range(400)), key=lambda example: len(example.ids))
        groups: list[list[Example]] = [[]]
        for example in pool:
            if (len(groups[-1]) + 1) * len(example.ids) > tokens_per_batch:
                groups.append([])
            groups[-1].append(example)
        rng.shuffle(groups)
        yield from groups


def tensors(batch: list[Example]) -> tuple[Tensor, Tensor]:
    """Padded ids (B, T) and the weight of each token in the loss (B, T)."""
    longest = max(len(example.ids) for example in batch)
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    weights = torch.zeros(len(batch), longest)
    for row, example in enumerate(batch):
        ids[row, : len(example.ids)] = torch.tensor(example.ids)
        weights[row, : len(example.ids)] = torch.tensor(example.weights)
    return ids, weights
