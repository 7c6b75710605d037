"""Quantities with names of several words, over a whole solution: what was bound is what is used.

`Cost of the pens = 3 * 4 = 12`, then `Total = Cost of the pens + Cost of the ink = 15 + 8`: the
numbers that a formula in words is filled with must be those that its names have. A name that gets a
second value has none; numbers that only stand in another order, in another unit, as per cent, or
rounded, are not held against it, nor are numbers that the text told before under no other name: the
quantity may have changed (`the new number of pens is 16`).

Not covered: formulas with fractions or brackets within brackets, names of one word.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from labeler.checking.claims.answers import NumbersSoFar, numbers_in
from labeler.checking.claims.decide import Kind, Link, claim
from labeler.checking.claims.numbers import is_rounded
from labeler.records import Verdict

MAX_STATEMENTS = 60
"""Of one step; the rest is not read."""
MAX_NAMES = 200

_GROUP = re.compile(r"\\(?:text|mathrm|textbf|mbox)\{([^{}]*)\}")
_TIMES = re.compile(r"\\(?:times|cdot)(?![a-z])|[×·∗]")
_OVER = re.compile(r"\\div(?![a-z])|÷")
_LAYOUT = re.compile(r"\\[\[\]()]|\\\\|\\[,;! ]|\*\*|\$(?!\d)|(?<=\w)\$|&|\\quad|`")
_STATEMENT = re.compile(r"\n|(?<=[a-z\d)%])[.;](?:\s|\Z)|:\s|,\s(?=[A-Z])")
_OPERATOR = re.compile(r" [-+*/−–] |(?<=[\d)])\s?[+*×]\s?(?=[\d($])")
_VALUE = re.compile(r"\A[(\s]*\\?\$?\s?(\d[\d,]*(?:\.\d+)?)\s?(%?)([A-Za-z /-]*)[)\s]*\Z")
_NAME = re.compile(r"\A[(\s]*([A-Za-z][A-Za-z'’ -]*[A-Za-z])(?: ?\([A-Za-z]\))?[)\s]*\Z")
_LEADING = re.compile(
    r"\A(?:so|then|thus|therefore|hence|now|and|the|we have|this gives|total of the)\b[ ,]*"
)
_UNSURE = re.compile(
    r"\b(?:if|suppose|assum\w+|instead|would|case|wait|actually|however|but|incorrect|wrong|mistake|"
    r"new|remaining|left|updated|current|now)\b",
    re.IGNORECASE,
)
_SCALES = frozenset({60, 3600, 12, 100, 1000, 24, 7, 52, 365, 16, 4})
"""By which a number may differ from another for its unit."""
_COMMON = frozenset(
    {"of", "the", "a", "total", "number", "cost", "price", "amount", "per", "for", "in"}
)
_FORMULA = re.compile(
    r"[A-Za-z]{3}[})]{0,2}\s(?:[-+*/−–×·÷]|\\times|\\cdot|\\div)\s"
    r"|\s(?:[-+*/−–×·÷]|\\times|\\cdot|\\div)\s(?:[({]|\\text\{){0,2}[A-Za-z]{3}"
)


def may_fill(text: str) -> bool:
    """Whether a text may hold a formula in words, without which nothing is found."""
    return _FORMULA.search(text) is not None


class _Statement(NamedTuple):
    """`name = part = part`; `before` is what the step says up to it."""

    name: str
    parts: tuple[str, ...]
    text: str
    before: str


class Quantities:
    """What names in words stand for so far."""

    def __init__(self, earlier: NumbersSoFar) -> None:
        self._earlier = earlier
        self._values: dict[str, Fraction | None] = {}
        self._formula: tuple[str, str] | None = None

    def read(self, step: str) -> Iterator[Link]:
        """The formulas in words of a step that are filled with numbers."""
        for statement in _statements(step):
            yield from self._check(statement)
            self._bind(statement)

    def _check(self, statement: _Statement) -> Iterator[Link]:
        before, self._formula = self._formula, None
        parts = statement.parts
        if before is not None and before[0] == statement.name:
            yield from self._filled(before[1], parts[0], statement)
        for formula, numbers in itertools.pairwise(parts):
            yield from self._filled(formula, numbers, statement)
        if _OPERATOR.search(parts[-1]) and re.search("[A-Za-z]{3}", parts[-1]):
            self._formula = statement.name, parts[-1]

    def _filled(self, formula: str, numbers: str, statement: _Statement) -> Iterator[Link]:
        names, values = _OPERATOR.split(formula), _OPERATOR.split(numbers)
        if len(names) != len(values) or len(names) < 2 or _signs(formula) != _signs(numbers):
            return
        shown = [_value(value) for value in values]
        if None in shown:
            return
        held = 0
        for name, value in zip(names, values, strict=True):
            known = self._values.get(_named(name))
            number = _value(value)
            if known is None or number is None:
                continue
            if _alike(known, number, value) or known in shown:
                held += 1
                continue
            if self._is_changed(_named(name), number, statement.before):
                return
            text = f"{statement.name} = {formula.strip()} = {numbers.strip()}"
            due = f"{_named(name)} = {float(known):g}, not {float(number):g}"
            yield claim(text, Verdict.WRONG, Kind.CARRIED, shown=due)
            return
        if held:
            yield claim(f"{formula} = {numbers}", Verdict.CORRECT, Kind.CARRIED)

    def _is_changed(self, name: str, number: Fraction, before: str) -> bool:
        """Whether a number may be what the quantity has become."""
        words = set(name.split())
        owners = [set(other.split()) for other, v in self._values.items() if v == number]
        if owners:
            return any(words & owner - _COMMON for owner in owners)
        told = numbers_in(before)
        known = self._values[name]
        assert known is not None
        return any(n in told or n in self._earlier for n in (number, abs(number - known)))

    def _bind(self, statement: _Statement) -> None:
        value = _value(statement.parts[-1])
        name = statement.name
        if len(self._values) >= MAX_NAMES or " " not in name:
            return
        if value is None:
            return
        sure = not _UNSURE.search(statement.text)
        known = name not in self._values or self._values[name] == value
        self._values[name] = value if known and sure else None


def _statements(step: str) -> Iterator[_Statement]:
    """The equations of a step whose first side is a name."""
    text = _GROUP.sub(r"\1", step)
    before = ""
    text = _LAYOUT.sub(" ", _OVER.sub("/", _TIMES.sub("*", text)))
    for piece in _STATEMENT.split(text)[:MAX_STATEMENTS]:
        told, before = before, f"{before} {piece}"
        if "=" not in piece:
            continue
        first, *parts = piece.split("=")
        name = _named(first)
        if name and all(part.strip() for part in parts):
            yield _Statement(name, tuple(parts), piece, told)


def _named(text: str) -> str:
    """A name in small letters, without what leads up to it; "" where it is none."""
    match = _NAME.match(text)
    if match is None:
        return ""
    return re.sub(r"\s+", " ", _LEADING.sub("", match[1].strip().lower()))


def _value(text: str) -> Fraction | None:
    match = _VALUE.match(text)
    return Fraction(match[1].replace(",", "")) if match else None


def _signs(text: str) -> list[str]:
    return [sign.strip() for sign in _OPERATOR.findall(text)]


def _alike(known: Fraction, number: Fraction, shown: str) -> bool:
    """Whether a number could be the value of a name: itself, rounded, or in another unit."""
    if known == number:
        return True
    if not known or not number:
        return False
    match = _VALUE.match(shown)
    if match and is_rounded(known, match[1]):
        return True
    ratio = known / number if known > number else number / known
    return ratio.denominator == 1 and int(ratio) in _SCALES
