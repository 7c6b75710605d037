"""Which prefix to ask next: the one that tells most about the first error per generated token."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from labeler.first_error.model import Array, FirstErrorPosterior


def next_query(
    posterior: FirstErrorPosterior,
    steps: Sequence[str],
    n: int,
    min_information: float,
    excluded: Collection[int] = (),
) -> int | None:
    """The step after which `n` more rollouts tell most per token.

    None where no step would tell `min_information` bits: on a problem that the policy cannot solve,
    rollouts fail before the error as after it, and any number of them is wasted. The last step is
    never asked about: it is decided by its answer. Nor are those in `excluded`.
    """
    gains = posterior.information(n)
    gains[[*excluded, len(steps) - 1]] = 0.0
    if gains.max() < min_information:
        return None
    return int(np.argmax(gains / _costs(steps)))


def _costs(steps: Sequence[str]) -> Array:
    """What a rollout after each step costs, in characters: the rest of the solution, about."""
    lengths = np.array([len(step) for step in steps], dtype=float)
    rest = lengths.sum() - np.cumsum(lengths)
    costs: Array = rest + lengths.mean()
    return costs
