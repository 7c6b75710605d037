"""What factors in a row mean: from left to right, and the other readings that people give them."""

from __future__ import annotations

from fractions import Fraction

from labeler.checking.claims.expression import Either, Node, Number, Operation, make_node, walk
from labeler.checking.claims.values import exact


def product(factors: list[Node], signs: list[str], tight: list[bool]) -> Node:
    """Factors from left to right, and where that is open, 1/2x or 3 / 1/4, the other way too."""
    plain = _fold(factors, signs)
    slashes = signs.count("/")
    if not slashes or (slashes == 1 and not _is_open(factors, signs)):
        return plain
    if slashes > 1 and not any(tight):  # 14 / 1 / 4
        tight = [i > signs.index("/") for i in range(len(signs))]
    elif all(tight) and "" not in signs:
        tight = [i != signs.index("/") for i in range(len(signs))]
    elif all(tight) or (slashes == 1 and "" not in signs):
        tight = [sign != "/" for sign in signs]
    groups = [[factors[0]]]
    outer: list[str] = []
    inner: list[list[str]] = [[]]
    for factor, sign, joins in zip(factors[1:], signs, tight, strict=True):
        if joins:
            groups[-1].append(factor)
            inner[-1].append(sign)
        else:
            groups.append([factor])
            inner.append([])
            outer.append(sign)
    grouped = _fold([_fold(g, s) for g, s in zip(groups, inner, strict=True)], outer)
    return plain if grouped == plain else Either("slash", (plain, grouped))


def _is_open(factors: list[Node], signs: list[str]) -> bool:
    """Whether what follows the only slash may belong to the divisor: 1/2x, 9!/3! * 6!."""
    at = signs.index("/")
    if "" in signs[at + 1 :]:
        return True
    # 6 / 3 x 10^8: scientific notation is one number
    if any(
        _is_power_of_ten(f) and s == "*"
        for f, s in zip(factors[at + 2 :], signs[at + 1 :], strict=True)
    ):
        return True
    return "*" in signs[at + 1 :] and any(
        isinstance(n, Operation) and n.name == "factorial" for n in walk(factors[at + 1])
    )


def _is_power_of_ten(node: Node) -> bool:
    if isinstance(node, Operation) and node.name == "neg":
        node = node.parts[0]
    return (
        isinstance(node, Operation)
        and node.name == "^"
        and isinstance(node.parts[0], Number)
        and node.parts[0].value == 10
    )


def _fold(factors: list[Node], signs: list[str]) -> Node:
    node = factors[0]
    for factor, sign in zip(factors[1:], signs, strict=True):
        node = make_node(Operation, (sign or "*", (node, factor)))
    return node


def literal(text: str) -> Number:
    """A number as it is written, exactly, with its count of decimals."""
    if text.isdecimal():
        return make_node(Number, (int(text), 0))
    whole, _, digits = text.partition(".")
    if not digits:
        return Number(int(whole))
    return Number(exact(Fraction(int(whole + digits), 10 ** len(digits))), len(digits))


def percent(node: Node) -> Node:
    """`15%` is 0.15, or 15 where the other side means per cent too."""
    hundredth = Operation("/", (node, Number(100)))
    return Either("percent", (hundredth, node))


def is_share(node: Node) -> bool:
    """What "of" may follow: a percentage or a fraction."""
    if isinstance(node, Either):
        return node.kind == "percent"
    return isinstance(node, Operation) and node.name == "/"
