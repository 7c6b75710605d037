"""Sums of fractions that do not depend on the order of adding, so that parts can be added up.

A number is cut into whole multiples of 2^-30 and of 2^-60, each rounded down, and these whole
numbers are summed. Numbers in [2^-7, 1] are kept to their last bit; of smaller ones less than 2^-60
is lost. (Sums of floats differ in their last digits with the order, which threads decide.)

Does not cover numbers beyond a million, which count as a million: scores and probabilities lie in
[0, 1], signals of reward models are small.
Source: fixed-point superaccumulators; Kulisch, "Computer Arithmetic and Validity".
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

LIMB = 2**30
MOST = 1e6


def limbs(number: pl.Expr, name: str) -> list[pl.Expr]:
    """The two whole parts of each number, as columns NAME_high and NAME_low; null stays null."""
    import polars as pl

    scaled = number.cast(pl.Float64).clip(-MOST, MOST) * LIMB
    high = scaled.floor()
    low = ((scaled - high) * LIMB).floor()
    # Of numbers up to a million, the high parts of a file's pieces sum to more than 64 bits hold.
    return [high.cast(pl.Int128).alias(f"{name}_high"), low.cast(pl.Int64).alias(f"{name}_low")]


def value(high: int, low: int) -> float:
    """The sum that two summed parts stand for, rounded once."""
    return float(Fraction(high * LIMB + low, LIMB * LIMB))
