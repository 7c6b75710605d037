"""A small process reward model: a head on what the embedded policy computes behind each step.

The policy is frozen. Features of a step are the last hidden state on its last token, and how sure
the policy was of its tokens (`labeler.samplers.reward.own_head`). A multilayer perceptron with one
hidden layer gives P(step is right), trained with binary cross-entropy on hard or soft targets. Only
steps with a target count. Settings were chosen once, by oracle labels on a part of the training
solutions, and are the same for every method. `save` writes a folder that the labeler `prm` reads.

Does not cover: training the policy's own weights, which the papers do and which would cost hours
here. Source: PRM head and loss as in Math-Shepherd (arXiv 2312.08935, eq. 2).
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from labeler.driver.requests import Message, Prompt
from labeler.labelers.base import Policy
from labeler.records import Asks
from labeler.samplers.chat_template import load_tokenizer
from labeler.samplers.model_folder import load_model
from labeler.samplers.reward.family import Marked
from labeler.samplers.reward.own_form import own_form, write_form
from labeler.samplers.reward.own_head import OwnHead, save_head, step_features

Array = np.ndarray
TOKENS_PER_BATCH = 16_000
FEATURES = "last state and confidence, 1"
"""Changes with what `Features` gives."""


class Features:
    """Hidden states of a policy behind each step of a solution."""

    def __init__(self, folder: str, policy: Policy) -> None:
        self._tokenizer = load_tokenizer(folder)
        self._model = load_model(folder, "cpu", "float32")
        self._encode = own_form(policy.template, policy.system)

    def of(self, solutions: Sequence[tuple[str, tuple[str, ...]]]) -> list[Array]:
        """For each (problem text, steps) an array [steps, width + 4], float32."""
        marked = [self._marked(text, steps) for text, steps in solutions]
        order = sorted(range(len(marked)), key=lambda i: len(marked[i].ids))
        found: list[Array] = [np.zeros(0)] * len(marked)
        while order:
            longest = len(marked[order[-1]].ids)
            n = max(1, TOKENS_PER_BATCH // longest)
            batch, order = order[-n:], order[:-n]
            states = step_features(self._model, [marked[i] for i in batch])
            for i, features in zip(batch, states, strict=True):
                found[i] = features.numpy()
        return found

    def _marked(self, text: str, steps: tuple[str, ...]) -> Marked:
        return self._encode(self._tokenizer, Prompt((Message("user", text),)), steps)


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

    def __init__(self, net: OwnHead) -> None:
        self.net = net.eval()

    def probabilities(self, features: Array) -> Array:
        """[n, width] to [n]."""
        with torch.inference_mode():
            whole: Array = torch.sigmoid(self.net(torch.from_numpy(features))).numpy()
        return whole


def train(features: Array, targets: Array, seed: int, settings: Training) -> Head:
    """A head that predicts `targets` in [0, 1], one per row of `features`."""
    torch.manual_seed(seed)
    x = torch.from_numpy(features)
    y = torch.from_numpy(targets.astype(np.float32))
    net = OwnHead(x.shape[1], settings.hidden, settings.dropout)
    net.mean = torch.from_numpy(features.mean(axis=0))
    net.scale = torch.from_numpy(features.std(axis=0) + 1e-6)
    optimizer = torch.optim.AdamW(
        net.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    n_steps = settings.n_epochs * -(-len(x) // settings.batch)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, n_steps)
    for _ in range(settings.n_epochs):
        for rows in torch.randperm(len(x)).split(settings.batch):
            loss = nn.functional.binary_cross_entropy_with_logits(net(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return Head(net)


def save(head: Head, policy: Policy, model: str, folder: Path, asks: Asks) -> None:
    """A folder with the policy in folder `model`, the head, and how problems are asked."""
    shutil.copytree(model, folder, ignore=shutil.ignore_patterns("*.py", "*.md"))
    save_head(head.net, folder)
    write_form(folder, policy.template, policy.system, asks)
