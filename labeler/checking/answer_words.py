"""Compares two answers that are words: case and plurals do not count, Monday is not Tuesday.

Unknown where the words may mean the same: one answer's words contain the other's, one abbreviates
the other (Fri, Friday), or both say yes, both no, or both that there is nothing (undefined, does
not exist), each in its own words. Not covered: other synonyms; questions of domain `qa`, which have
aliases (`qa_answer`).
"""

from __future__ import annotations

from labeler.driver.requests import CheckResult
from labeler.records import Verdict

_ALIKE = (
    frozenset({"yes", "true"}),
    frozenset({"no", "false"}),
    frozenset({
        "none", "undefined", "dne", "does not exist", "doesn't exist", "impossible",
        "not possible", "it is impossible", "no solution", "no solutions", "no real solution",
        "no real solutions", "no such value", "no values", "empty set", "the empty set",
        "not defined", "no limit", "the limit does not exist",
    }),
)  # fmt: skip
LEAST = 3
"""Letters of the shortest abbreviation."""


def compare_words(gold: tuple[str, ...], answer: tuple[str, ...]) -> CheckResult:
    """The verdict on two answers in words, each in lower case."""
    one, other = _singular(gold), _singular(answer)
    if gold == answer or one == other:
        return CheckResult(Verdict.CORRECT)
    if set(one) <= set(other) or set(one) >= set(other):
        return CheckResult(Verdict.UNKNOWN, "one answer's words contain the other's")
    if any({" ".join(gold), " ".join(answer)} <= alike for alike in _ALIKE):
        return CheckResult(Verdict.UNKNOWN, "different words that may mean the same")
    if len(gold) == len(answer) and all(map(_abbreviates, gold, answer)):
        return CheckResult(Verdict.UNKNOWN, "one answer may abbreviate the other")
    return CheckResult(Verdict.WRONG, "different words")


def _singular(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word.removesuffix("s") if len(word) > LEAST else word for word in words)


def _abbreviates(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return one == other or (len(short) >= LEAST and long.startswith(short))
