"""Ways of writing `=` between sides that are not equal as numbers, and that readers accept.

A running total, a share of a whole, units that change within a line, hours of a clock, a score.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

from labeler.checking.claims.context import Context
from labeler.checking.claims.expression import (
    Exact,
    Node,
    Number,
    Operation,
    Symbol,
    has_operation,
    walk,
)
from labeler.checking.claims.sides import Side
from labeler.checking.claims.values import EXACT, Value, inexact, magnitude, real, same
from labeler.checking.claims.vocabulary import UNIT_FAMILIES

_HYPHENATED = re.compile(r"[(\[]?\d+(?:[-–]\d+)+(?![\d.])")
_SMALL_WORDS = frozenset({"a", "an", "the", "per", "each", "of", "and", "in", "total", "more"})
_POWERED = frozenset({"^", "square", "squared", "cubic", "cubed", "sq", "cu"})
_HOURS = frozenset({"am", "pm", "o'clock"})


def convention(
    left: Side,
    right: Side,
    x: Value,
    y: Value,
    behind: Side | None = None,
    context: Context | None = None,
) -> str:
    """Which convention explains that two sides differ; "" where none does.

    `x` and `y` are their values under the first reading, `behind` is the side that follows.
    """
    a, b = left.node, right.node
    assert a is not None
    assert b is not None
    units = left.units | right.units
    if reason := _special(left, right, x, y, context):
        return reason
    if ("%" in left.units) != ("%" in right.units) and _is_share_of(a, b):
        return "a share of a whole"
    if isinstance(x, EXACT) and _runs_on(a, b, x, behind):
        return "a running total"
    if len(left.units) > 1 and _is_written_out(a, b):
        return "what quantities come to"
    if _is_exchange(left, right):
        return "one thing in terms of another"
    if mixed := _mixed_units(units):
        return f"units {mixed}"
    factors = _factors(units)
    if _scaled(x, y, factors):
        return "other units"
    if any(units & family for family in UNIT_FAMILIES) and _is_converted(a, b, x, y, factors):
        return "other units within a side"
    return ""


def _is_exchange(left: Side, right: Side) -> bool:
    """1/2 banana = 1/2 * 3/2 cucumbers; 3 boxes + 2 loose pencils = 26 pencils."""
    here, there = _nouns(left), _nouns(right)
    if not here or not there:
        return False
    if _is_fraction(left.node) and not here & there:
        return True
    return len(here) > 1 and len(there) == 1 and there < here and _adds_unlike(left, there)


def _nouns(side: Side) -> frozenset[str]:
    return frozenset(_singular(u) for u in side.units if u.isalpha() and u not in _SMALL_WORDS)


def _is_fraction(node: Node | None) -> bool:
    return (
        isinstance(node, Operation)
        and node.name == "/"
        and all(isinstance(part, Number) for part in node.parts)
    )


def _adds_unlike(left: Side, there: frozenset[str]) -> bool:
    """Whether one addend of a sum is in the unit of the result, and another in its own."""
    if not (isinstance(left.node, Operation) and left.node.name == "+"):
        return False
    addends = [
        {_singular(w) for w in re.findall(r"[a-z]+", part)}
        for part in re.split(r"\+", left.text.lower())
    ]
    return any(there & words for words in addends) and any(
        not there & words and (words - _SMALL_WORDS - {"text", "mathrm"}) for words in addends
    )


def _special(left: Side, right: Side, x: Value, y: Value, context: Context | None) -> str:
    a, b = left.node, right.node
    units = left.units | right.units
    if context is not None and _is_quoted(left, context.problem):
        return "a name in the problem"
    for lone, other in ((a, right), (b, left)):
        if isinstance(lone, Number) and lone.value == 1 and len(other.units) > 1:
            return "a conversion factor"
    if _is_angle(left, right, x, y):
        return "degrees and radians"
    if isinstance(a, Operation) and a.name == "/" and has_operation(right.node or a):
        top = a.parts[0]
        if isinstance(top, Number) and top.value == y:  # 500 / 13 = 13 * 38 + 6
            return "a division with remainder"
    if units and (_is_hyphenated(left.text, x, y) or _is_hyphenated(right.text, y, x)):
        return "a range or a score"
    if "degree" in units and units & {"feet", "inches"}:
        return "minutes of arc"
    if isinstance(x, EXACT) and isinstance(y, EXACT) and _is_turned(left, x, y, units):
        return "full turns"
    return ""


def _is_turned(left: Side, x: Exact, y: Exact, units: frozenset[str]) -> bool:
    """350° + 20° = 10°, 11 am + 3 hours = 2 pm, 9-5 = 8 hours."""
    if "degree" in units:
        return (x - y) % 360 == 0
    if units & _HOURS:
        return (x - y) % 12 == 0 or (x + y) % 12 == 0
    if units & {"hour", "hours"}:
        return (x < 0 and (x - y) % 12 == 0) or (
            _HYPHENATED.match(left.text) is not None and (x + y) % 12 == 0
        )
    return False


def _is_angle(left: Side, right: Side, x: Value, y: Value) -> bool:
    """pi + 180° = 360°, 2 pi = 360: half a turn is both."""
    nodes = [side.node for side in (left, right) if side.node is not None]
    if not any(isinstance(n, Symbol) and n.name == "pi" for node in nodes for n in walk(node)):
        return False
    half = real().pi / 180
    turned = same(inexact(x), inexact(y) * half) or same(inexact(x) * half, inexact(y))
    return turned or "degree" in left.units | right.units


def _is_hyphenated(text: str, value: Value, other: Value) -> bool:
    """Pages 10-15 = 6 pages, a 3-1 record = 4 games: no difference, or no more than its look."""
    match = _HYPHENATED.match(text)
    if match is None or not isinstance(value, EXACT):
        return False
    return value < 0 or other == sum(int(part) for part in re.findall(r"\d+", match[0]))


def _runs_on(a: Node, b: Node, value: Exact, behind: Side | None) -> bool:
    """5 + 3 = 8 * 2 = 16, 2 / 3 = 0.67 * 100 = 67: the next side goes on from the result.

    Only where another side follows, and where something new is done to the result: in 7 + 15 - 4 =
    7 - 4 the 7 is no result but what is left of a sum.
    """
    if behind is None or behind.node is None or not has_operation(b):
        return False
    first, negative = _leading(b)
    if first is None:
        return False
    led = -first.value if negative else first.value
    rounded = first.decimals and magnitude(led - value) < Fraction(1, 10**first.decimals)
    if not (led == value or rounded):
        return False
    before = literals(a)
    return first.value not in before or not set(literals(b)) <= set(before)


def _leading(node: Node) -> tuple[Number | None, bool]:
    """The first literal as one reads, and whether a minus stands before it."""
    negative = False
    while not isinstance(node, Number | Symbol):
        negative ^= isinstance(node, Operation) and node.name == "neg"
        node = node.parts[0] if isinstance(node, Operation) else node.readings[0]
    return (node if isinstance(node, Number) else None), negative


_DIMENSIONS = re.compile(r"\d+(?:\s?[x×]\s?\d+)+", re.IGNORECASE)


def _is_quoted(left: Side, problem: str) -> bool:
    """2x4x10 boards = 10 * $10: the product is what the problem calls the boards by."""
    match = _DIMENSIONS.match(left.text)
    if match is None or not (left.units or left.has_lead_in):
        return False
    return match[0].replace(" ", "").lower() in problem.replace(" ", "").lower()


def _is_written_out(a: Node, b: Node) -> bool:
    """3 cats + 2 dogs = 3 * 4 + 2 * 4: unlike quantities, and then their sum in a third unit."""
    counted, valued = literals(a), literals(b)
    return has_operation(a) and counted < valued


def literals(node: Node) -> Counter[Exact]:
    """The numbers that are written in a tree."""
    return Counter(n.value for n in walk(node) if isinstance(n, Number))


def _is_share_of(a: Node, b: Node) -> bool:
    """48 = 100% + 20%: the whole that percentages are taken of."""
    for lone, other in ((a, b), (b, a)):
        parts = [n for n in walk(other) if isinstance(n, Operation)]
        if not has_operation(lone) and all(n.name in {"+", "-", "/", "neg"} for n in parts):
            return True
    return False


def _mixed_units(units: frozenset[str]) -> str:
    for family in UNIT_FAMILIES:
        found = sorted({_singular(u) for u in units & family})
        if len(found) > 1:
            return " and ".join(found)
    return ""


def _singular(unit: str) -> str:
    return {"feet": "foot", "$": "dollar", "inches": "inch", "pennies": "penny"}.get(
        unit, unit.removesuffix("s")
    )


def _factors(units: frozenset[str]) -> frozenset[int]:
    """Between units that the sides may be in."""
    factors = {1000, 1_000_000}
    if units & {"kb", "mb", "gb", "tb", "bytes", "byte"}:
        factors |= {1024, 1024**2, 8}
    if units & {"$", "%", "dollars", "cents", "dollar", "cent"}:
        factors |= {100}
    if units & UNIT_FAMILIES[0]:
        factors |= {60, 24, 7, 12, 3600, 52, 365, 1440}
    if units & UNIT_FAMILIES[1] | units & UNIT_FAMILIES[2] | units & UNIT_FAMILIES[3]:
        factors |= {12, 3, 36, 5280, 100, 10, 16, 2000}
        if units & _POWERED:  # square feet, cm^3
            factors |= {n**2 for n in factors} | {n**3 for n in factors if n < 1000}
    return frozenset(factors)


def _scaled(x: Value, y: Value, factors: frozenset[int]) -> bool:
    """Whether the sides differ by a factor that a change of units would explain."""
    if not (isinstance(x, EXACT) and isinstance(y, EXACT)) or 0 in (x, y):
        return False
    ratio = Fraction(x) / y
    return max(abs(ratio), abs(1 / ratio)) in factors


def _is_converted(a: Node, b: Node, x: Value, y: Value, factors: frozenset[int]) -> bool:
    """1.5 hours + 30 = 120: one addend in other units makes the sides equal."""
    if not (isinstance(x, EXACT) and isinstance(y, EXACT)):
        return False
    return any(
        gap in (addend * (factor - 1), addend * (Fraction(1, factor) - 1))
        for node, gap in ((a, y - x), (b, x - y))
        for addend in _addends(node)
        for factor in factors
    )


def _addends(node: Node) -> Iterator[Exact]:
    """The bare numbers of a sum, with their signs."""
    match node:
        case Number(value):
            yield value
        case Operation("neg", (part,)):
            yield from (-value for value in _addends(part))
        case Operation("+" | "-", (first, second)):
            yield from _addends(first)
            yield from (value if node.name == "+" else -value for value in _addends(second))
