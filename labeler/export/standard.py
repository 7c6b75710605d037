"""Standard scores, in which group-relative advantages are told."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, pstdev


def standard_score(value: float, among: Sequence[float]) -> float:
    """How many standard deviations of `among` a value lies above their mean; 0 where all agree."""
    spread = pstdev(among)
    return (value - fmean(among)) / spread if spread else 0.0
