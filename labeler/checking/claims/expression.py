"""What a side of a claim means: a tree of numbers, symbols, operations and open readings.

Text is ambiguous (is `2\\frac{1}{2}` a mixed number or a product, is `25%` a quarter or 25?). An
`Either` keeps both readings; a claim is false only where every reading of it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Number:
    """A literal. With `decimals` places behind its point it may have been rounded."""

    value: Fraction
    decimals: int = 0


@dataclass(frozen=True, slots=True)
class Symbol:
    """A letter with its subscript; `pi` has its value, `i` and `e` may have theirs."""

    name: str


@dataclass(frozen=True, slots=True)
class Operation:
    """`name` applied to `parts`: one of + - * / ^ neg, or a function of `values`."""

    name: str
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Two readings; within one claim every `Either` of the same kind is read the same way."""

    kind: str
    readings: tuple[Node, Node]


Node = Number | Symbol | Operation | Either


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, each once: readings share their parts."""
    stack, seen = [node], set[int]()
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, Operation):
            stack.extend(node.parts)
        elif isinstance(node, Either):
            stack.extend(node.readings)


def symbols(node: Node) -> frozenset[str]:
    """Names of the unknowns; pi is none."""
    names = {n.name for n in walk(node) if isinstance(n, Symbol)}
    return frozenset(names - {"pi"})


def leftmost(node: Node) -> Node:
    """The first literal or symbol as one reads."""
    while not isinstance(node, Number | Symbol):
        node = node.parts[0] if isinstance(node, Operation) else node.readings[0]
    return node


def has_operation(node: Node) -> bool:
    """Whether there is anything to compute beyond a literal, its sign or its unit."""
    if isinstance(node, Either):
        return node.kind != "percent" or has_operation(node.readings[1])
    return isinstance(node, Operation) and node.name != "neg"
