"""Conversions between units: `2 feet = 20 inches`, `there are 100 minutes in an hour`.

Only units whose ratio is fixed by definition are decided; a month of days, a working week or day
are not. A result that was rounded holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from labeler.checking.claims.chains import Chain
from labeler.checking.claims.decide import Kind, Link, claim
from labeler.checking.claims.excuses import not_stated
from labeler.checking.claims.expression import Number
from labeler.checking.claims.numbers import is_rounded
from labeler.checking.claims.sides import Side
from labeler.records import Verdict

_FAMILIES: tuple[dict[str, Fraction], ...] = (
    {"second": Fraction(1), "sec": Fraction(1), "minute": Fraction(60), "min": Fraction(60),
     "hour": Fraction(3600), "hr": Fraction(3600)},
    {"month": Fraction(1), "year": Fraction(12), "decade": Fraction(120),
     "century": Fraction(1200)},
    {"inch": Fraction(1), "foot": Fraction(12), "ft": Fraction(12), "yard": Fraction(36),
     "mile": Fraction(63360)},
    {"mm": Fraction(1), "millimeter": Fraction(1), "cm": Fraction(10), "centimeter": Fraction(10),
     "meter": Fraction(1000), "metre": Fraction(1000), "km": Fraction(1_000_000),
     "kilometer": Fraction(1_000_000), "kilometre": Fraction(1_000_000)},
    {"mg": Fraction(1), "milligram": Fraction(1), "gram": Fraction(1000), "kg": Fraction(1_000_000),
     "kilogram": Fraction(1_000_000)},
    {"ounce": Fraction(1), "oz": Fraction(1), "lb": Fraction(16), "pound": Fraction(16)},
    {"ml": Fraction(1), "milliliter": Fraction(1), "liter": Fraction(1000),
     "litre": Fraction(1000)},
    {"cup": Fraction(1), "pint": Fraction(2), "quart": Fraction(4), "gallon": Fraction(16)},
    {"cent": Fraction(1), "penny": Fraction(1), "nickel": Fraction(5), "dime": Fraction(10),
     "dollar": Fraction(100), "$": Fraction(100)},
)  # fmt: skip
_ODD = {"feet": "foot", "inches": "inch", "pennies": "penny", "centuries": "century"}
_SEVERAL = frozenset({"ounce", "oz", "pound", "lb"})
"""Of mass and of volume or money."""

_IN = re.compile(
    r"\b(?:there are|are|has|have|is|equals|contains?)\s+\$?(\d[\d,]*)\s+([a-z]+)\s+(?:in|per) "
    r"(?:an?|one|each|every|1)\s+([a-z]+)\b(?! (?:and|of|on|at|for))|"
    r"\b(?:an?|one|each) ([a-z]+) (?:has|is|equals|contains|consists of) (\d[\d,]*) "
    r"([a-z]+)\b(?! (?:long|away|of|and|old|wide|tall|more|less))",
    re.IGNORECASE,
)
_DOZEN = re.compile(
    r"(?<!half )\b(?:a|one|each|every) dozen (?:is|has|means|equals|contains|=) (\d+)\b|"
    r"\bdozen \((\d+)\)|"
    r"\bhalf a dozen(?: [a-z]+)? (?:is|are|means|equals|=) (?:12 ?/ ?2 ?= ?|6 ?/ ?2 ?= "
    r"?)?(\d+)(?![\d.]| */)",
    re.IGNORECASE,
)


def _unit(word: str) -> str:
    word = _ODD.get(word, word)
    return word.removesuffix("s") if len(word) > 3 else word


def _family(one: str, other: str) -> dict[str, Fraction] | None:
    for family in _FAMILIES:
        if one in family and other in family:
            return family
    return None


def converted(chain: Chain) -> Iterator[Link]:
    """Links between two quantities of a chain that state each other in other units."""
    for left, right, relation in zip(chain.sides, chain.sides[1:], chain.relations, strict=False):
        if relation != "=" or left.computes or right.computes:
            continue
        if not (isinstance(left.node, Number) and isinstance(right.node, Number)):
            continue
        one, other = _only(left), _only(right)
        family = _family(one, other) if one and other and one != other else None
        if family is None or left.has_lead_in:
            continue
        x = Fraction(left.node.value * family[one])
        y = Fraction(right.node.value * family[other])
        slack = max(x, y) / 100 if left.node.decimals or right.node.decimals else Fraction(0)
        text = f"{left.text} = {right.text}"
        if x == y:
            yield claim(text, Verdict.CORRECT, Kind.CONVERSION)
        elif abs(x - y) > slack and not not_stated(chain, 0, 1, left.text):
            shown = f"{left.text} is {x / family[other]} {other}"
            yield claim(text, Verdict.WRONG, Kind.CONVERSION, shown=shown)


def _only(side: Side) -> str:
    units = {_unit(u) for u in side.units if u not in {"a", "the"}}
    return units.pop() if len(units) == 1 else ""


_SAID = (" in a", " per ", " in one", " has ", "one ")
_AGAIN = ("(or ", ", or ", "which is ", "which equals ", "equivalent to ", "i.e.", "that is ")
_RESTATED = re.compile(
    r"(?<![\d.,/^*+×-])(?<![-+*/×÷=^] )\$?(\d[\d,]*(?:\.\d+)?)\$? (?:\\text\{ ?)?([a-z]+)\}?\$?,?"
    r" \(?(?:or|which is|which equals|i\.e\.,?|that is,?)(?: (?:equal|equivalent) to)?"
    r" \$?(\d[\d,]*(?:\.\d+)?)\$? (?:\\text\{ ?)?([a-z]+)\b(?! (?:and|of|per|more|less|each|"
    r"longer|shorter|from|after|before|later)\b)(?!/|\s*[-+*×÷=])"
)
"""`90 minutes (or 1.5 hours)`, `3 feet, which is equal to 36 inches`."""


def may_convert(low: str) -> bool:
    """Whether words of a conversion stand in a text, which is in small letters."""
    return "dozen" in low or any(word in low for word in (*_SAID, *_AGAIN))


def conversions(step: str, low: str) -> Iterator[Link]:
    """What a step (`low`: in small letters) says in words of how many units make another."""
    if "dozen" in low:
        for match in _DOZEN.finditer(step):
            number, dozen = (match[3], 6) if match[3] else (match[1] or match[2], 12)
            yield _stated(match[0], Fraction(number), Fraction(dozen))
    if any(word in low for word in _AGAIN):
        yield from _restated(low)
    if any(word in low for word in _SAID):
        for match in _IN.finditer(low):
            many, small, large = (
                (match[1], match[2], match[3]) if match[1] else (match[5], match[6], match[4])
            )
            one, other = _unit(small), _unit(large)
            family = _family(one, other)
            if (
                family is None
                or one == other
                or (one in _SEVERAL and other in _SEVERAL and one == other)
            ):
                continue
            due = Fraction(family[other] / family[one])
            if due < 1 or "$" in (small, large):
                continue
            number = Fraction(many.replace(",", ""))
            if (
                due < 3
                or (one, other) in {("penny", "dollar")}
                or number * 2 > due * 40
                or number < 2
            ):
                continue
            yield _stated(match[0], number, due)


def _restated(low: str) -> Iterator[Link]:
    """A quantity that is said again in another unit, or in the same one on another scale."""
    for match in _RESCALED.finditer(low):
        x, y = _number(match[1]), _number(match[3])
        ratio = x / y if x > y > 0 else y / x if x else Fraction(1)
        if ratio in _POWERS:
            shown = f"{match[1]} and {match[3]} in the same unit"
            yield claim(match[0], Verdict.WRONG, Kind.CONVERSION, shown=shown)
    for match in _RESTATED.finditer(low):
        one, other = _unit(match[2]), _unit(match[4])
        family = _family(one, other)
        if family is None or {one, other} & _LOOSE:
            continue
        if one == other:
            continue
        x, y = _number(match[1]), _number(match[3])
        due = x * family[one] / family[other]
        back = y * family[other] / family[one]
        if due == y:
            yield claim(match[0], Verdict.CORRECT, Kind.CONVERSION)
        elif not is_rounded(due, match[3]) and abs(back - x) * 50 > x:
            shown = f"{match[1]} {match[2]} is {float(due):g} {match[4]}"
            yield claim(match[0], Verdict.WRONG, Kind.CONVERSION, shown=shown)


_RESCALED = re.compile(
    r"(?<![\d.,/^*+×-])(\d[\d,]*(?:\.\d+)?) ([a-z]+(?:/[a-z]+)?) \(or (\d[\d,]*(?:\.\d+)?) \2\)"
)
"""`0.0056 kb/s (or 5.6 kb/s)`."""
_POWERS = frozenset(Fraction(10**k) for k in range(1, 10))
_LOOSE = frozenset({"second", "pound", "min", "sec"})
"""Of time and of order, of mass and of money."""


def _number(text: str) -> Fraction:
    return Fraction(text.replace(",", ""))


def _stated(text: str, number: Fraction, due: Fraction) -> Link:
    if number == due:
        return claim(text, Verdict.CORRECT, Kind.CONVERSION)
    return claim(text, Verdict.WRONG, Kind.CONVERSION, shown=f"{due}, not {number}")
