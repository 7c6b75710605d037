"""Values that are carried from step to step: `A = ... = -41` here, `A * B = -41 * 188` there.

A name has the last value of the chain that begins with it. One that is given another value later
has none any more: it may stand for two things, or be a case to try. A claim is made where numbers
are put into the places of names: both sides have the same shape.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from labeler.checking.claims.chains import Chain
from labeler.checking.claims.context import Context
from labeler.checking.claims.decide import Kind, Link, readings_of, show
from labeler.checking.claims.excuses import not_stated
from labeler.checking.claims.expression import Either, Exact, Node, Number, Operation, Symbol
from labeler.checking.claims.values import EXACT, Undecided, Value, evaluate
from labeler.records import Verdict

_HYPOTHESIS = re.compile(
    r"\b(?:if|suppose|assum\w+|cases?|when|try\w*|test\w*|let|or|substitut\w+|would|instead|say|"
    r"plug\w*|put\w*|for|at|choose|take|next|other|another|second|new)\b",
    re.IGNORECASE,
)
"""Words of a sentence in which a name may have a value for the moment."""
DROPPED = re.compile(
    r"\b(?:however|but|wait|actually|no,|instead|reject\w*|discard\w*|extraneous|not (?:valid|possible|"
    r"allowed)|invalid|case|otherwise|another|other (?:value|case|solution|root)|next equation)\b",
    re.IGNORECASE,
)
"""Words of a step after which a value found before may be of a dropped attempt or another case."""


def values_of(chain: Chain, context: Context) -> Iterator[tuple[str, Value]]:
    """Name and value of each side that says what a name is, under every reading."""
    name = chain.sides[0].name
    if not name:
        return
    for side in chain.sides[1:]:
        if side.node is not None and not side.facts.names:
            try:
                for reading in readings_of(context.work, side.facts):
                    yield name, evaluate(side.node, reading, {})
            except Undecided:
                continue


class Carried:
    """What names stand for so far."""

    def __init__(self) -> None:
        self._values: dict[str, Exact | None] = {}

    def forget(self) -> None:
        """Values found so far may be those of a dropped attempt."""
        self._values = dict.fromkeys(self._values)

    def note(self, chain: Chain, found: list[tuple[str, Value]]) -> None:
        """Learns what the chain gives a value to; `found` are its `values_of`."""
        first, last = chain.sides[0], chain.sides[-1]
        if not isinstance(first.node, Symbol) or set(chain.relations) != {"="}:
            return
        value: Exact | None = None
        if last.node is not None and not last.facts.names and not last.units and found:
            only = found[-1][1]
            if not last.facts.kinds and not _HYPOTHESIS.search(chain.sentence):
                value = only if isinstance(only, EXACT) else None
        name = first.node.name
        known = name not in self._values or self._values[name] == value
        self._values[name] = value if known else None

    def check(self, chain: Chain) -> Iterator[Link]:
        """Links between a side with carried names and the numbers put in their place."""
        if not self._values or _HYPOTHESIS.search(chain.sentence):
            return
        for left, right, relation in zip(
            chain.sides, chain.sides[1:], chain.relations, strict=False
        ):
            if left.node is None or right.node is None or relation != "=":
                continue
            if right.facts.names or not left.facts.names or not left.computes:
                continue
            if not right.computes:  # an equation to be solved, x - 4 = 11
                continue
            put = dict(_put_in(left.node, right.node, left.facts.names))
            if set(put) != left.facts.names:
                continue
            yield from self._compare(left.facts.names, put, chain)

    def _compare(
        self, names: frozenset[str], put: dict[str, Exact], chain: Chain
    ) -> Iterator[Link]:
        known = {n: self._values.get(n) for n in names}
        off = [n for n, value in sorted(known.items()) if value is not None and value != put[n]]
        sides = chain.sides
        if not off:
            return
        # A sign may have been lost on the way, or the number rounded: only a plain misuse counts.
        if any(abs(put[n]) == abs(known[n] or 0) for n in off) and len(names) == 1:
            return
        if said := not_stated(chain, 0, 1):
            yield Link(sides[0], sides[1], Verdict.UNKNOWN, said, kind=Kind.CARRIED)
            return
        shown = ", ".join(f"{n} = {show(known[n])}, not {show(put[n])}" for n in off)
        yield Link(sides[0], sides[1], Verdict.WRONG, shown=shown, kind=Kind.CARRIED)


def _put_in(left: Node, right: Node, names: frozenset[str]) -> Iterator[tuple[str, Exact]]:
    """Names of one tree and the numbers in their places in another of the same shape."""
    match left, right:
        case Symbol(name=name), Number(value=value) if name in names:
            yield name, value
        case Symbol(name=name), Operation(name="neg", parts=(Number(value=value),)):
            yield name, -value
        case Operation(name=one, parts=parts), Operation(name=other, parts=others):
            if one == other and len(parts) == len(others):
                for part, there in zip(parts, others, strict=True):
                    yield from _put_in(part, there, names)
        case Either(kind=kind, readings=(first, _)), Either(kind=there, readings=(second, _)):
            if kind == there:
                yield from _put_in(first, second, names)
        case _:
            return
