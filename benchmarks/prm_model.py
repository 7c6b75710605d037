"""A small process reward model: a head on what the embedded policy computes behind each step.

The policy is frozen. Features of a step are the last hidden state on its last token, and how sure
the policy was of its tokens (hidden states alone tell little: a policy of this size does not mark
its own slips). A multilayer perceptron with one hidden layer gives P(step is right), trained with
binary cross-entropy on hard or soft targets. Only steps with a target count. Settings were chosen
once, by oracle labels on a part of the training solutions, and are the same for every method.

Does not cover: training the policy's own weights, which the papers do and which would cost hours
here. Source: PRM head and loss as in Math-Shepherd (arXiv 2312.08935, eq. 2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import nn

from labeler.labelers.base import Policy
from labeler.records import Problem
from labeler.samplers.chat_template import load_tokenizer, render
from labeler.samplers.model_folder import load_model

Array = np.ndarray
TOKENS_PER_BATCH = 16_000
FEATURES = "last state and confidence, 1"
"""Changes with what `Features` gives."""


class Features:
    """Hidden states of a policy behind each step of a solution."""

    def __init__(self, folder: str, policy: Policy) -> None:
        self._tokenizer = load_tokenizer(folder)
        self._model = load_model(folder, "cpu", "float32")
        self._policy = policy

    def of(self, solutions: Sequence[tuple[str, tuple[str, ...]]]) -> list[Array]:
        """For each (problem text, steps) an array [steps, width + 4], float32.

        The last four: sum and least log-probability of the step's tokens, sum and greatest entropy
        (nats) of the distributions that they were drawn from.
        """
        encoded = [self._encoded(text, steps) for text, steps in solutions]
        order = sorted(range(len(encoded)), key=lambda i: len(encoded[i][0]))
        found: list[Array] = [np.zeros(0)] * len(encoded)
        while order:
            longest = len(encoded[order[-1]][0])
            n = max(1, TOKENS_PER_BATCH // longest)
            batch, order = order[-n:], order[:-n]
            for i, states in zip(batch, self._states([encoded[i] for i in batch]), strict=True):
                found[i] = states
        return found

    def _encoded(self, text: str, steps: tuple[str, ...]) -> tuple[list[int], list[int]]:
        """Tokens of prompt and steps, and where each step begins and the last ends.

        Steps are encoded one by one, so that none is merged with what follows it.
        """
        problem = Problem("", "math", text, None)
        tokens = self._encode(render(self._tokenizer, self._policy.prompt(problem)))
        bounds = [len(tokens)]
        for step in steps:
            tokens = tokens + self._encode(step)
            bounds.append(len(tokens))
        return tokens, bounds

    def _encode(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _states(self, batch: Sequence[tuple[list[int], list[int]]]) -> list[Array]:
        longest = max(len(tokens) for tokens, _ in batch)
        # Padding stands behind what is read, where a causal model does not look.
        ids = torch.tensor([tokens + [0] * (longest - len(tokens)) for tokens, _ in batch])
        with torch.inference_mode():
            said = self._model(ids, output_hidden_states=True)
            hidden, logits = said.hidden_states[-1], said.logits
            return [
                _of_steps(ids[i], hidden[i], logits[i], bounds)
                for i, (_, bounds) in enumerate(batch)
            ]


def _of_steps(
    ids: torch.Tensor, hidden: torch.Tensor, logits: torch.Tensor, bounds: Sequence[int]
) -> Array:
    """[steps, width + 4] of one solution; position t of `logits` is about token t + 1."""
    first, last = bounds[0] - 1, bounds[-1] - 1
    logprobs = torch.log_softmax(logits[first:last].float(), dim=-1)
    chosen = logprobs.gather(1, ids[first + 1 : last + 1, None])[:, 0]
    entropy = -(logprobs.exp() * logprobs).sum(dim=-1)
    rows = []
    for start, end in pairwise(bounds):
        piece = slice(start - bounds[0], end - bounds[0])
        sure = (
            chosen[piece].sum(),
            chosen[piece].min(),
            entropy[piece].sum(),
            entropy[piece].max(),
        )
        rows.append(torch.cat([hidden[end - 1], torch.stack(sure)]).numpy())
    return np.array(rows, dtype=np.float32).reshape(len(rows), -1)


@dataclass(frozen=True, slots=True)
class Training:
    """Settings of the head, the same for every method."""

    hidden: int = 128
    n_epochs: int = 40
    batch: int = 256
    learning_rate: float = 1e-3
    weight_decay: float = 0.1
    dropout: float = 0.2


class Head:
    """P(step is right) from features; made by `train`."""

    def __init__(self, net: nn.Module, mean: Array, scale: Array) -> None:
        self._net, self._mean, self._scale = net.eval(), mean, scale

    def probabilities(self, features: Array) -> Array:
        """[n, width] to [n]."""
        x = torch.from_numpy((features - self._mean) / self._scale)
        with torch.inference_mode():
            whole: Array = torch.sigmoid(self._net(x)[:, 0]).numpy()
        return whole


def train(features: Array, targets: Array, seed: int, settings: Training) -> Head:
    """A head that predicts `targets` in [0, 1], one per row of `features`."""
    torch.manual_seed(seed)
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
    x = torch.from_numpy((features - mean) / scale)
    y = torch.from_numpy(targets.astype(np.float32))
    net = nn.Sequential(
        nn.Linear(x.shape[1], settings.hidden),
        nn.GELU(),
        nn.Dropout(settings.dropout),
        nn.Linear(settings.hidden, 1),
    )
    optimizer = torch.optim.AdamW(
        net.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    n_steps = settings.n_epochs * -(-len(x) // settings.batch)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, n_steps)
    for _ in range(settings.n_epochs):
        for rows in torch.randperm(len(x)).split(settings.batch):
            loss = nn.functional.binary_cross_entropy_with_logits(net(x[rows])[:, 0], y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return Head(net, mean, scale)
