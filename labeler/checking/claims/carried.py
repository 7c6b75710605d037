"""Values that are carried from step to step: `A = ... = -41` here, `A * B = -41 * 188` there.

A name has the last value of the chain that begins with it. One that is given another value later
has none any more: it may stand for two things, or be a case to try.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from labeler.checking.claims.chains import Chain
from labeler.checking.claims.decide import Link, numeric_link, readings_of, show
from labeler.checking.claims.expression import (
    Either,
    Node,
    Number,
    Operation,
    Symbol,
    has_operation,
    symbols,
)
from labeler.checking.claims.values import Undecided, Value, evaluate
from labeler.records import Verdict

_HYPOTHESIS = re.compile(
    r"\b(?:if|suppose|assum\w+|case|when|try\w*|test\w*|let|or|substitut\w+|would|instead|say|"
    r"plug\w*|put\w*|for|at|choose|take)\b",
    re.IGNORECASE,
)
"""Words of a sentence in which a name may have a value for the moment."""


def values_of(chain: Chain) -> Iterator[tuple[str, Value]]:
    """Name and value of each side that says what a name is, under every reading."""
    name = chain.sides[0].name
    for side in chain.sides[1:]:
        if name and side.node is not None and not symbols(side.node):
            try:
                for readings in readings_of(side.node):
                    yield name, evaluate(side.node, readings, {})
            except Undecided:
                continue


class Carried:
    """What names stand for so far."""

    def __init__(self) -> None:
        self._values: dict[str, Fraction | None] = {}

    def note(self, chain: Chain) -> None:
        """Learns what the chain gives a value to."""
        first, last = chain.sides[0], chain.sides[-1]
        if not isinstance(first.node, Symbol) or set(chain.relations) != {"="}:
            return
        value: Fraction | None = None
        if last.node is not None and not symbols(last.node) and not last.units:
            found = {v for name, v in values_of(replace(chain, sides=(first, last)))}
            if len(found) == 1 and not _HYPOTHESIS.search(chain.sentence):
                only = found.pop()
                value = only if isinstance(only, Fraction) else None
        name = first.node.name
        known = name not in self._values or self._values[name] == value
        self._values[name] = value if known else None

    def check(self, chain: Chain) -> Iterator[Link]:
        """Links between a side with carried names and the numbers put in their place."""
        if _HYPOTHESIS.search(chain.sentence):
            return
        for left, right, relation in zip(
            chain.sides, chain.sides[1:], chain.relations, strict=False
        ):
            if left.node is None or right.node is None or relation != "=":
                continue
            if symbols(right.node) or not has_operation(left.node) or not symbols(left.node):
                continue
            if not has_operation(right.node):  # an equation to be solved, x - 4 = 11
                continue
            filled = self._filled(left.node)
            if filled is not None:
                link = numeric_link(replace(left, node=filled), right, relation)
                names = ", ".join(
                    f"{n} = {show(self._values[n])}" for n in sorted(symbols(left.node))
                )
                if link.verdict is Verdict.WRONG:
                    link = replace(link, shown=f"with {names}: {link.shown}")
                yield link

    def _filled(self, node: Node) -> Node | None:
        """The expression with values for names; None where a name has none."""
        match node:
            case Symbol("pi") | Number():
                return node
            case Symbol(name):
                value = self._values.get(name)
                return None if value is None else Number(value)
            case Operation(name, parts):
                filled = [self._filled(part) for part in parts]
                known = tuple(part for part in filled if part is not None)
                return Operation(name, known) if len(known) == len(filled) else None
            case Either(kind, (first, second)):
                one, two = self._filled(first), self._filled(second)
                return None if one is None or two is None else Either(kind, (one, two))
