"""Decides the links of a chain: holds, false, or unknown.

A link says that two sides are equal. It is false only if it is false under every reading of what
is ambiguous, also if the literals with decimals had been rounded, and if nothing around it says
that it was not meant as a statement of fact.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from labeler.checking.claims.chains import Chain, Side
from labeler.checking.claims.conventions import convention
from labeler.checking.claims.expression import Either, Node, Number, has_operation, symbols, walk
from labeler.checking.claims.values import (
    Undecided,
    Value,
    distance,
    evaluate,
    inexact,
    real,
    same,
    size,
)
from labeler.records import Verdict

MAX_READINGS = 16
MAX_ROUNDED = 16
FLOAT_DECIMALS = 12
"""A literal with so many was printed by a program, which rounds in binary."""

_DENIED = re.compile(
    r"\b(?:not|n't|cannot|can't|doesn't|isn't|don't|contradict\w*|impossible|false|incorrect\w*|"
    r"wrong\w*|mistake\w*|error\w*|wait|suppose|mod|modulo|modular|congruent|"
    r"remainder|base|digits?|"
    # other arithmetic
    r"binary|ternary|octal|duodecimal|hex|hexadecimal|boolean|bitwise|xor|GF|Z_\{?\d+\}?|clock|"
    r"o'clock|dial|concatenat\w*|juxtapos\w*|append\w*|side by side|as strings?|"
    # what others say, or nobody
    r"untrue|absurd|typo|myth|sic|never|neither|nor|fails?|instead of|assume|pretend|claims|"
    r"claimed|thought|might|may think)\b|"
    r"n't\b|≡|\\(?:pmod|bmod|equiv)|\\mathbb\s*\{?[ZF]\}?\s*[_/]|[✗✘❌]",
    re.IGNORECASE,
)


DEFINED = re.compile(
    r"\boperations?\b|\bdefin\w+|\bdenotes?\b|\\ast\b|\\star\b|\\boxed|\)\$?\s*x\s*\$?\(|[a-zA-Z]\$?\s?\*\s?\$?[a-zA-Z]",
    re.IGNORECASE,
)
"""Words of a problem that gives a sign a meaning of its own."""
_SIGNS = re.compile(r"[*∗!⋆]|\\ast|\\boxed|\bx\b|\\(?:times|div)")


@dataclass(frozen=True, slots=True)
class Link:
    """Two sides that a step says are equal; `reason` tells why it is unknown.

    `shown`: what is false about it; `within`: the whole chain.
    """

    left: Side
    right: Side
    verdict: Verdict
    reason: str = ""
    shown: str = ""
    within: str = ""

    def __str__(self) -> str:
        return f"{self.left.text} = {self.right.text}"


def decide(chain: Chain, *, defined: bool = False) -> Iterator[Link]:
    """The links between numeric sides of a chain; others are passed over.

    `defined`: the problem defines an operation of its own, so signs may mean anything.
    """
    previous: Side | None = None
    relation = "="
    for side, joined in zip(chain.sides, ("=", *chain.relations), strict=True):
        relation = joined if previous is None or relation == "=" else relation
        if joined == "other":
            previous = None
        if side.node is None:
            previous = None  # it may hold the end of one statement and the beginning of another
            continue
        if symbols(side.node) - {"i", "e"}:
            continue
        if previous is not None:
            link = numeric_link(previous, side, relation)
            if link.verdict is Verdict.WRONG and (said := _not_stated(chain)):
                link = _unknown(previous, side, said)
            if link.verdict is Verdict.WRONG and defined and _SIGNS.search(chain.sentence):
                link = _unknown(previous, side, "the problem defines an operation")
            yield link
        previous, relation = side, "="


def _not_stated(chain: Chain) -> str:
    """Why the sentence does not state its chain as a fact of arithmetic; "" where it does."""
    if denied := _DENIED.search(chain.sentence):
        return f"the sentence says {denied[0]!r}"
    if chain.asked:
        return "a question"
    first = re.escape(chain.sides[0].text)
    if first and re.search(rf"\b(?:if|whether|unless)\W*{first}", chain.sentence, re.IGNORECASE):
        return "a condition"
    return ""


def numeric_link(left: Side, right: Side, relation: str) -> Link:
    """Decides whether two numeric sides are equal (`=`) or nearly so (`~`)."""
    a, b = left.node, right.node
    assert a is not None
    assert b is not None
    if not (has_operation(a) or has_operation(b)):
        return _unknown(left, right, "nothing to compute")
    outcomes = []
    try:
        for readings in readings_of(a, b):
            unknowns = _imaginary(a, b, readings)
            x, y = evaluate(a, readings, unknowns), evaluate(b, readings, unknowns)
            if same(x, y):
                return Link(left, right, Verdict.CORRECT)
            outcomes.append((x, y))
            if _within_rounding(a, b, readings, unknowns, x, y, relation):
                return _unknown(left, right, "equal but for rounding")
    except Undecided as why:
        return _unknown(left, right, str(why))
    x, y = outcomes[0]
    if (left.units or left.led) and not has_operation(a):  # 12 groups = 54 / 9: a name, no number
        return _unknown(left, right, "a quantity with a number in its name")
    if symbols(a) | symbols(b):
        return _unknown(left, right, "i or e")
    if reason := convention(left, right, x, y):
        return _unknown(left, right, reason)
    return Link(left, right, Verdict.WRONG, shown=f"{show(x)}, not {show(y)}")


def readings_of(*nodes: Node) -> Iterator[Mapping[str, int]]:
    """Every way to read what is ambiguous in these nodes. Raises Undecided where there are many."""
    kinds = sorted({n.kind for node in nodes for n in walk(node) if isinstance(n, Either)})
    names = frozenset().union(*(symbols(node) for node in nodes)) & {"i", "e"}
    kinds += [f"symbol {name}" for name in sorted(names)]
    if 2 ** len(kinds) > MAX_READINGS:
        raise Undecided("too many readings")
    for choice in itertools.product((0, 1), repeat=len(kinds)):
        yield dict(zip(kinds, choice, strict=True))


def _imaginary(a: Node, b: Node, readings: Mapping[str, int]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    if "symbol i" in readings:
        values["i"] = real().mpc(0, 1) if not readings["symbol i"] else Fraction(37, 29)
    if "symbol e" in readings:
        values["e"] = +real().e if not readings["symbol e"] else Fraction(83, 41)
    return values


def _within_rounding(
    a: Node,
    b: Node,
    readings: Mapping[str, int],
    unknowns: Mapping[str, Value],
    x: Value,
    y: Value,
    relation: str,
) -> bool:
    """Whether the sides could be equal before literals were rounded, or the result was.

    A literal with two or more decimals may be off by one in its last place, the whole result by
    one where the other side is no whole number.
    """
    try:
        gap = distance(x, y)
        slack = Fraction(0)
        for side, value in ((a, x), (b, y)):
            least = 2 if has_operation(side) else 1
            rounded = [n for n in walk(side) if isinstance(n, Number) and n.decimals >= least]
            for n in rounded[:MAX_ROUNDED]:
                step = Fraction(1, 10**n.decimals)
                moved = evaluate(side, readings, unknowns, {id(n): n.value + step})
                slack += distance(moved, value)
                if n.decimals >= FLOAT_DECIMALS:  # 0.1 + 0.2 = 0.30000000000000004
                    slack += size(value) / 10**FLOAT_DECIMALS
        if gap <= slack:
            return True
        scale = max(size(x), size(y))
        if relation == "~":
            return gap <= max(scale / 20, Fraction(1))
        whole = [isinstance(v, Fraction) and v.denominator == 1 for v in (x, y)]
        if whole[0] != whole[1] and gap < 1:
            return True
        # pi = 3.14 or 22/7, a root cut short
        return not all(isinstance(v, Fraction) for v in (x, y)) and gap <= scale / 100
    except Undecided:
        return True


def show(value: Value) -> str:
    """A value for a reader: exactly where that is short."""
    if isinstance(value, Fraction):
        if max(value.numerator.bit_length(), value.denominator.bit_length()) < 100 and (
            value.denominator < 1000
        ):
            return str(value)
        value = inexact(value)
    return str(real().nstr(value, 8))


def _unknown(left: Side, right: Side, reason: str) -> Link:
    return Link(left, right, Verdict.UNKNOWN, reason)
