"""Rewritings of one expression: `(x + 1)^2 = x^2 + 1` where the text does not state a condition.

Two sides with the same unknowns are an identity, or an equation to be solved. They are taken for a
rewriting only on evidence: the chain goes on from a name or holds elsewhere, the text announces an
expansion, or the expanded sides agree but for a term or two while nobody asked to solve anything.
An equation that the problem or an earlier step states stays an equation, whatever is done to it.

Decided by evaluating at fixed points (Schwartz, Zippel): two polynomials that differ at one point
differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Protocol

from labeler.checking.claims.chains import Chain
from labeler.checking.claims.context import Context
from labeler.checking.claims.decide import EXCUSE, Kind, Link, readings_of
from labeler.checking.claims.excuses import not_stated
from labeler.checking.claims.expression import Facts, Node, Number, Operation, facts
from labeler.checking.claims.points import (
    COUNTING,
    HIGHER,
    POINTS,
    differ_by_factor,
    differ_by_number,
    grow_alike,
    lead_alike,
)
from labeler.checking.claims.polynomials import (
    coefficients,
    divides,
    equation,
    put,
    rational,
)
from labeler.checking.claims.shapes import (
    MANY,
    MOST,
    Once,
    agree,
    inside,
    is_product,
    is_rational,
    is_unexpanded,
)
from labeler.checking.claims.sides import Side
from labeler.checking.claims.values import (
    Undecided,
    Value,
    evaluate,
    is_complex,
    real,
    same,
)
from labeler.records import Verdict

_EXPANDING = re.compile(
    r"expand|distribut|foil|multiply|multiplying|squar(?:e|ing)\b", re.IGNORECASE
)
_COLLECTING = re.compile(r"like terms|combin|collect|cancel", re.IGNORECASE)
_FACTORING = re.compile(r"factor", re.IGNORECASE)
_REWRITING = re.compile(
    r"\b(?:simplif\w*|expand\w*|expansion|factor(?:ed|ing|s|ise|ize)?|distribut\w*|rewrit\w*|"
    r"square of|identity|multiply(?:ing)?|the expression)\b",
    re.IGNORECASE,
)
_SOLVING = re.compile(
    r"\bsolv\w*|\bequations?\b|both sides|set(?:ting)? .{0,40}equal|\bequate|\broots?\b|"
    r"\bsolutions?\b|"
    r"such that|given (?:that|by)|satisf|\bsuppose|\bintersect|\bwhen\b|\bif\b|"
    r"\blet\b(?!['’]s|\sus\b)|"
    r"\bwant\b|\bneed\b|substitut",
    re.IGNORECASE,
)


_MEASURING = re.compile(r"\b(?:calculat\w*|distances?|lengths?|magnitude|norm)\b", re.IGNORECASE)
_EQUATING = re.compile(
    r"both sides|\bequat|set(?:ting)? .{0,40}equal|\bsolve\b|\bsystem\b|\bwant\b|\bneed\b",
    re.IGNORECASE,
)


class Stated(Protocol):
    """An equation between two sides that hold unknowns."""

    @property
    def left(self) -> Side: ...
    @property
    def right(self) -> Side: ...
    @property
    def is_assignment(self) -> bool: ...


def _known(stated: Sequence[Stated]) -> list[tuple[Node, Node]]:
    return [
        (e.left.node, e.right.node)
        for e in stated
        if e.left.node is not None and e.right.node is not None and not e.is_assignment
    ]


def identities(chain: Chain, context: Context, stated: Sequence[Stated] = ()) -> Iterator[Link]:
    """Links between sides that hold the same unknowns and rewrite each other.

    `stated`: equations that the problem and the steps before state.
    """
    decided: list[tuple[int, Side, Side, Verdict]] = []
    for i, (left, right) in enumerate(zip(chain.sides, chain.sides[1:], strict=False)):
        if left.node is None or right.node is None or chain.relations[i] != "=":
            continue
        names = left.facts.names
        if not names or names != right.facts.names or "e" in names:
            continue
        if ("i" in names and not context.imaginary) or names <= {"i"}:
            continue
        if not (left.computes and right.computes):
            continue
        if "abs" in left.facts.operations | right.facts.operations:  # its sign may be known
            continue
        decided.append((i, left, right, identical(left.node, right.node, context)))
    holds = sum(
        verdict is Verdict.CORRECT and left.text != right.text
        for _, left, right, verdict in decided
    )
    wrong = any(verdict is Verdict.WRONG for _, _, _, verdict in decided)
    known = _known(stated) if wrong else ()
    for i, left, right, found in decided:
        verdict, reason = found, ""
        if found is Verdict.WRONG and (reason := _excuse(chain, i, holds, context, known)):
            verdict = Verdict.UNKNOWN
        elif found is Verdict.UNKNOWN:
            reason = "an equation, perhaps"
        shown = f"not the same for all {', '.join(sorted(left.facts.names))}"
        yield Link(left, right, verdict, reason, shown, kind=Kind.IDENTITY)


def _excuse(
    chain: Chain, i: int, holds: int, context: Context, known: Sequence[tuple[Node, Node]]
) -> str:
    """Why two sides that differ need not be meant as the same; "" where they are."""
    left, right = chain.sides[i].node, chain.sides[i + 1].node
    assert left is not None
    assert right is not None
    if not context.work.allows(EXCUSE):
        return "too much work"
    if context.defined or not _is_rewriting(chain, i, holds, context, known):
        return "an equation, perhaps"
    if _is_known(left, right, known, context):
        return "an equation stated before"
    return not_stated(chain, 0, 1)


def _is_rewriting(
    chain: Chain, i: int, holds: int, context: Context, known: Sequence[tuple[Node, Node]]
) -> bool:
    """Whether two sides that differ were meant to be the same expression."""
    left, right = chain.sides[i].node, chain.sides[i + 1].node
    assert left is not None
    assert right is not None
    bound = Once(lambda: _is_bound(*both, known, context))
    both = left, right
    if _is_scaled(chain, left, right, context):
        return False
    if (
        (is_unexpanded(left) or is_unexpanded(right))
        and not _ENDS.search(chain.sentence + chain.behind)
        and not bound()
        and differ_by_number(*inside(left, right), context)
    ):
        return True
    alone = len(chain.sides[i].facts.names) == 1 or not (is_rational(left) and is_rational(right))
    if holds and i > 0 and alone and not bound() and grow_alike(left, right, context):
        return True
    if _is_doubled(chain, i, context, known):
        return True
    roots = False
    if (
        isinstance(left, Operation)
        and isinstance(right, Operation)
        and left.name == right.name == "root"
    ):
        left, right = left.parts[0], right.parts[0]  # a distance is the root of a sum of squares
        roots = _MEASURING.search(chain.before[-120:]) is not None
    if not (is_rational(left) and is_rational(right)):
        return False
    rational_sides = left, right
    alike = Once(lambda: lead_alike(*rational_sides, context))
    first = chain.sides[0]
    if i > 0 and (first.node is None or first.name != "") and not bound() and alike():
        return True
    goes_on = len(chain.sides) > i + 2 and not chain.sides[-1].facts.names
    in_chain = len(chain.sides) > 2 and (holds or goes_on)
    if in_chain and not bound() and agree(left, right, context, lacking=2 if holds else 1):
        return True
    said = chain.before[-120:]
    if _is_of_one_expression(chain, i) and not _EQUATING.search(said) and not bound() and alike():
        rewritten = is_unexpanded(left) or is_unexpanded(right)
        if rewritten or agree(left, right, context, lacking=1):
            return True
    product, total = is_product(left), is_product(right)
    expands = product and not total and _EXPANDING.search(said) and not _EQUATING.search(said)
    if expands and (alike() or agree(left, right, context, lacking=MANY, same_lead=False)):
        return True
    # "we expand the equation": a product of sums beside most of the terms that it has
    expands = product and not total and _EXPANDING.search(said) and not _SETS_EQUAL.search(said)
    if expands and agree(left, right, context, lacking=MANY, same_lead=False, at_least=MOST):
        return True
    collects = not product and not total and _COLLECTING.search(said)
    factors = total and not product and _FACTORING.search(said)
    if (collects or factors) and not _EQUATING.search(said) and alike():
        return True
    product, total = is_unexpanded(left), is_unexpanded(right)
    if product == total or _SOLVING.search(said) or _SOLVING.search(chain.behind) or bound():
        return False
    asks = _REWRITING.search(context.problem) and not _SOLVING.search(context.problem)
    several = len(chain.sides[i].facts.names) > 1
    return bool(several or asks or roots or _REWRITING.search(said)) and agree(
        left, right, context, lacking=1 if not asks else 2
    )


def _is_of_one_expression(chain: Chain, i: int) -> bool:
    """Whether three sides or more hold the same unknowns, none alone: nobody solves such a row."""
    names = chain.sides[i].facts.names
    return (
        len(chain.sides) > 2
        and set(chain.relations) == {"="}
        and all(side.computes and side.facts.names == names for side in chain.sides)
    )


def _is_doubled(chain: Chain, i: int, context: Context, known: Sequence[tuple[Node, Node]]) -> bool:
    """Whether a side is the other one times a number, for all values: `sin 2y = sin y cos y`.

    Only where both are zero could that hold, and the text solves nothing, nor did it or the problem
    state such an equation before.
    """
    left, right = chain.sides[i], chain.sides[i + 1]
    if left.node is None or right.node is None or not _FUNCTIONS & left.facts.operations:
        return False
    if not _FUNCTIONS & right.facts.operations:
        return False
    if _SOLVING.search(chain.before[-60:]) or _ENDS.search(chain.behind):
        return False
    if not differ_by_factor(left.node, right.node, context):
        return False
    return not any(differ_by_factor(a, b, context) for a, b in known)


_FUNCTIONS = frozenset({"sin", "cos", "tan", "cot", "sec", "csc", "binom", "factorial"})
_SETS_EQUAL = re.compile(r"both sides|\bequat(?:e|ing)\b|set(?:ting)? .{0,40}equal", re.IGNORECASE)


_ENDS = re.compile(
    r"no (?:real )?(?:solutions?|roots?|values?)|contradict|impossible|inconsistent|never|parallel|"
    r"\bif\b|suppose|assum\w+|\blet\b(?!['’]s|\sus\b)|\bcase\b|\bwhen\b|cannot|\bnot\b|\bmod\b|\b[+]\s?C\b|constant|"
    r"arbitrary|shift|translat",
    re.IGNORECASE,
)
"""Words of an equation that need not hold for any value."""


def _is_scaled(chain: Chain, left: Node, right: Node, context: Context) -> bool:
    """Whether a side of the chain is zero, so that the others may be multiples of each other."""
    if not any(isinstance(s.node, Number) and s.node.value == 0 for s in chain.sides):
        return False
    try:
        for reading in readings_of(context.work, facts(left, right)):
            one, other = rational(left, reading)[0], rational(right, reading)[0]
            if one.keys() == other.keys() and len({Fraction(one[m]) / other[m] for m in one}) == 1:
                return True
    except Undecided:
        return True
    return False


def _is_bound(
    left: Node, right: Node, known: Sequence[tuple[Node, Node]], context: Context
) -> bool:
    """Whether the sides differ by a multiple of what an equation known before sets to zero."""
    here = facts(left, right)
    candidates = [(a, b) for a, b in known if (there := facts(a, b).names) and there <= here.names]
    if not candidates:
        return False
    try:
        for reading in readings_of(context.work, here, *(facts(*pair) for pair in candidates)):
            gap = equation(left, right, reading)
            for a, b in candidates:
                context.work.spend(RULE)
                rule = equation(a, b, reading)
                (unknown, *others) = sorted(facts(a, b).names)
                at = {
                    n: POINTS[k % 4] + k for k, n in enumerate([*others, *(here.names - {unknown})])
                }
                rest = coefficients(put(gap, at), unknown)
                divisor = coefficients(put(rule, at), unknown)
                if rest and divisor and len(divisor) > 1 and divides(divisor, rest):
                    return True
    except Undecided:
        return True
    return False


RULE = 20
"""Operations that a comparison with an equation known before costs, about, beyond its terms."""


def _is_known(
    left: Node, right: Node, known: Sequence[tuple[Node, Node]], context: Context
) -> bool:
    """Whether the sides are those of an equation stated before, or a multiple of it."""
    here = facts(left, right)
    try:
        for reading in readings_of(context.work, here):
            this = equation(left, right, reading)
            for a, b in known:
                there = facts(a, b)
                if there.names != here.names or there.kinds - here.kinds:
                    continue
                that = equation(a, b, reading)
                if this.keys() == that.keys() and len({this[m] * 1 / that[m] for m in this}) == 1:
                    return True
    except Undecided:
        return False
    return False


def identical(left: Node, right: Node, context: Context) -> Verdict:
    """Whether two expressions agree at fixed points, under some reading."""
    both = facts(left, right)
    found = _identical(left, right, both, context, 0)
    if found is Verdict.UNKNOWN and both.operations & COUNTING:
        return _identical(left, right, both, context, HIGHER)
    return found


def _identical(left: Node, right: Node, both: Facts, context: Context, raised: int) -> Verdict:
    names = sorted(both.names - {"i"} if context.imaginary else both.names)
    try:
        for reading in readings_of(context.work, both):
            for shift in range(2):
                at: dict[str, Value] = {
                    n: POINTS[(k + shift) % 4] + k // 4 + raised for k, n in enumerate(names)
                }
                if "i" in both.names and context.imaginary:
                    at["i"] = real().mpc(0, 1)
                x, y = evaluate(left, reading, at), evaluate(right, reading, at)
                if "i" not in both.names and (is_complex(x) or is_complex(y)):
                    return Verdict.UNKNOWN  # outside of where it is defined
                if not same(x, y):
                    break
            else:
                return Verdict.CORRECT
    except Undecided:
        return Verdict.UNKNOWN
    return Verdict.WRONG
