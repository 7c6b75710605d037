"""Decides the links of a chain: holds, false, or unknown.

A link says that two sides are equal. It is false only if it is false under every reading of what
is ambiguous, also if the literals with decimals had been rounded, and if nothing around it says
that it was not meant as a statement of fact.
"""

from __future__ import annotations

import itertools
import operator
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

from labeler.checking.claims.chains import Chain
from labeler.checking.claims.context import Context
from labeler.checking.claims.conventions import convention
from labeler.checking.claims.excuses import not_stated
from labeler.checking.claims.expression import Facts
from labeler.checking.claims.rounding import within_rounding
from labeler.checking.claims.sides import Side
from labeler.checking.claims.values import (
    EXACT,
    Reading,
    Undecided,
    Value,
    Work,
    evaluate,
    inexact,
    real,
    same,
)
from labeler.records import Verdict

MAX_READINGS = 16
EXCUSE = 200
"""Operations that the search for an excuse costs, about: patterns over a sentence."""

_SIGNS = re.compile(r"[*∗!⋆]|\\ast|\\boxed|\bx\b|\\(?:times|div)")


class Kind(StrEnum):
    """What a claim is about; what a flag is worth is learned for each."""

    SUM = "arithmetic"
    IDENTITY = "rewriting"
    INEQUALITY = "inequality"
    FUNCTION = "value of a function"
    EQUATION = "equation"
    CARRIED = "carried value"
    WORDED = "claim in words"
    CONVERSION = "conversion"
    MODULAR = "remainder"
    COUNT = "count"
    ANSWER = "answer"
    PROBLEM = "given quantity"
    STATE = "narrated state"


class Link(NamedTuple):
    """Two sides that a step says are equal; `reason` tells why it is unknown.

    `shown`: what is false about it; `within`: the whole chain.
    """

    left: Side
    right: Side
    verdict: Verdict
    reason: str = ""
    shown: str = ""
    within: str = ""
    kind: Kind = Kind.SUM

    def __str__(self) -> str:
        return f"{self.left.text} = {self.right.text}" if self.right.text else self.left.text


def claim(text: str, verdict: Verdict, kind: Kind, *, shown: str = "", reason: str = "") -> Link:
    """A claim that is no equation between two sides, in the step's own words."""
    return Link(Side(text, None), Side("", None), verdict, reason, shown, text, kind)


def decide(chain: Chain, context: Context) -> Iterator[Link]:
    """The links between numeric sides of a chain; others are passed over."""
    previous: int | None = None
    relation = "="
    sides = chain.sides
    for at, (side, joined) in enumerate(zip(sides, ("=", *chain.relations), strict=True)):
        relation = joined if previous is None or relation == "=" else relation
        if joined not in {"=", "~"}:
            if joined in INEQUALITIES and at and (link := _inequality(chain, at, context)):
                yield link
            previous = None
        if side.node is None:
            previous = None  # it may hold the end of one statement and the beginning of another
            continue
        names = side.facts.names
        if names and not names <= CONSTANTS:
            if side.apart:
                previous = None
            continue
        if previous is not None:
            behind = sides[at + 1] if at + 1 < len(sides) and chain.relations[at] == "=" else None
            link = numeric_link(sides[previous], side, relation, context, chain, behind)
            if link.verdict is Verdict.WRONG and context.defined and _SIGNS.search(chain.sentence):
                link = _unknown(link.left, side, "the problem defines an operation")
            yield link
        previous, relation = at, "="


INEQUALITIES = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "!=": operator.ne,
}


def _inequality(chain: Chain, at: int, context: Context) -> Link | None:
    """A comparison of two numbers; None where a side is none, or where they are close."""
    left, right = chain.sides[at - 1], chain.sides[at]
    if left.node is None or right.node is None or left.facts.names or right.facts.names:
        return None
    if left.units != right.units and (left.units or right.units):
        return None
    outcomes = []
    try:
        for reading in readings_of(context.work, left.facts, right.facts):
            x, y = evaluate(left.node, reading, {}), evaluate(right.node, reading, {})
            if not (isinstance(x, EXACT) and isinstance(y, EXACT)):
                x, y = inexact(x), inexact(y)
                if abs(x - y) * 100 < abs(x):
                    return None
            if INEQUALITIES[chain.relations[at - 1]](x, y):
                return Link(left, right, Verdict.CORRECT, kind=Kind.INEQUALITY)
            outcomes.append((x, y))
    except (Undecided, TypeError):
        return None
    x, y = outcomes[0]
    different = chain.relations[at - 1] == "!="
    if (x == y) != different or left.has_lead_in:  # a bound that is met says little
        return None
    said = not_stated(chain, x, y, left.text)
    if not said and not different and _COMPARED.search(chain.sentence):
        said = "compared"
    verdict = Verdict.UNKNOWN if said else Verdict.WRONG
    sign = chain.relations[at - 1]
    text = f"{left.text} {sign} {right.text}"
    return claim(text, verdict, Kind.INEQUALITY, shown=f"{show(x)} {sign} {show(y)}", reason=said)


_COMPARED = re.compile(
    r"\b(?:if|when|whether|compar\w*|check\w*|test\w*|try\w*|until|unless|let|suppose|"
    r"for|case|would|not|no)\b",
    re.IGNORECASE,
)


def numeric_link(
    left: Side,
    right: Side,
    relation: str,
    context: Context,
    chain: Chain | None = None,
    behind: Side | None = None,
) -> Link:
    """Decides whether two numeric sides are equal (`=`) or nearly so (`~`).

    `chain`: where they stand; `behind`: the side that follows in it, which may go on from a running
    total.
    """
    a, b = left.node, right.node
    assert a is not None
    assert b is not None
    if not (left.computes or right.computes):
        return _unknown(left, right, "nothing to compute")
    outcomes = []
    sentence = chain.sentence if chain else ""
    try:
        for reading in readings_of(context.work, left.facts, right.facts):
            unknowns = _imaginary(reading, context)
            x, y = evaluate(a, reading, unknowns), evaluate(b, reading, unknowns)
            if same(x, y):
                return Link(left, right, Verdict.CORRECT)
            outcomes.append((x, y))
            if within_rounding(left, right, reading, unknowns, (x, y), relation, context, sentence):
                return _unknown(left, right, "equal but for rounding")
    except Undecided as why:
        return _unknown(left, right, str(why))
    x, y = outcomes[0]
    if (left.units or left.has_lead_in) and not left.computes:  # 12 groups = 54 / 9: a name
        return _unknown(left, right, "a quantity with a number in its name")
    names = left.facts.names | right.facts.names
    if "e" in names or ("i" in names and not context.imaginary):
        return _unknown(left, right, "i or e")
    exact = isinstance(x, EXACT) and isinstance(y, EXACT)
    if not context.work.allows(EXCUSE if exact else 2 * EXCUSE):
        return _unknown(left, right, "too much work")
    if reason := convention(left, right, x, y, behind, context):
        return _unknown(left, right, reason)
    if chain is not None and (said := not_stated(chain, x, y, left.text)):
        return _unknown(left, right, said)
    return Link(left, right, Verdict.WRONG, shown=f"{show(x)}, not {show(y)}")


CONSTANTS = frozenset({"i", "e"})
_NO_CHOICES: Mapping[str, int] = {}


def readings_of(work: Work, *nodes: Facts) -> Iterator[Reading]:
    """Every way to read what is ambiguous in these trees. Raises Undecided where there are many."""
    kinds: list[str] = []
    names: frozenset[str] = frozenset()
    for known in nodes:
        if known.kinds:
            kinds += known.kinds.difference(kinds)
        if known.names:
            names |= known.names & CONSTANTS
    if not kinds and not names:
        yield Reading(_NO_CHOICES, work)
        return
    kinds.sort()
    kinds += [f"symbol {name}" for name in sorted(names)]
    if 2 ** len(kinds) > MAX_READINGS:
        raise Undecided("too many readings")
    for choice in itertools.product((0, 1), repeat=len(kinds)):
        yield Reading(dict(zip(kinds, choice, strict=True)), work)


def _imaginary(reading: Reading, context: Context) -> dict[str, Value]:
    values: dict[str, Value] = {}
    choices = reading.choices
    if "symbol i" in choices:
        unit = context.imaginary or not choices["symbol i"]
        values["i"] = real().mpc(0, 1) if unit else 37
    if "symbol e" in choices:
        values["e"] = +real().e if not choices["symbol e"] else 83
    return values


def show(value: Value) -> str:
    """A value for a reader: exactly where that is short."""
    if isinstance(value, EXACT):
        if max(value.numerator.bit_length(), value.denominator.bit_length()) < 100 and (
            value.denominator < 1000
        ):
            return str(value)
        value = inexact(value)
    return str(real().nstr(value, 8))


def _unknown(left: Side, right: Side, reason: str) -> Link:
    return Link(left, right, Verdict.UNKNOWN, reason)
