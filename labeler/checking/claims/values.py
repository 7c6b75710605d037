"""Evaluates an expression: exactly where it is rational, else to 40 digits. Bounded in time.

Every number stays below MAX_BITS bits, so no input can make this hang or fill the memory.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from typing import Any

from labeler.checking.claims.expression import Either, Node, Number, Operation, Symbol

MAX_BITS = 20_000
MAX_FACTORIAL = 300
DIGITS = 40

Value = Any
"""A Fraction, or mpmath's mpf or mpc."""


class Undecided(Exception):
    """This has no value here: too large, division by zero, an unknown; never leaves the package."""


@cache
def real() -> Any:
    """mpmath's arithmetic at our precision, apart from its global one; loaded late."""
    from mpmath.ctx_mp import MPContext

    context = MPContext()
    context.dps = DIGITS
    return context


def evaluate(
    node: Node,
    readings: Mapping[str, int],
    unknowns: Mapping[str, Value],
    shifted: Mapping[int, Fraction] | None = None,
) -> Value:
    """The value with each kind of `Either` read as `readings` says.

    `shifted` gives some literals, by identity, another value. Raises Undecided.
    """
    try:
        return _evaluate(node, readings, unknowns, shifted or {})
    except (ZeroDivisionError, ValueError, OverflowError, TypeError) as error:
        raise Undecided(type(error).__name__) from None


def _evaluate(
    node: Node,
    readings: Mapping[str, int],
    unknowns: Mapping[str, Value],
    shifted: Mapping[int, Fraction],
) -> Value:
    match node:
        case Number():
            return shifted.get(id(node), node.value) if shifted else node.value
        case Symbol("pi"):
            return +real().pi
        case Symbol(name):
            if name not in unknowns:
                raise Undecided(name)
            return unknowns[name]
        case Either(kind, options):
            return _evaluate(options[readings[kind]], readings, unknowns, shifted)
        case Operation(name, parts):
            return apply(name, [_evaluate(part, readings, unknowns, shifted) for part in parts])


def apply(name: str, parts: list[Value]) -> Value:
    """One operation on values."""
    match name:
        case "neg":
            return -parts[0]
        case "+" | "-" | "*" | "/":
            return _bounded(_arithmetic(name, *parts))
        case "^":
            return _bounded(_power(*parts))
        case "root":
            return _bounded(_root(*parts))
        case "abs":
            return abs(parts[0])
        case "floor" | "ceil" if isinstance(parts[0], Fraction):
            return Fraction(math.floor(parts[0]) if name == "floor" else math.ceil(parts[0]))
        case "factorial":
            return Fraction(math.factorial(_whole(parts[0], MAX_FACTORIAL)))
        case "binom":
            top, bottom = (_whole(part, 1000) for part in parts)
            return Fraction(math.comb(top, bottom))
        case "gcd" | "lcm":
            whole = [_whole(part, 10**12) for part in parts[:8]]
            return Fraction(math.gcd(*whole) if name == "gcd" else math.lcm(*whole))
        case "max" | "min" if all(isinstance(part, Fraction) for part in parts):
            return max(parts) if name == "max" else min(parts)
        case "radians":
            return inexact(parts[0]) * real().pi / 180
        case "ln" if parts[0] == 0:
            raise Undecided("logarithm of zero")
        case "sin" | "cos" | "tan" | "cot" | "sec" | "csc" | "ln" | "exp":
            argument = inexact(parts[0])
            if abs(argument) > 10**6:
                raise Undecided("argument too large")
            value = _bounded(getattr(real(), name)(argument))
            if abs(value) > 10**15:  # the pole of a tangent, missed by a rounding
                raise Undecided("pole")
            return value
        case _:
            raise Undecided(name)


def same(left: Value, right: Value) -> bool:
    """Whether two values are equal; inexact ones to 30 digits."""
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return left == right
    left, right = inexact(left), inexact(right)
    scale = max(abs(left), abs(right), 1)
    return bool(abs(left - right) <= scale * real().mpf(10) ** -28)


def size(value: Value) -> Fraction:
    """Absolute value as a fraction."""
    if isinstance(value, Fraction):
        return abs(value)
    return Fraction(str(real().nstr(abs(value), 30)))


def inexact(value: Value) -> Any:
    """The value to 40 digits."""
    if isinstance(value, Fraction):
        return real().mpf(value.numerator) / value.denominator
    return value


def distance(left: Value, right: Value) -> Fraction:
    """Absolute difference."""
    return size(_arithmetic("-", left, right))


def _arithmetic(name: str, left: Value, right: Value) -> Value:
    if not (isinstance(left, Fraction) and isinstance(right, Fraction)):
        left, right = inexact(left), inexact(right)
        if name == "/" and abs(right) < real().mpf(10) ** -30:
            raise Undecided("division by nearly zero")
    if name == "+":
        return left + right
    if name == "-":
        return left - right
    return left * right if name == "*" else left / right


def _power(base: Value, exponent: Value) -> Value:
    if isinstance(exponent, Fraction) and exponent.denominator == 1:
        n = exponent.numerator
        if isinstance(base, Fraction):
            bits = max(base.numerator.bit_length(), base.denominator.bit_length())
            if abs(n) * bits > MAX_BITS:
                raise Undecided("power too large")
            if base == 0 and n <= 0:
                raise Undecided("power of zero")
            return base**n
        if abs(n) > MAX_BITS:
            raise Undecided("power too large")
        return base**n
    if isinstance(exponent, Fraction) and isinstance(base, Fraction) and exponent.denominator < 9:
        return _power(_root(base, Fraction(exponent.denominator)), Fraction(exponent.numerator))
    base, exponent = inexact(base), inexact(exponent)
    if abs(exponent) > 1000 or base == 0:
        raise Undecided("power too large")
    return base**exponent


def _root(base: Value, degree: Value) -> Value:
    n = _whole(degree, 20)
    if n < 1:
        raise Undecided("root")
    if isinstance(base, Fraction):
        if base < 0 and n % 2:
            return -_root(-base, degree)
        if base >= 0:
            top, bottom = _whole_root(base.numerator, n), _whole_root(base.denominator, n)
            if top is not None and bottom is not None:
                return Fraction(top, bottom)
    if n % 2 and not isinstance(base, Fraction):
        if getattr(base, "imag", 0):
            raise Undecided("odd root of a complex number")
        if base < 0:
            return -real().root(-base, n)
    return real().root(inexact(base), n)


def _whole_root(value: int, n: int) -> int | None:
    if n == 2:
        root = math.isqrt(value)
    elif value < 10**15:
        root = round(value ** (1 / n))
    else:
        return None
    return root if root**n == value else None


def _whole(value: Value, largest: int) -> int:
    if not isinstance(value, Fraction) or value.denominator != 1 or not 0 <= value <= largest:
        raise Undecided("no whole number in bounds")
    return value.numerator


def _bounded(value: Value) -> Value:
    if isinstance(value, Fraction):
        if max(value.numerator.bit_length(), value.denominator.bit_length()) > MAX_BITS:
            raise Undecided("number too large")
    elif not real().isfinite(value) or (value != 0 and abs(real().mag(value)) > MAX_BITS):
        raise Undecided("number too large")
    return value
