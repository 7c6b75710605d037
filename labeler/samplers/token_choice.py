"""Which token comes next: inverse-CDF sampling with one uniform number per row.

Tokens are laid side by side in vocabulary order, each as wide as its probability; the uniform
number points at one. So a draw depends on nothing but its own logits and its own number.
Truncation follows Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration".
Does not cover: penalties, guided decoding.
"""

from __future__ import annotations

import torch
from torch import Tensor


def choose(
    logits: Tensor, temperature: Tensor, top_k: Tensor, top_p: Tensor, uniform: Tensor
) -> tuple[Tensor, Tensor]:
    """Next token per row and its log-probability at temperature 1 without truncation.

    `logits` is (rows, vocabulary), the rest (rows,). Temperature 0 takes the likeliest token.
    """
    logprobs = torch.log_softmax(logits.double(), dim=-1)
    greedy = temperature == 0
    heat = temperature.masked_fill(greedy, 1.0)[:, None]
    weights = torch.exp((logprobs - logprobs.amax(-1, keepdim=True)) / heat)
    weights = truncate(weights, top_k, top_p)
    cdf = weights.cumsum(-1)
    total = cdf[:, -1:]
    # A target of `total` itself would point behind the last token that has any weight.
    below = torch.nextafter(total, torch.zeros_like(total))
    target = torch.minimum(uniform[:, None] * total, below)
    drawn = torch.searchsorted(cdf, target, right=True)[:, 0]
    tokens = torch.where(greedy, logprobs.argmax(-1), drawn) if bool(greedy.any()) else drawn
    return tokens, logprobs.gather(-1, tokens[:, None])[:, 0]


def truncate(weights: Tensor, top_k: Tensor, top_p: Tensor) -> Tensor:
    """Zeroes all but the `top_k` heaviest (0: all), and of these all but a share of `top_p`.

    Tokens as heavy as the lightest one kept stay too, so equal weights are never split by chance.
    """
    if bool(((top_k == 0) & (top_p >= 1)).all()):
        return weights
    ordered = weights.sort(-1, descending=True).values
    rank = torch.arange(weights.shape[-1], device=weights.device)
    ordered = ordered * ((rank < top_k[:, None]) | (top_k == 0)[:, None])
    before = ordered.cumsum(-1) - ordered
    kept = (before < top_p[:, None] * ordered.sum(-1, keepdim=True)) & (ordered > 0)
    lightest = ordered.gather(-1, kept.sum(-1, keepdim=True).clamp(min=1) - 1)
    return weights * (weights >= lightest)
