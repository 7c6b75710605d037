"""What an equation of a solution is, and the words around one that make it hold for the moment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from labeler.checking.claims.chains import Chain
from labeler.checking.claims.context import Context
from labeler.checking.claims.decide import readings_of
from labeler.checking.claims.expression import Exact, Number, Symbol
from labeler.checking.claims.points import POINTS
from labeler.checking.claims.sentences import in_sentence
from labeler.checking.claims.sides import Side
from labeler.checking.claims.values import EXACT, evaluate, exact

_AND = re.compile(r"[\s$\\()\[\],;]*(?:and|or)\b", re.IGNORECASE)
"""An equation beside another: what follows may be the solution of either."""
SUPPOSED = re.compile(
    r"\b(?:if|suppos\w+|assum\w+|cases?|when|try\w*|test\w*|let\b(?!['’]s|\sus\b)|or|either|instead|otherwise|would|"
    r"contradict\w*|impossible|guess\w*|example|e\.g|minimum|maximum|boundary|asymptote\w*)\b",
    re.IGNORECASE,
)
"""Words of a sentence whose equations hold for the moment only."""
supposes = in_sentence(SUPPOSED)
_PUT = (
    r"(?:if|when|for|let|at|with)\s+\$?(?:\\\()?\s*\(?[a-zA-Z]\b(?:,\s*[a-zA-Z]\b)*\)?\s*(?:=|is\b)"
)
TRIAL = re.compile(
    r"\b(?:plug\w*|substitut\w*|check\w*|test\w*|try\w*|verif\w*|suppos\w*|put(?:ting)? "
    r"(?:in|back)|"
    rf"trial|candidates?|guess\w*|{_PUT})",
    re.IGNORECASE,
)
"""Words of a number that is put into an equation."""
TRIED = re.compile(
    rf"\b(?:test\w*|try\w*|guess\w*|check\w*|verif\w*|plug\w*|{_PUT})", re.IGNORECASE
)
"""Words of a value that is only tried."""
tries = in_sentence(TRIED)


class Equation(NamedTuple):
    """One relation between two sides that hold unknowns.

    `step` is where it stands (-1 is the problem), `end` where it ends there.
    """

    left: Side
    right: Side
    names: frozenset[str]
    step: int
    end: int = 0
    sentence: str = ""
    before: str = ""

    def __str__(self) -> str:
        return f"{self.left.text} = {self.right.text}"

    @property
    def supposed(self) -> bool:
        """Whether its sentence supposes, tells of a case, or sets it beside another."""
        return bool(supposes(self.sentence) or _AND.match(self.before))

    @property
    def is_assignment(self) -> bool:
        """x = 3, which the next equation need not follow from."""
        return isinstance(self.left.node, Symbol) and not self.right.facts.names


def equations_of(chain: Chain, step: int) -> Iterator[Equation]:
    """The equations of a chain whose sides are expressions."""
    for left, right, relation in zip(chain.sides, chain.sides[1:], chain.relations, strict=False):
        if relation == "=" and left.node is not None and right.node is not None:
            names = left.facts.names | right.facts.names
            if names and not any(
                op[-1] == ")" for op in left.facts.operations | right.facts.operations
            ):
                yield Equation(left, right, names, step, chain.end, chain.sentence, chain.before)


def linear_root(unknown: str, left: Side, right: Side, context: Context) -> Exact | None:
    """Where a linear equation holds; None where it is not linear, or for no or any value."""
    a, b = left.node, right.node
    assert a is not None
    assert b is not None
    if isinstance(a, Symbol) and isinstance(b, Number):
        return b.value
    found = set()
    for reading in readings_of(context.work, left.facts, right.facts):
        gaps = []
        for point in POINTS:
            x, y = evaluate(a, reading, {unknown: point}), evaluate(b, reading, {unknown: point})
            if not (isinstance(x, EXACT) and isinstance(y, EXACT)):
                return None
            gaps.append(Fraction(x - y))
        slope = (gaps[1] - gaps[0]) / (POINTS[1] - POINTS[0])
        if slope == 0 or any(
            gap != gaps[0] + slope * (p - POINTS[0]) for p, gap in zip(POINTS, gaps, strict=True)
        ):
            return None
        found.add(exact(POINTS[0] - gaps[0] / slope))
    return found.pop() if len(found) == 1 else None
