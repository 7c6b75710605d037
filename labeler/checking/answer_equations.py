r"""An equation against a value: `x = 5` states 5, `3 + 2 = 5` states 5, `2x = 10` states no 10.

- A name on one side (x, AB, f(2), \angle A, words): the other side is the value.
- Numbers on all sides: the last one is the value, if the sides are equal; if not, unknown.
- A linear equation in one unknown that nobody solved: wrong unless its solution is the gold answer,
  which is unknown, for the answer does not say it. Any other equation: unknown.
Two equations are left to math-verify. Both arguments are normal forms; needs sympy.
"""

from __future__ import annotations

import re
from typing import Any

from labeler.checking.answer_parsing import parsed
from labeler.driver.requests import CheckResult
from labeler.records import Verdict

_EQUALS = re.compile(r"(?<![<>!:=\\])=(?!=)")
_NAME = re.compile(
    r"""(?:m ?)?(?:\\(?:angle|triangle|overline|measuredangle|widehat|vec)\ ?)?\{?
    (?:\\text\{[^{}]{1,60}\}|\\(?!frac|sqrt|pi)[A-Za-z]+|[A-Z]{1,4}
      |[A-Za-z](?:_\{?[A-Za-z0-9]{1,8}\}?)?
      |[A-Za-z]{4,}(?:[ ][A-Za-z]+){0,6})'{0,2}\}?
    (?:\^\{-1\})?(?:\([^()=]{1,20}\))?|\\frac\{d[a-z]?\}\{d[a-z]\}|\|[A-Z]{2}\|""",
    re.VERBOSE,
)


def value_of_equation(text: str, other: str, is_real: bool) -> str | CheckResult:
    """What an equation states, if it is compared with a value; the text itself if it is none."""
    parts = [part.strip() for part in _EQUALS.split(text)]
    if len(parts) < 2 or _EQUALS.search(other) or not all(parts) or _is_list(text):
        return text
    if re.search(r"[<>]|\\(?:le|ge|ne)(?![A-Za-z])|\\begin", text):
        return text
    named = [_NAME.fullmatch(part) is not None for part in parts]
    if named[0] and not named[-1]:
        return _chained(parts[1:], is_real)
    if named[-1] and not named[0] and len(parts) == 2:
        return parts[0]
    if named[0] and named[-1] and len(parts) == 2:
        return parts[1] if len(parts[1]) <= len(other) or not named[0] else text
    try:
        sides = [parsed(part, is_real) for part in parts]
    except Exception:  # the grammar raises bare Exception
        return CheckResult(Verdict.UNKNOWN, "an equation that could not be parsed, not a value")
    if all(getattr(side, "is_number", False) for side in sides):
        return _chained(parts, is_real)
    return _unsolved(sides, other, is_real)


def _is_list(text: str) -> bool:
    return (
        re.search(r",(?![0-9]{3}(?![0-9]))|;|(?<![A-Za-z])(?:or|and)(?![A-Za-z])", text) is not None
    )


def _chained(parts: list[str], is_real: bool) -> str | CheckResult:
    """The last of several sides that are equal; unknown where two numbers among them are not."""
    if len(parts) == 1:
        return parts[0]
    try:
        sides = [parsed(part, is_real).doit() for part in parts]
        for one in sides[:-1]:
            both = one.is_number and sides[-1].is_number
            if both and abs((one - sides[-1]).evalf(20)) > 1e-9 * (1 + abs(one.evalf(20))):
                return CheckResult(Verdict.UNKNOWN, "an equation that does not hold")
    except Exception:  # sympy raises nearly anything
        return CheckResult(Verdict.UNKNOWN, "an equation that could not be parsed, not a value")
    return parts[-1]


def _unsolved(sides: list[Any], other: str, is_real: bool) -> CheckResult:
    unfinished = CheckResult(Verdict.UNKNOWN, "an equation, not a value")
    try:
        difference = (sides[0] - sides[-1]).doit().expand()
        unknowns = difference.free_symbols
        value = parsed(other, is_real)
        if len(unknowns) != 1 or len(sides) != 2 or not value.is_number:
            return unfinished
        [unknown] = unknowns
        if difference.as_poly(unknown) is None or difference.as_poly(unknown).degree() != 1:
            return unfinished
        slope, rest = difference.coeff(unknown, 1), difference.coeff(unknown, 0)
        solution = (-rest / slope).evalf(20)
        if abs(solution - value.evalf(20)) <= 1e-9 * (1 + abs(solution)):
            return unfinished
    except Exception:  # sympy raises nearly anything
        return unfinished
    return CheckResult(
        Verdict.WRONG, "an equation that is not solved, and its solution is another value"
    )
