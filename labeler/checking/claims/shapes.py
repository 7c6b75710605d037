"""What two sides look like as expressions: sums, products, roots, and the terms that they share."""

from __future__ import annotations

from collections.abc import Callable

from labeler.checking.claims.context import Context
from labeler.checking.claims.decide import readings_of
from labeler.checking.claims.expression import Node, Operation, facts, walk
from labeler.checking.claims.polynomials import Polynomial, agreement, degree, rational
from labeler.checking.claims.values import Undecided

MANY = 100
MOST = 4
"""Terms that agree where an equation is no chance any more."""


def agree(
    left: Node,
    right: Node,
    context: Context,
    *,
    lacking: int,
    same_lead: bool = True,
    at_least: int = 1,
) -> bool:
    """Whether the expanded sides agree in at least half of their terms, and all but a few.

    `same_lead`: they must also be of the same degree. `at_least`: terms that are the same.
    """
    try:
        for reading in readings_of(context.work, facts(left), facts(right)):
            one, other = rational(left, reading), rational(right, reading)
            if one[1] != other[1]:
                return False
            same_terms, terms = agreement(one[0], other[0])
            few = terms - same_terms <= lacking and 2 * same_terms >= terms - 1
            if same_terms >= at_least and few and (not same_lead or _same_lead(one[0], other[0])):
                return True
    except Undecided:
        return False
    return False


def _same_lead(left: Polynomial, right: Polynomial) -> bool:
    top = max(map(degree, left), default=0)
    return top > 0 and top == max(map(degree, right), default=0)


def is_rational(node: Node) -> bool:
    """Whether it holds nothing but arithmetic, powers and roots."""
    return all(
        n.name in {"+", "-", "*", "/", "^", "neg", "root"}
        for n in walk(node)
        if isinstance(n, Operation)
    )


def is_product(node: Node) -> bool:
    """A product or power of sums."""
    if isinstance(node, Operation) and node.name in {"*", "^", "neg"}:
        return any(
            isinstance(n, Operation) and n.name in {"+", "-"}
            for part in node.parts
            for n in walk(part)
        )
    return False


def is_unexpanded(node: Node) -> bool:
    """Whether a product or power of sums stands anywhere in it."""
    return any(is_product(n) for n in walk(node))


def inside(left: Node, right: Node) -> tuple[Node, Node]:
    """What stands under two roots of the same degree; the sides themselves where they are none."""
    if (
        isinstance(left, Operation)
        and isinstance(right, Operation)
        and left.name == right.name == "root"
        and left.parts[1] == right.parts[1]
    ):
        return left.parts[0], right.parts[0]
    return left, right


class Once:
    """A condition that is decided when it is asked for, and then known."""

    def __init__(self, condition: Callable[[], bool]) -> None:
        self._condition = condition
        self._known: bool | None = None

    def __call__(self) -> bool:
        if self._known is None:
            self._known = self._condition()
        return self._known
