"""Facts about whole numbers that solutions state: primes, divisors, remainders. Bounded in size."""

from __future__ import annotations

import math
from fractions import Fraction

LARGEST = 10**9
"""Whole numbers beyond are not factored."""


def factorization(n: int) -> dict[int, int] | None:
    """Prime factors with their exponents; None for what is too large or has none."""
    if not 1 <= n <= LARGEST:
        return None
    found: dict[int, int] = {}
    p = 2
    while p * p <= n:
        while n % p == 0:
            found[p] = found.get(p, 0) + 1
            n //= p
        p += 1 + (p > 2)
    if n > 1:
        found[n] = found.get(n, 0) + 1
    return found


def is_prime(n: int) -> bool | None:
    """Whether a whole number is prime; None where it is too large."""
    if n < 2:
        return False
    factors = factorization(n)
    return None if factors is None else factors == {n: 1}


def divisors(n: int) -> list[int] | None:
    """All positive divisors in order; None for what is too large."""
    factors = factorization(n)
    if factors is None:
        return None
    found = [1]
    for prime, power in factors.items():
        found = [d * prime**k for d in found for k in range(power + 1)]
    return sorted(found)


def primes_below(bound: int) -> list[int]:
    """Primes less than a bound, which is at most 2,000."""
    return [
        n for n in range(2, min(bound, 2_000)) if all(n % d for d in range(2, math.isqrt(n) + 1))
    ]


def is_rounded(value: Fraction, shown: str) -> bool:
    """Whether a numeral is the value with fewer digits: up, down or to the nearest."""
    digits = shown.replace(",", "").partition(".")[2]
    unit = Fraction(1, 10 ** len(digits))
    return abs(value - Fraction(shown.replace(",", ""))) < unit and (value / unit).denominator != 1
