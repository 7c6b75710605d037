"""Answers that contradict the value derived just before them: `... = 45. The answer is 54.`

Only where nothing but words stands between the value and the answer, and the answer is a number
that neither the problem nor the solution held before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

from labeler.checking.claims.chains import Chain
from labeler.checking.claims.decide import Kind, Link, claim, show
from labeler.checking.claims.expression import Number
from labeler.checking.claims.numbers import is_rounded
from labeler.records import Verdict

_ANSWER = re.compile(
    r"(?:####|\bthe (?:final )?answer is:?)\s*\$?(?:\\\$)?(-?\d[\d,]*(?:\.\d+)?)(?![\d/^"
    r"\\]|\s*[-+*/x×^\\]|\s*%)",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![\d.])\d[\d,]*(?:\.\d+)?")
_HEDGE = re.compile(
    r"\b(?:round|approx|about|or|if|but|however|each|minus|plus|left|remain|convert|percent|half|"
    r"twice|double|not|nearest|base|mod|remainder|digit|sum|product|option|choice)\w*",
    re.IGNORECASE,
)


class NumbersSoFar:
    """The numbers in a problem and the steps behind it, read when they are asked for, each once."""

    def __init__(self, problem: str) -> None:
        self._texts = [problem]
        self._numbers: set[Fraction] = set()

    def note(self, step: str) -> None:
        self._texts.append(step)

    def __contains__(self, number: Fraction) -> bool:
        while self._texts:
            self._numbers |= numbers_in(self._texts.pop())
        return number in self._numbers


def numbers_in(text: str) -> set[Fraction]:
    """The numerals of a text."""
    return {Fraction(n.replace(",", "").rstrip(".")) for n in _NUMBER.findall(text)}


def contradicted(earlier: NumbersSoFar, step: str, chains: Sequence[Chain]) -> Iterator[Link]:
    """The answer of a step that is not the value derived before it."""
    match = _ANSWER.search(step, chains[-1].end)
    if match is None:
        return
    chain = chains[-1]
    last = chain.sides[-1]
    between = step[chain.end : match.start()]
    if not isinstance(last.node, Number) or set(chain.relations) != {"="}:
        return
    if (
        re.search(r"\d", between)
        or _HEDGE.search(between)
        or len(between) > 200
        or "%" in last.units
    ):
        return
    answer, value = Fraction(match[1].replace(",", "").rstrip(".")), Fraction(last.node.value)
    if answer == value:
        yield claim(match[0], Verdict.CORRECT, Kind.ANSWER)
        return
    if is_rounded(value, match[1].lstrip("-")) or answer in (-value, value * 100, value / 100):
        return
    if abs(answer) in earlier or abs(answer) in numbers_in(step[: match.start()]):
        return
    yield claim(match[0], Verdict.WRONG, Kind.ANSWER, shown=f"the last value is {show(value)}")
