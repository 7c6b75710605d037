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
from labeler.checking.claims.expression import Exact, Node, Number, Operation, Symbol, facts
from labeler.checking.claims.sentences import in_sentence
from labeler.checking.claims.values import EXACT, Reading, Undecided, Value, Work, evaluate, same
from labeler.records import Verdict

_HYPOTHESIS = re.compile(
    r"\b(?:if|suppose|assum\w+|cases?|when|try\w*|test\w*|let\b(?!['’]s|\sus\b)|or|substitut\w+|would|instead|say|"
    r"plug\w*|put\w*|for|at|choose|take|next|other|another|second|new)\b",
    re.IGNORECASE,
)
"""Words of a sentence in which a name may have a value for the moment."""
DOUBTED = re.compile(
    r"\b(?:however|but|instead|reject\w*|discard\w*|extraneous|not (?:valid|possible|allowed)|"
    r"invalid)\b",
    re.IGNORECASE,
)
"""Words after which the values found in this step may be of a dropped attempt."""
DROPPED = re.compile(
    r"\b(?:wait|actually|no,|cases?|otherwise|another|other (?:value|case|solution|root|possib\w+)|"
    r"next equation|start over|redo|re-?evaluate|mistake|error|incorrect)\b",
    re.IGNORECASE,
)
"""Words after which any value found so far may be of a dropped attempt or of another case."""

_hypothesis = in_sentence(_HYPOTHESIS)
_DOUBTING = (
    "however", "but", "instead", "reject", "discard", "extraneous", "not ", "invalid", "wait",
    "actually", "no,", "case", "otherwise", "another", "other ", "next equation", "start over",
    "redo", "evaluate", "mistake", "error", "incorrect",
)  # fmt: skip


def may_drop(low: str) -> bool:
    """Whether a word of DOUBTED or DROPPED may stand in a text, which is in small letters."""
    return any(word in low for word in _DOUBTING)


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
        self._fresh: set[str] = set()

    def end_plain_step(self) -> None:
        """Ends a step of which it is known that it makes nothing doubtful."""
        self._fresh = set()

    def end_step(self, step: str) -> None:
        """Drops the values that what the step says makes doubtful."""
        if all(value is None for value in self._values.values()):
            return
        if DROPPED.search(step):
            self._values = dict.fromkeys(self._values)
        elif self._fresh and DOUBTED.search(step):
            self._values |= dict.fromkeys(self._fresh)
        self._fresh = set()

    def note(self, chain: Chain, found: list[tuple[str, Value]]) -> None:
        """Learns what the chain gives a value to; `found` are its `values_of`."""
        first, last = chain.sides[0], chain.sides[-1]
        if not isinstance(first.node, Symbol) or set(chain.relations) != {"="}:
            return
        value: Exact | None = None
        if last.node is not None and not last.facts.names and not last.units and found:
            only = found[-1][1]
            if not last.facts.kinds and not _hypothesis(chain.sentence):
                value = only if isinstance(only, EXACT) else None
        name = first.node.name
        known = name not in self._values or self._values[name] == value
        self._values[name] = value if known else None
        self._fresh.add(name)

    def check(self, chain: Chain) -> Iterator[Link]:
        """Links between a side with carried names and the numbers put in their place."""
        if not self._values:
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
            link = self._misused(left.node, right.node, left.facts.names, chain)
            if link is not None:
                yield link

    def _misused(self, left: Node, right: Node, names: frozenset[str], chain: Chain) -> Link | None:
        """A claim in which numbers stand for names, but not those that the names have."""
        known = {n: v for n in names if (v := self._values.get(n)) is not None}
        if not known or _hypothesis(chain.sentence):
            return None
        put = put_in(left, right)
        if put is not None and put.keys() == names:
            off = [n for n in sorted(known) if known[n] != put[n]]
            if not off or (isinstance(left, Operation) and left.name == "/"):  # a ratio, reduced
                return None
            if len(known) < len(names) and any(known[n] in put.values() for n in off):
                return None  # the numbers may stand in another order
            shown = ", ".join(f"{n} = {show(known[n])}, not {show(put[n])}" for n in off)
        elif len(known) == len(names) and _same_terms(left, right, known):
            shown = "with " + ", ".join(f"{n} = {show(known[n])}" for n in sorted(known))
        else:
            return None
        if len(known) == len(names) and _equal(left, right, known):
            return None
        verdict, said = Verdict.WRONG, not_stated(chain, 0, 1)
        if said:
            verdict, shown = Verdict.UNKNOWN, ""
        first, last = chain.sides[0], chain.sides[1]
        return Link(first, last, verdict, said, shown, kind=Kind.CARRIED)


def _equal(left: Node, right: Node, known: dict[str, Exact]) -> bool:
    """Whether the sides agree with the known values; True where that has no answer."""
    try:
        reading = Reading(dict.fromkeys(facts(left, right).kinds, 0), Work(2_000))
        return same(evaluate(left, reading, known), evaluate(right, reading, known))
    except Undecided:
        return True


def _same_terms(left: Node, right: Node, known: dict[str, Exact]) -> bool:
    """Whether both are sums of as many terms, of which all but one agree: numbers were put in."""
    ours, theirs = list(_terms(left)), list(_terms(right))
    if len(ours) != len(theirs) or len(ours) < 2 or facts(left, right).kinds:
        return False
    reading = Reading({}, Work(2_000))
    try:
        values = [evaluate(term, reading, known) for term in ours]
        others = [evaluate(term, reading, {}) for term in theirs]
    except Undecided:
        return False
    return len(ours) - 1 == sum(bool(same(a, b)) for a, b in zip(values, others, strict=True))


def _terms(node: Node) -> Iterator[Node]:
    if isinstance(node, Operation) and node.name in {"+", "-"}:
        yield from _terms(node.parts[0])
        last = node.parts[1]
        yield last if node.name == "+" else Operation("neg", (last,))
    else:
        yield node


def put_in(left: Node, right: Node) -> dict[str, Exact] | None:
    """What stands in the places of names in a tree of the same shape; None for other shapes."""
    found: dict[str, Exact] = {}
    return found if _match(left, right, found) else None


def _match(left: Node, right: Node, found: dict[str, Exact]) -> bool:
    match left, right:
        case Symbol(name=name), Number(value=value):
            return found.setdefault(name, value) == value
        case Symbol(name=name), Operation(name="neg", parts=(Number(value=value),)):
            return found.setdefault(name, -value) == -value
        case Number(value=one), Number(value=other):
            return one == other
        case Operation(name=one, parts=parts), Operation(name=other, parts=others):
            return (
                one == other
                and len(parts) == len(others)
                and all(_match(a, b, found) for a, b in zip(parts, others, strict=True))
            )
        case _:
            return False
