"""The oracle on text that a real model wrote: what can be decided of each step, and what cannot.

`oracle.grade` reads the embedded policy's lines and judges all of them. Here a step is prose with
equations in it, in any notation that `checking.claims` reads. Each equation is held against the
problem's graph:

- wrong: its arithmetic is; or it puts numbers of the problem, or results, together in a way that no
  node does (a distractor, a wrong operation); or it uses a result that an earlier step got wrong.
- right: one side is the computation of a node (`formulas`) and the arithmetic holds.
- undecided: a number of its own (a conversion, a percentage left), a right value by another way, or
  a part of a longer sum. Such a way may be right or wrong.

A step is wrong if one of its equations is or if it is the last and answers another number; right if
all are right and it says no other number than the problem or the reply so far; neutral if it
computes nothing and says no other number either (restating the problem, an introduction); else
undecided. Values may be
used before a step states them, since prose computes in passing, and repeating is no error.

Words are not judged. What is undecided is to be left out, and counted (`FreeGrade`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from labeler.checking.claims.chains import Chain, find_chains
from labeler.checking.claims.context import context_of
from labeler.checking.claims.decide import decide
from labeler.checking.claims.expression import Number, has_operation, walk
from labeler.checking.claims.sides import Side
from labeler.oracle.formulas import Sum, forms, is_part_of, readings
from labeler.oracle.graph import OracleProblem, operands
from labeler.oracle.oracle import ErrorKind
from labeler.records import Verdict


class Reading(StrEnum):
    """What the oracle makes of a step of free text."""

    RIGHT = "right"
    WRONG = "wrong"
    NEUTRAL = "neutral"
    """Claims nothing beyond what the problem says or what was derived."""
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class StepGrade:
    """`error` where it is wrong, `reason` where it is undecided."""

    reading: Reading
    error: ErrorKind | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FreeGrade:
    """One entry per step; `is_complete`: the last node's value was computed, or answered."""

    steps: tuple[StepGrade, ...]
    is_complete: bool

    @property
    def n_undecided(self) -> int:
        """Steps to be left out."""
        return sum(step.reading is Reading.UNDECIDED for step in self.steps)

    @property
    def first_error(self) -> int | None:
        """0-based place of the first wrong step, -1 if there is none; None where an undecided step
        stands before it, or anywhere if none is wrong, and where the reply ends too early.
        """
        for place, step in enumerate(self.steps):
            if step.reading is Reading.UNDECIDED:
                return None
            if step.reading is Reading.WRONG:
                return place
        return -1 if self.is_complete else None

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Of each step; neutral ones are right, undecided ones unknown."""
        named = {Reading.WRONG: Verdict.WRONG, Reading.UNDECIDED: Verdict.UNKNOWN}
        return tuple(named.get(step.reading, Verdict.CORRECT) for step in self.steps)


def grade_text(problem: OracleProblem, steps: Sequence[str]) -> FreeGrade:
    """Grades the steps of a reply."""
    reader = _Reader(problem)
    last = len(steps) - 1
    grades = tuple(reader.grade(step, is_last=t == last) for t, step in enumerate(steps))
    return FreeGrade(grades, reader.is_complete)


_NUMBER = re.compile(r"(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)?")
_LABEL = re.compile(r"^\W*(?:step\s+)?\d+\s*[.:)]\W*", re.IGNORECASE | re.MULTILINE)
"""The number of a step or of a list's item."""
_OPERATION = re.compile(r"\d\s*(?:[-+*/×÷]|\\times|\\div)\s*\d")
_ANSWER = re.compile(
    r"(?:####|\\boxed\s*\{|answer(?:\s+is)?\s*:?)[\s*$\\(\[]*(-?\d+(?:,\d{3})*)(?![\d.]*\s*[-+*/=])",
    re.IGNORECASE,
)


@dataclass
class _Reader:
    """Reads one reply; `wrong` are results that its steps got wrong so far, `stated` all numbers
    that the problem gives or that stood in a right equation.
    """

    problem: OracleProblem
    wrong: set[Fraction] = field(default_factory=set)
    stated: set[Fraction] = field(default_factory=set)
    is_complete: bool = False

    def __post_init__(self) -> None:
        nodes, values = self.problem.nodes, self.problem.values()
        given = [int(text.replace(",", "")) for text in _NUMBER.findall(self.problem.problem.text)
                 if "." not in text]  # fmt: skip
        used = [o for n in nodes for o in (n.left, n.right) if isinstance(o, int)]
        self.last = values[-1]
        self.results = {Fraction(value) for value in values}
        self.stated |= {Fraction(v) for v in (*given, *used, *self.problem.stray)}
        self.known = self.results | self.stated
        self.forms: list[frozenset[Sum]] = [forms(node, nodes, values) for node in nodes]

    def grade(self, step: str, *, is_last: bool) -> StepGrade:
        chains = find_chains(step)
        found = [grade for chain in chains for grade in self._chain(chain)]
        answer = _ANSWER.findall(step) if is_last else []
        answers = [int(text.replace(",", "")) for text in answer]
        if answers and answers[-1] != self.last:
            found.append(_wrong(ErrorKind.WRONG_ANSWER))
        elif answers:
            self.is_complete = True
            found.append(StepGrade(Reading.RIGHT))
        for reading in (Reading.WRONG, Reading.UNDECIDED):
            for grade in found:
                if grade.reading is reading:
                    return grade
        if not found and _OPERATION.search(_LABEL.sub("", step)):
            return _undecided("computes without an equation")
        if found:
            self.stated |= {n for c in chains for side in c.sides for n in _literals(side)}
        said = {Fraction(t.replace(",", "")) for t in _NUMBER.findall(_LABEL.sub("", step))}
        if strange := said - self.stated - ({Fraction(self.last)} if answers else set()):
            return _undecided(f"says {min(strange)} without an equation")
        return StepGrade(Reading.RIGHT if found else Reading.NEUTRAL)

    def _chain(self, chain: Chain) -> Iterator[StepGrade]:
        """Of each equation in a chain."""
        links = list(decide(chain, context_of(self.problem.problem.text)))
        if not links and any(_computes(side) for side in chain.sides):
            yield _undecided("computes without a value")
        for link in links:
            computed = [s for s in (link.left, link.right) if _computes(s)]
            if not computed:
                continue
            if link.verdict is Verdict.WRONG:
                self.wrong |= set(_literals(link.right)) - self.known
                yield _wrong(self._error_of(link.left) or ErrorKind.ARITHMETIC_SLIP)
            elif link.verdict is Verdict.UNKNOWN:
                yield _undecided(link.reason)
            else:
                yield from (self._computation(side, chain) for side in computed)
        if links and any(s.node is None and s.text and not s.name for s in chain.sides):
            yield _undecided("an equation that does not read")

    def _computation(self, side: Side, chain: Chain) -> StepGrade:
        """Of a side whose arithmetic holds."""
        means = readings(side.node) if side.node is not None else frozenset()
        if any(means & one for one in self.forms):
            self.is_complete |= bool(means & self.forms[-1])
            return StepGrade(Reading.RIGHT)
        results = {n for s in chain.sides if not _computes(s) for n in _literals(s)}
        if set(_literals(side)) & self.wrong:
            self.wrong |= results - self.known
            return _wrong(ErrorKind.WRONG_OPERAND)
        if strange := set(_literals(side)) - self.known:
            return _undecided(f"a number of its own: {min(strange)}")
        if results & self.results:
            return _undecided("a right value by another way")
        if any(is_part_of(one, whole) for one in means for f in self.forms for whole in f):
            return _undecided("a part of a longer sum")
        self.wrong |= results - self.known
        return _wrong(self._error_of(side) or ErrorKind.WRONG_OPERAND)

    def _error_of(self, side: Side) -> ErrorKind | None:
        """What is wrong about a computation that is no node's, if it is the operation alone."""
        nodes, values = self.problem.nodes, self.problem.values()
        if side.node is None or any(readings(side.node) & one for one in self.forms):
            return None
        literals = sorted(_literals(side))
        for node in nodes:
            if sorted(map(Fraction, operands(node, values))) == literals:
                return ErrorKind.WRONG_OPERATOR
        return None


def _computes(side: Side) -> bool:
    return side.node is not None and has_operation(side.node)


def _literals(side: Side) -> list[Fraction]:
    if side.node is None:
        return []
    return [Fraction(node.value) for node in walk(side.node) if isinstance(node, Number)]


def _wrong(kind: ErrorKind) -> StepGrade:
    return StepGrade(Reading.WRONG, kind)


def _undecided(reason: str) -> StepGrade:
    return StepGrade(Reading.UNDECIDED, reason=reason)
