"""Polynomials in several unknowns, expanded exactly: whether two agree, divide, or share a root.

A monomial is a sorted tuple of (unknown, exponent); a polynomial maps monomials to coefficients
without zeros. Square roots of whole numbers are unknowns whose square is known (`√5`), so that
(a + b√5)^2 expands as people expand it. Bounded: at most MAX_TERMS terms and MAX_DEGREE.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction

from labeler.checking.claims.expression import Either, Exact, Node, Number, Operation, Symbol
from labeler.checking.claims.values import Reading, Undecided, exact

MAX_TERMS = 60
MAX_DEGREE = 16

Monomial = tuple[tuple[str, int], ...]
Polynomial = dict[Monomial, Exact]


def rational(node: Node, reading: Reading) -> tuple[Polynomial, Polynomial]:
    """Numerator and denominator of an expression. Raises Undecided where it is none."""
    match node:
        case Number(value=value):
            return ({(): value} if value else {}), {(): 1}
        case Symbol(name="pi"):
            return {(("pi", 1),): 1}, {(): 1}
        case Symbol(name=name):
            return {((name, 1),): 1}, {(): 1}
        case Either(kind=kind, readings=readings):
            return rational(readings[reading.choices[kind]], reading)
        case Operation(name=name, parts=parts):
            return _operation(name, parts, reading)
    raise Undecided("no polynomial")


def _operation(
    name: str, parts: tuple[Node, ...], reading: Reading
) -> tuple[Polynomial, Polynomial]:
    reading.work.spend(4)
    if name == "^":
        return _power(parts[0], parts[1], reading)
    if name == "root":
        return _surd(parts, reading), {(): 1}
    if name not in {"+", "-", "*", "/", "neg"}:
        raise Undecided(name)
    top, bottom = rational(parts[0], reading)
    if name == "neg":
        return scaled(top, -1), bottom
    other_top, other_bottom = rational(parts[1], reading)
    if name == "*":
        return times(top, other_top, reading), times(bottom, other_bottom, reading)
    if name == "/":
        if not other_top:
            raise Undecided("division by zero")
        return times(top, other_bottom, reading), times(bottom, other_top, reading)
    sign = 1 if name == "+" else -1
    if bottom == other_bottom:
        return plus(top, scaled(other_top, sign)), bottom
    left, right = times(top, other_bottom, reading), times(other_top, bottom, reading)
    return plus(left, scaled(right, sign)), times(bottom, other_bottom, reading)


def _power(base: Node, exponent: Node, reading: Reading) -> tuple[Polynomial, Polynomial]:
    n = exponent.value if isinstance(exponent, Number) else None
    if not isinstance(n, int) or not 0 <= n <= MAX_DEGREE:
        raise Undecided("power")
    top, bottom = rational(base, reading)
    above, below = Polynomial({(): 1}), Polynomial({(): 1})
    for _ in range(n):
        above, below = times(above, top, reading), times(below, bottom, reading)
    return above, below


def _surd(parts: tuple[Node, ...], reading: Reading) -> Polynomial:
    """A square root of a whole number, with its square factor taken out."""
    inside, degree = parts
    if not (isinstance(inside, Number) and isinstance(degree, Number) and degree.value == 2):
        raise Undecided("root")
    value = inside.value
    if not isinstance(value, int) or not 0 < value < 10_000:
        raise Undecided("root")
    outside = max(k for k in range(1, math.isqrt(value) + 1) if value % (k * k) == 0)
    rest = value // outside**2
    return {(): outside} if rest == 1 else {((f"√{rest}", 1),): outside}


def plus(left: Polynomial, right: Polynomial) -> Polynomial:
    """The sum."""
    total = dict(left)
    for monomial, value in right.items():
        changed = total.get(monomial, 0) + value
        if changed:
            total[monomial] = changed
        else:
            total.pop(monomial, None)
    return total


def scaled(polynomial: Polynomial, factor: Exact) -> Polynomial:
    """The polynomial times a number that is not zero."""
    return {monomial: value * factor for monomial, value in polynomial.items()}


def times(left: Polynomial, right: Polynomial, reading: Reading) -> Polynomial:
    """The product. Raises Undecided where it is too large."""
    reading.work.spend(2 * len(left) * len(right))
    total: Polynomial = {}
    for one, value in left.items():
        for other, factor in right.items():
            monomial, number = _joined(one, other)
            changed = total.get(monomial, 0) + value * factor * number
            if changed:
                total[monomial] = exact(changed) if type(changed) is Fraction else changed
            else:
                total.pop(monomial, None)
    if len(total) > MAX_TERMS or any(degree(m) > MAX_DEGREE for m in total):
        raise Undecided("polynomial too large")
    return total


def _joined(one: Monomial, other: Monomial) -> tuple[Monomial, int]:
    """The product of two monomials, and the number that squares of roots leave."""
    exponents, number = dict(one), 1
    for name, power in other:
        exponents[name] = exponents.get(name, 0) + power
        if name[0] == "√" and exponents[name] >= 2:
            number *= int(name[1:]) ** (exponents[name] // 2)
            exponents[name] %= 2
            if not exponents[name]:
                del exponents[name]
    return tuple(sorted(exponents.items())), number


def degree(monomial: Monomial) -> int:
    """The sum of the exponents; roots of numbers count nothing."""
    return sum(power for name, power in monomial if name[0] != "√")


def equation(left: Node, right: Node, reading: Reading) -> Polynomial:
    """What is zero where the sides are equal, without denominators. Raises Undecided."""
    top, bottom = rational(left, reading)
    other_top, other_bottom = rational(right, reading)
    return plus(times(top, other_bottom, reading), scaled(times(other_top, bottom, reading), -1))


def coefficients(polynomial: Polynomial, unknown: str) -> list[Fraction] | None:
    """From the constant on, if it is a polynomial in this unknown with rational coefficients."""
    found: dict[int, Fraction] = {}
    for monomial, value in polynomial.items():
        if monomial and (len(monomial) > 1 or monomial[0][0] != unknown):
            return None
        found[monomial[0][1] if monomial else 0] = Fraction(value)
    return [found.get(k, Fraction(0)) for k in range(max(found, default=-1) + 1)]


def put(polynomial: Polynomial, values: Mapping[str, int]) -> Polynomial:
    """The polynomial with numbers for some of its unknowns."""
    total: Polynomial = {}
    for monomial, value in polynomial.items():
        rest = tuple((name, power) for name, power in monomial if name not in values)
        known = math.prod(values[name] ** power for name, power in monomial if name in values)
        if known:
            total = plus(total, {rest: value * known})
    return total


def divides(divisor: list[Fraction], dividend: list[Fraction]) -> bool:
    """Whether one polynomial in one unknown divides another without a remainder."""
    rest = list(dividend)
    while len(rest) >= len(divisor) and rest:
        factor = rest[-1] / divisor[-1]
        at = len(rest) - len(divisor)
        for k, value in enumerate(divisor):
            rest[at + k] -= factor * value
        rest.pop()
        while rest and not rest[-1]:
            rest.pop()
    return not rest


def agreement(left: Polynomial, right: Polynomial) -> tuple[int, int]:
    """How many monomials have the same coefficient in both, of how many there are."""
    both = left.keys() | right.keys()
    return sum(left.get(m, 0) == right.get(m, 0) for m in both), len(both)
