"""The head of `family: labeler`: a small network on a frozen policy's states and its confidence.

Features of a step are the policy's last hidden state on the step's last token, and how sure it was
of the step's tokens (hidden states alone tell little: a small policy does not mark its own slips).
A perceptron with one hidden layer gives P(step is right). Loads torch; imported late.
Source: PRM head and loss as in Math-Shepherd (arXiv 2312.08935, eq. 2); the features are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from labeler.errors import BackendDown
from labeler.samplers.decoding import padded
from labeler.samplers.reward.family import Marked
from labeler.samplers.reward.own_form import WEIGHTS

N_CONFIDENCE = 4
"""Sum and least log-probability of the step's tokens, sum and greatest entropy (nats) of the
distributions that they were drawn from."""


class OwnHead(nn.Module):
    """Logit of P(step is right) from features [n, width]; `mean` and `scale` standardise them."""

    def __init__(self, width: int, hidden: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.mean: Tensor
        self.scale: Tensor
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))
        self.net = nn.Sequential(
            nn.Linear(width, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, 1)
        )

    def forward(self, features: Tensor) -> Tensor:
        """[n, width] to [n]."""
        logits: Tensor = self.net((features - self.mean) / self.scale)[:, 0]
        return logits


def save_head(head: OwnHead, folder: Path) -> None:
    """Writes the weights beside a policy's."""
    save_file({k: v.contiguous() for k, v in head.state_dict().items()}, folder / WEIGHTS)


def load_head(folder: Path) -> OwnHead:
    """Raises `BackendDown` with one line for weights that are not there or of another form."""
    try:
        found = load_file(folder / WEIGHTS)
        hidden, width = found["net.0.weight"].shape
        head = OwnHead(width, hidden)
        head.load_state_dict(found)
    except Exception as error:
        # The loader raises its own kinds for a cut-off file, torch others for another form.
        reason = str(error).strip().split("\n")[0]
        raise BackendDown(f"cannot load {folder / WEIGHTS}: {reason}")
    head.eval()
    return head


def step_features(model: Any, rows: Sequence[Marked]) -> list[Tensor]:
    """For each row [steps, width + N_CONFIDENCE], float32; one forward pass for all of them."""
    ids = padded(model, [row.ids for row in rows])
    with torch.inference_mode():
        said = model(ids, output_hidden_states=True, use_cache=False)
        hidden, logits = said.hidden_states[-1], said.logits
        return [_of_steps(ids[i], hidden[i], logits[i], row) for i, row in enumerate(rows)]


def _of_steps(ids: Tensor, hidden: Tensor, logits: Tensor, row: Marked) -> Tensor:
    """Position t of `logits` is about token t + 1."""
    bounds = [row.start, *(place + 1 for place in row.places)]
    first, last = bounds[0] - 1, bounds[-1] - 1
    logprobs = torch.log_softmax(logits[first:last].float(), dim=-1)
    chosen = logprobs.gather(1, ids[first + 1 : last + 1, None])[:, 0]
    entropy = -(logprobs.exp() * logprobs).sum(dim=-1)
    found = []
    for start, end in pairwise(bounds):
        piece = slice(start - bounds[0], end - bounds[0])
        sure = [chosen[piece].sum(), chosen[piece].min()]
        sure += [entropy[piece].sum(), entropy[piece].max()]
        found.append(torch.cat([hidden[end - 1].float(), torch.stack(sure)]))
    return torch.stack(found)
