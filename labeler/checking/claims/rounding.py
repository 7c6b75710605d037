"""Whether two sides could be equal before literals were rounded, or the result was.

What can have been rounded: a literal that no one gave (a number of the problem is exact), and a
result that has fewer digits than what was computed. 15.00 that becomes 14.99 was not rounded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

from labeler.checking.claims.context import Context
from labeler.checking.claims.expression import Exact, Number, Operation
from labeler.checking.claims.sentences import in_sentence
from labeler.checking.claims.sides import Side
from labeler.checking.claims.values import (
    EXACT,
    Reading,
    Undecided,
    Value,
    distance,
    evaluate,
    magnitude,
    size,
)

MAX_ROUNDED = 8
FLOAT_DECIMALS = 12
"""A literal with so many was printed by a program, which rounds in binary."""

_APPROXIMATE = re.compile(
    r"approx|about\b|around\b|round|nearest|roughly|nearly|almost|estimat|≈|\\approx|~|close to",
    re.I,
)
_approximate = in_sentence(_APPROXIMATE)


def within_rounding(
    left: Side,
    right: Side,
    reading: Reading,
    unknowns: Mapping[str, Value],
    values: tuple[Value, Value],
    relation: str,
    context: Context,
    sentence: str = "",
) -> bool:
    """Whether rounding explains that the sides differ. `values` are theirs under this reading.

    A literal with two or more decimals may be off by one in its last place, a result by one where
    the other side is no whole number.
    """
    x, y = values
    try:
        gap = distance(x, y)
        slack: Exact = 0
        for side, value in ((left, x), (right, y)):
            slack += _slack(side, value, reading, unknowns, context)
        if gap <= slack:
            return True
        if _is_stepped(left) or _is_stepped(right):
            return False
        scale = Fraction(max(size(x), size(y)))
        approximate = relation == "~" or _approximate(sentence) is not None
        if not (isinstance(x, EXACT) and isinstance(y, EXACT)):
            shown = max((n.decimals for n in right.facts.decimals), default=0)
            if relation == "~" and shown < 2:
                return gap <= max(scale / 20, Fraction(1))
            return gap <= scale / (50 if relation == "~" else 100)
        for one, other, side in ((x, y, right), (y, x, left)):
            if not side.computes and _is_rounded(one, other, side, approximate=approximate):
                return True
        if relation == "~" and not _is_precise(left, right):
            return gap <= max(scale / 20, Fraction(1))
    except Undecided:
        return True
    return False


def _is_stepped(side: Side) -> bool:
    """Whether a side is a floor or a ceiling, which is a whole number and was not rounded."""
    return isinstance(side.node, Operation) and side.node.name in {"floor", "ceil"}


def _slack(
    side: Side, value: Value, reading: Reading, unknowns: Mapping[str, Value], context: Context
) -> Exact:
    """How far the literals of a side may have moved it."""
    node = side.node
    assert node is not None
    least = 2 if side.computes else 1
    slack: Exact = 0
    if _is_money(side):
        return slack
    loose = [n for n in side.facts.decimals if n.decimals >= least and not is_given(n, context)]
    for n in loose[:MAX_ROUNDED]:
        if side.computes:
            step = Fraction(1, 10**n.decimals)
            context.work.spend(10)
            moved = evaluate(node, reading, unknowns, {id(n): n.value + step})
            slack += distance(moved, value)
        if n.decimals >= FLOAT_DECIMALS:  # 0.1 + 0.2 = 0.30000000000000004
            slack += Fraction(size(value)) / 10**FLOAT_DECIMALS
    return slack


def _is_money(side: Side) -> bool:
    """Whether a side adds amounts with two decimals, none of which looks like a rounded share."""
    if not side.computes or not side.facts.operations <= {"+", "-", "neg"}:
        return False
    return all(n.decimals == 2 and not _is_share(n) for n in side.facts.decimals)


def _is_share(literal: Number) -> bool:
    """Whether two decimals could be a third, a sixth, a seventh or a ninth of something."""
    cents = round(literal.value * 100) % 100
    return any(-d <= 2 * (100 * k - cents * d) < 2 * d for d in (3, 6, 7, 9) for k in range(1, d))


def is_given(literal: Number, context: Context) -> bool:
    """Whether the problem states this number, or an amount like it: then it is exact."""
    return literal.value in context.given


def _is_rounded(value: Exact, shown: Exact, side: Side, *, approximate: bool) -> bool:
    """Whether the literal of `side` is `value` with fewer digits, up, down or to the nearest."""
    decimals = max((n.decimals for n in side.facts.decimals), default=0)
    unit = Fraction(1, 10**decimals)
    if "%" in side.units:
        unit /= 100
    if (value / unit).denominator == 1 and not approximate:
        return False  # it has no more digits than are shown
    gap = magnitude(value - shown)
    if decimals or approximate or magnitude(value) >= 1:
        return gap < unit or (approximate and gap <= max(unit, Fraction(magnitude(value)) / 20))
    return gap < unit and isinstance(side.node, Number | Operation) and bool(side.units)


def _is_precise(left: Side, right: Side) -> bool:
    """Whether whole numbers were divided and two decimals or more of the result are shown."""
    if right.computes or left.facts.decimals or not left.computes:
        return False
    return max((n.decimals for n in right.facts.decimals), default=0) >= 2
