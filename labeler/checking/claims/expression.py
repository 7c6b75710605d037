"""What a side of a claim means: a tree of numbers, symbols, operations and open readings.

Text is ambiguous (is `2\\frac{1}{2}` a mixed number or a product, is `25%` a quarter or 25?). An
`Either` keeps both readings; a claim is false only where every reading of it is. Nodes are named
tuples, for one solution makes thousands; what is asked of a tree again and again is gathered once,
as `Facts`.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

Exact = int | Fraction
"""A rational number: an int where it is whole, for ints are many times as fast."""


class Number(NamedTuple):
    """A literal. With `decimals` places behind its point it may have been rounded."""

    value: Exact
    decimals: int = 0


class Symbol(NamedTuple):
    """A letter with its subscript; `pi` has its value, `i` and `e` may have theirs."""

    name: str


class Operation(NamedTuple):
    """`name` applied to `parts`: one of + - * / ^ neg, or a function of `values`."""

    name: str
    parts: tuple[Node, ...]


class Either(NamedTuple):
    """Two readings; within one claim every `Either` of the same kind is read the same way."""

    kind: str
    readings: tuple[Node, Node]


Node = Number | Symbol | Operation | Either


make_node = tuple.__new__
"""`make_node(Symbol, (name,))` takes a third of the time that `Symbol(name)` does."""


class Facts(NamedTuple):
    """Of one tree. `names`: its unknowns (pi is none); `kinds`: what is ambiguous in it.

    `operations`: names of all its operations; `decimals`: literals with digits behind the point.
    """

    names: frozenset[str]
    kinds: frozenset[str]
    operations: frozenset[str]
    decimals: tuple[Number, ...]


_NONE: frozenset[str] = frozenset()
_PLAIN = Facts(_NONE, _NONE, _NONE, ())


@lru_cache(maxsize=256)
def _of_symbol(name: str) -> Facts:
    return _PLAIN if name == "pi" else Facts(frozenset({name}), _NONE, _NONE, ())


def facts(*nodes: Node) -> Facts:
    """What `Facts` says, of all these trees together; one walk."""
    if len(nodes) == 1:
        only = nodes[0]
        if type(only) is Symbol:
            return _of_symbol(only.name)
        if type(only) is Number and not only.decimals:
            return _PLAIN
    names: set[str] = set()
    kinds: set[str] = set()
    operations: set[str] = set()
    decimals: list[Number] = []
    seen: set[int] = set()
    stack = list(nodes)
    while stack:
        node = stack.pop()
        if type(node) is Number:
            if node.decimals:
                decimals.append(node)
        elif type(node) is Symbol:
            names.add(node.name)
        elif id(node) in seen:  # readings share their parts
            continue
        elif type(node) is Operation:
            seen.add(id(node))
            operations.add(node.name)
            stack += node.parts
        elif type(node) is Either:
            seen.add(id(node))
            kinds.add(node.kind)
            stack += node.readings
    names.discard("pi")
    of_names = frozenset(names)
    of_kinds, all_operations = frozenset(kinds) if kinds else _NONE, frozenset(operations)
    return make_node(Facts, (of_names, of_kinds, all_operations, tuple(decimals)))


def walk(*nodes: Node) -> Iterator[Node]:
    """The nodes and everything below them, each once: readings share their parts."""
    stack = list(nodes)
    seen: set[int] = set()
    while stack:
        node = stack.pop()
        if type(node) is Operation:
            if id(node) in seen:
                continue
            seen.add(id(node))
            stack.extend(node.parts)
        elif type(node) is Either:
            if id(node) in seen:
                continue
            seen.add(id(node))
            stack.extend(node.readings)
        yield node


def symbols(node: Node) -> frozenset[str]:
    """Names of the unknowns; pi is none."""
    return facts(node).names


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
