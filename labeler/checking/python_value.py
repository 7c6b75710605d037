"""Whether two texts are the same Python value: type and value, in all that they hold.

1, 1.0 and True are three values. Sets and dictionaries have no order. What is no literal (a class
instance, a call) cannot be compared, which is unknown, never wrong.
Source: ExecVerify compares states of a trace so: type and value, after literal parsing.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from labeler.driver.requests import Check, CheckResult
from labeler.records import Verdict

RULES_VERSION = 1
"""Raised whenever a verdict may change; part of the journal's keys."""

MOST_CHARACTERS = 1 << 16


class NoLiteral(ValueError):
    """A text that is no Python literal."""


def literal(text: str) -> Any:
    """The value of a literal. Raises `NoLiteral`."""
    if len(text) > MOST_CHARACTERS:
        raise NoLiteral(f"longer than {MOST_CHARACTERS} characters")
    try:
        return ast.literal_eval(text.strip())
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError) as error:
        raise NoLiteral(f"{text[:60]!r} is no literal") from error


def same_value(one: Any, other: Any) -> bool:
    """Equal in type and value, all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same_value, one, other))
    if isinstance(one, dict):
        return _typed(one.keys()) == _typed(other.keys()) and all(
            same_value(one[key], other[key]) for key in one
        )
    if isinstance(one, (set, frozenset)):
        return _typed(one) == _typed(other)
    return bool(one == other)


def _typed(items: Any) -> set[str]:
    """Members of a set or keys, with their types: as members of a set 1 and True are equal."""
    return {repr(item) for item in items}


class LiteralChecker:
    """Judges answers that are Python values."""

    fingerprint = f"literal-{RULES_VERSION}"

    async def check(self, batch: Sequence[Check]) -> list[CheckResult]:
        return [_verdict(check.problem.gold_answer, check.answer) for check in batch]

    async def aclose(self) -> None:
        return None


def _verdict(gold: str | None, answer: str) -> CheckResult:
    if gold is None:
        return CheckResult(Verdict.UNKNOWN, "no gold answer")
    try:
        same = same_value(literal(gold), literal(answer))
    except NoLiteral as error:
        return CheckResult(Verdict.UNKNOWN, str(error))
    return CheckResult(Verdict.CORRECT if same else Verdict.WRONG)
