"""Evaluates an expression: exactly where it is rational, else to 40 digits. Bounded in time.

Every number stays below MAX_BITS bits, and all the arithmetic of a solution draws on one allowance
(`Work`) that grows with its length, so no input can make this hang or fill the memory.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

from labeler.checking.claims.expression import Either, Exact, Node, Number, Operation, Symbol

MAX_BITS = 20_000
MAX_FACTORIAL = 300
DIGITS = 40
EXACT = (int, Fraction)

Value = Any
"""An int or Fraction, or mpmath's mpf or mpc."""


class Undecided(Exception):
    """This has no value here: too large, division by zero, an unknown; never leaves the package."""


@dataclass
class Work:
    """Operations that may still be done; one is a sum of two small whole numbers."""

    left: int

    def allows(self, operations: int) -> bool:
        """Takes what comes next from what is left; whether there was enough."""
        if self.left < 0:
            return False
        self.left -= operations
        return self.left >= 0

    def spend(self, operations: int) -> None:
        """Raises Undecided where nothing is left."""
        self.left -= operations
        if self.left < 0:
            raise Undecided("too much work")


class Reading(NamedTuple):
    """How each kind of `Either` is read (0 or 1), and what the arithmetic draws on."""

    choices: Mapping[str, int]
    work: Work


@cache
def real() -> Any:
    """mpmath's arithmetic at our precision, apart from its global one; loaded late."""
    from mpmath.ctx_mp import MPContext

    context = MPContext()
    context.dps = DIGITS
    return context


def evaluate(
    node: Node,
    reading: Reading,
    unknowns: Mapping[str, Value],
    shifted: Mapping[int, Exact] | None = None,
) -> Value:
    """The value with each kind of `Either` read as `reading` says.

    `shifted` gives some literals, by identity, another value. Raises Undecided.
    """
    if type(node) is Number and not shifted:
        return node.value
    try:
        return _evaluate(node, reading, unknowns, shifted)
    except (ZeroDivisionError, ValueError, OverflowError, TypeError) as error:
        raise Undecided(type(error).__name__) from None


def _evaluate(
    node: Node,
    reading: Reading,
    unknowns: Mapping[str, Value],
    shifted: Mapping[int, Exact] | None,
) -> Value:
    if type(node) is Number:
        return shifted.get(id(node), node.value) if shifted else node.value
    if type(node) is Operation:
        parts = [_evaluate(part, reading, unknowns, shifted) for part in node.parts]
        work = reading.work
        work.left -= 1
        if work.left < 0:
            raise Undecided("too much work")
        return apply(node.name, parts, work)
    if type(node) is Symbol:
        name = node.name
        if name == "pi":
            return +real().pi
        if name not in unknowns:
            raise Undecided(name)
        return unknowns[name]
    assert type(node) is Either
    option = node.readings[reading.choices[node.kind]]
    return _evaluate(option, reading, unknowns, shifted)


def apply(name: str, parts: list[Value], work: Work) -> Value:
    """One operation on values; what it costs beyond a small sum is taken from `work`."""
    match name:
        case "neg":
            return -parts[0]
        case "+" | "-" | "*" | "/":
            left, right = parts
            if type(left) is int and type(right) is int:
                if name == "+":
                    return left + right
                if name == "-":
                    return left - right
                if name == "/":
                    quotient, rest = divmod(left, right)
                    return quotient if not rest else Fraction(left, right)
            return _bounded(_arithmetic(name, left, right, work), work)
        case "^":
            return _bounded(_power(parts[0], parts[1], work), work)
        case "root":
            return _bounded(_root(parts[0], parts[1], work), work)
        case "abs":
            return abs(parts[0])
        case _:
            return _function(name, parts, work)


def _function(name: str, parts: list[Value], work: Work) -> Value:
    match name:
        case "floor" | "ceil" if isinstance(parts[0], EXACT):
            return math.floor(parts[0]) if name == "floor" else math.ceil(parts[0])
        case "factorial":
            work.spend(20)
            return math.factorial(_whole(parts[0], MAX_FACTORIAL))
        case "binom":
            work.spend(50)
            top, bottom = (_whole(part, 1000) for part in parts)
            return math.comb(top, bottom)
        case "gcd" | "lcm":
            work.spend(20)
            whole = [_whole(part, 10**12) for part in parts[:8]]
            return math.gcd(*whole) if name == "gcd" else math.lcm(*whole)
        case "max" | "min" if all(isinstance(part, EXACT) for part in parts):
            return max(parts) if name == "max" else min(parts)
        case "radians":
            work.spend(10)
            return inexact(parts[0]) * real().pi / 180
        case "ln" if parts[0] == 0:
            raise Undecided("logarithm of zero")
        case "sin" | "cos" | "tan" | "cot" | "sec" | "csc" | "ln" | "exp":
            work.spend(60)
            argument = inexact(parts[0])
            if abs(argument) > 10**6:
                raise Undecided("argument too large")
            value = _bounded(getattr(real(), name)(argument), work)
            if abs(value) > 10**15:  # the pole of a tangent, missed by a rounding
                raise Undecided("pole")
            return value
        case _:
            raise Undecided(name)


def same(left: Value, right: Value) -> bool:
    """Whether two values are equal; inexact ones to 28 digits."""
    if isinstance(left, EXACT) and isinstance(right, EXACT):
        return left == right
    left, right = inexact(left), inexact(right)
    scale = max(abs(left), abs(right), 1)
    return bool(abs(left - right) <= scale * real().mpf(10) ** -28)


def size(value: Value) -> Exact:
    """Absolute value as a fraction."""
    if isinstance(value, EXACT):
        return magnitude(value)
    return Fraction(str(real().nstr(abs(value), 30)))


def inexact(value: Value) -> Any:
    """The value to 40 digits."""
    if isinstance(value, EXACT):
        return real().mpf(value.numerator) / value.denominator
    return value


def distance(left: Value, right: Value) -> Exact:
    """Absolute difference."""
    if isinstance(left, EXACT) and isinstance(right, EXACT):
        return magnitude(left - right)
    return size(inexact(left) - inexact(right))


def is_complex(value: Value) -> bool:
    """Whether a value has an imaginary part."""
    return not isinstance(value, EXACT) and bool(getattr(value, "imag", 0))


def magnitude(value: Exact) -> Exact:
    """Absolute value of an exact number."""
    return value if value >= 0 else -value


def exact(value: Fraction) -> Exact:
    """An int where the fraction is whole."""
    return value.numerator if value.denominator == 1 else value


def _arithmetic(name: str, left: Value, right: Value, work: Work) -> Value:
    if isinstance(left, EXACT) and isinstance(right, EXACT):
        work.left -= 2
        if name == "*":
            result = left * right
        elif name == "/":
            result = Fraction(left) / right
        else:
            result = left + right if name == "+" else left - right
        return exact(result) if type(result) is Fraction else result
    work.spend(8)
    left, right = inexact(left), inexact(right)
    if name == "/" and abs(right) < real().mpf(10) ** -30:
        raise Undecided("division by nearly zero")
    if name == "+":
        return left + right
    if name == "-":
        return left - right
    return left * right if name == "*" else left / right


def _power(base: Value, exponent: Value, work: Work) -> Value:
    if isinstance(exponent, EXACT) and exponent.denominator == 1:
        n = exponent.numerator
        if isinstance(base, EXACT):
            bits = max(base.numerator.bit_length(), base.denominator.bit_length())
            if abs(n) * bits > MAX_BITS:
                raise Undecided("power too large")
            if base == 0 and n <= 0:
                raise Undecided("power of zero")
            return base**n if n >= 0 else exact(Fraction(base) ** n)
        work.spend(20)
        if abs(n) > MAX_BITS:
            raise Undecided("power too large")
        return base**n
    if isinstance(exponent, Fraction) and isinstance(base, EXACT) and exponent.denominator < 9:
        return _power(_root(base, exponent.denominator, work), exponent.numerator, work)
    work.spend(60)
    base, exponent = inexact(base), inexact(exponent)
    if abs(exponent) > 1000 or base == 0:
        raise Undecided("power too large")
    return base**exponent


def _root(base: Value, degree: Value, work: Work) -> Value:
    n = _whole(degree, 20)
    if n < 1:
        raise Undecided("root")
    if isinstance(base, EXACT):
        if base < 0 and n % 2:
            return -_root(-base, degree, work)
        if base >= 0:
            top, bottom = _whole_root(base.numerator, n), _whole_root(base.denominator, n)
            if top is not None and bottom is not None:
                return top if bottom == 1 else exact(Fraction(top, bottom))
    work.spend(30)
    if n % 2 and not isinstance(base, EXACT):
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
    if not isinstance(value, EXACT) or value.denominator != 1 or not 0 <= value <= largest:
        raise Undecided("no whole number in bounds")
    return value.numerator


def _bounded(value: Value, work: Work) -> Value:
    if isinstance(value, EXACT):
        bits = max(value.numerator.bit_length(), value.denominator.bit_length())
        if bits > 64:
            work.spend(bits // 64)
            if bits > MAX_BITS:
                raise Undecided("number too large")
    elif not real().isfinite(value) or (value != 0 and abs(real().mag(value)) > MAX_BITS):
        raise Undecided("number too large")
    return value
