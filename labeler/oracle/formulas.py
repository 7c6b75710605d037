"""Whether an expression is the computation of a node, however it is written.

`forms` gives every way to write a node's computation with the values of earlier nodes or with their
own computations in their place: `45 + 21 - 6` and `45 + 3 * 7 - 6` for three nodes. Order of sums
and of products does not matter, nor do brackets that change nothing; a percentage may be written
`80 * 25 / 100`, `0.25 * 80`, `25% * 80` or `80 / 4`.

Not covered: algebra beyond that. `80 * 0.75` for what is left of 80 after a quarter is no form.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import reduce
from itertools import islice, product
from typing import TypeAlias

from labeler.checking.claims.expression import Either, Number, Operation
from labeler.checking.claims.expression import Node as Expression
from labeler.oracle.graph import Node, Result

Sum: TypeAlias = tuple["Term", ...]
"""Sorted terms; equal sums are equal tuples."""
Term: TypeAlias = tuple[int, tuple["Factor", ...], tuple["Factor", ...]]
"""Sign, factors above and below the line, sorted."""
Factor: TypeAlias = "int | Sum"

MOST_FORMS = 2000
"""Of one node, so that long chains of sums stay cheap."""


def number(value: Fraction | int) -> Sum:
    """A literal; a decimal is a fraction."""
    value = Fraction(value)
    sign = -1 if value < 0 else 1
    return ((sign, _factors(abs(value.numerator)), _factors(value.denominator)),)


def forms(node: Node, nodes: tuple[Node, ...], values: tuple[int, ...]) -> frozenset[Sum]:
    """All ways to write a node's computation."""
    lefts, rights = (
        [number(_value(operand, values)), *_expanded(operand, nodes, values)]
        for operand in (node.left, node.right)
    )
    written = (w for a, b in product(lefts, rights) for w in _apply(node.operator, a, b))
    return frozenset(islice(written, MOST_FORMS))


def readings(expression: Expression) -> frozenset[Sum]:
    """What an expression may mean; none where it holds more than the four operations."""
    return frozenset(_read(expression))


def is_part_of(some: Sum, whole: Sum) -> bool:
    """Are these terms among those of a longer sum, all as they are or all with the other sign?"""
    return len(some) < len(whole) and any(
        all(one.count(term) <= whole.count(term) for term in one) for one in (some, _negated(some))
    )


def _value(operand: int | Result, values: tuple[int, ...]) -> int:
    return values[operand.node] if isinstance(operand, Result) else operand


def _expanded(
    operand: int | Result, nodes: tuple[Node, ...], values: tuple[int, ...]
) -> Iterator[Sum]:
    if isinstance(operand, Result):
        yield from sorted(forms(nodes[operand.node], nodes, values), key=repr)


def _apply(operator: str, a: Sum, b: Sum) -> Iterator[Sum]:
    match operator:
        case "+":
            yield _added(a, b)
        case "-":
            yield _added(a, _negated(b))
        case "*":
            yield _times(a, b)
        case "/":
            yield _over(a, b)
        case "%":
            yield _over(_times(a, b), number(100))
            if len(b) == 1 and len(b[0][1]) == 1 and isinstance(b[0][1][0], int):
                yield _times(a, number(Fraction(b[0][1][0], 100)))


def _read(expression: Expression) -> list[Sum]:
    if isinstance(expression, Number):
        return [number(expression.value)]
    if isinstance(expression, Either):
        return [r for reading in expression.readings for r in _read(reading)]
    if not isinstance(expression, Operation):
        return []
    parts = [_read(part) for part in expression.parts]
    combine = {"+": _added, "*": _times, "/": _over, "-": lambda a, b: _added(a, _negated(b))}
    if expression.name == "neg":
        return [_negated(one) for one in parts[0]]
    if expression.name not in combine:
        return []
    step = combine[expression.name]
    return [reduce(step, chosen) for chosen in islice(product(*parts), MOST_FORMS)]


def _sorted(parts: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(sorted(parts, key=repr))


def _factors(value: int) -> tuple[int, ...]:
    return () if value == 1 else (value,)


def _added(a: Sum, b: Sum) -> Sum:
    return _sorted((*a, *b))  # type: ignore[return-value]


def _negated(a: Sum) -> Sum:
    return _sorted(tuple((-sign, above, below) for sign, above, below in a))  # type: ignore[return-value]


def _term(a: Sum) -> Term:
    return a[0] if len(a) == 1 else (1, (a,), ())


def _times(a: Sum, b: Sum) -> Sum:
    (s, above, below), (t, more, less) = _term(a), _term(b)
    return ((s * t, _sorted((*above, *more)), _sorted((*below, *less))),)  # type: ignore[return-value]


def _over(a: Sum, b: Sum) -> Sum:
    sign, above, below = _term(b)
    return _times(a, ((sign, below, above),))
