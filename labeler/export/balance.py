"""As many positives as negatives: which examples of the larger side are left out.

Chosen by a seeded hash of each example's content, exactly as many as needed, in every split on its
own. Memory: eight bytes per example of the larger side.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from labeler.seeds import derive_seed


@dataclass(frozen=True, slots=True)
class Balance:
    """Highest hash that is kept, for the larger side of each split; no limit elsewhere."""

    seed: int
    limits: dict[tuple[str, bool], int]

    def keeps(self, split: str, positive: bool | None, line: str) -> bool:
        """Whether this example stays."""
        if positive is None:
            return True
        limit = self.limits.get((split, positive))
        return limit is None or _draw(self.seed, line) <= limit


def balanced(seed: int, examples: Iterable[tuple[str, bool | None, str]]) -> Balance:
    """Counts both sides of each split over all (split, positive, line) and sets the limits."""
    draws: dict[tuple[str, bool], array[int]] = defaultdict(lambda: array("q"))
    for split, positive, line in examples:
        if positive is not None:
            draws[split, positive].append(_draw(seed, line))
    limits = {}
    for split, positive in list(draws):
        mine, others = draws[split, positive], len(draws.get((split, not positive), ()))
        if len(mine) > others:
            limits[split, positive] = sorted(mine)[others - 1] if others else -1
    return Balance(seed, limits)


def _draw(seed: int, line: str) -> int:
    return derive_seed(seed, "balance", line)
