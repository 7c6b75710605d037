"""What two expressions that differ have in common, seen from their values at a few points."""

from __future__ import annotations

import math
from fractions import Fraction

from labeler.checking.claims.context import Context
from labeler.checking.claims.decide import readings_of
from labeler.checking.claims.expression import Node, facts
from labeler.checking.claims.values import Undecided, apply, evaluate, same, size

POINTS = (11, 19, 29, 41)
"""Where identities are evaluated: whole, for speed, and rising, so that binomials exist."""


COUNTING = frozenset({"binom", "factorial"})
HIGHER = 40
"""What is added to the points where binomials and factorials of `n - 17` must exist."""


def differ_by_number(left: Node, right: Node, context: Context) -> bool:
    """Whether the sides differ by the same number for all values: then no value solves them, and
    nobody sets them equal to find one."""
    both = facts(left, right)
    gaps = set()
    try:
        for reading in readings_of(context.work, both):
            for shift in range(3):
                at = {
                    n: POINTS[k % 4] + k // 4 + shift * (k + 3)
                    for k, n in enumerate(sorted(both.names))
                }
                one, other = evaluate(left, reading, at), evaluate(right, reading, at)
                gaps.add(apply("-", [one, other], context.work))
    except (Undecided, TypeError):
        return False
    return len(gaps) == 1 and isinstance(gaps.pop(), int | Fraction)


def differ_by_factor(left: Node, right: Node, context: Context) -> bool:
    """Whether one side is the other times a number, not one, for all values."""
    both = facts(left, right)
    try:
        for reading in readings_of(context.work, both):
            ratios = []
            for shift in range(3):
                at = {
                    n: POINTS[k % 4] + k // 4 + shift * (k + 3)
                    for k, n in enumerate(sorted(both.names))
                }
                one, other = evaluate(left, reading, at), evaluate(right, reading, at)
                ratios.append(apply("/", [one, other], context.work))
            if same(ratios[0], 1) or not all(same(r, ratios[0]) for r in ratios):
                return False
    except (Undecided, TypeError, ZeroDivisionError):
        return False
    return True


def grow_alike(left: Node, right: Node, context: Context) -> bool:
    """Whether both sides grow by the same factor, about, as the unknowns do."""
    both = facts(left, right)
    if "floor" in both.operations or "ceil" in both.operations:
        return False
    counting = bool(both.operations & COUNTING)
    raised, factor = (HIGHER, 2) if counting else (0, 100)
    near = {n: POINTS[k % 4] + raised for k, n in enumerate(sorted(both.names))}
    far = {n: v * factor for n, v in near.items()}
    try:
        for reading in readings_of(context.work, both):
            grown = []
            for node in (left, right):
                x, y = size(evaluate(node, reading, near)), size(evaluate(node, reading, far))
                if not x or not y:
                    return False
                grown.append(math.log(y / x))
            if abs(grown[0] - grown[1]) < 0.7:
                return True
    except (Undecided, TypeError, OverflowError, ValueError):
        return False
    return False


def lead_alike(left: Node, right: Node, context: Context) -> bool:
    """Whether the ratio tends to one as all unknowns grow."""
    both = facts(left, right)
    far = 10**6
    at = {n: POINTS[k % 4] * far + k // 4 for k, n in enumerate(sorted(both.names))}
    try:
        for reading in readings_of(context.work, both):
            x, y = evaluate(left, reading, at), evaluate(right, reading, at)
            gap = apply("-", [x, y], context.work)
            if size(x) and size(y) and size(gap) * 10_000 < size(y):
                return True
    except (Undecided, TypeError):
        return False
    return False
