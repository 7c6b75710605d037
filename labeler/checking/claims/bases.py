r"""Numbers in another base: `441_{10} = 1202_7`, `12_5 + 4_5 = 21_5`, `1011_2 = 8 + 2 + 1`.

Each side is a sum or product of whole numbers of which at least one names its base. One without a
base is read in base ten or in the base of the others: a claim is false only if it is either way.

Not covered: digits above nine, fractions, brackets.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from labeler.checking.claims.decide import Kind, Link, claim
from labeler.records import Verdict

MAX_CLAIMS = 40
"""Of one step."""

_BASED = r"\d{1,18}(?!\d)(?:_(?:\d|\{\s*\d{1,2}\s*\}|\{\\text\{\s*\d{1,2}\s*\}\}))?"
_SIGN = r"\s*(?:[-+*×]|\\times|\\cdot)\s*"
_SIDE = rf"{_BASED}(?:{_SIGN}{_BASED}){{0,12}}"
_CLAIM = re.compile(
    rf"(?<![\w.,^/*+×)}}\\-])(?<![-+*/×^\d] )(?<!cdot )(?<!times )"
    rf"({_SIDE}(?:\s*&?=\s*{_SIDE}){{1,8}})"
    r"(?!\w|[.^_!/(]|,\d|\s*(?:[-+*/×^(]|\\(?:times|cdot|frac|div|left)))"
)
_TERM = re.compile(r"(\d+)(?:_\D*(\d+)[}\s]*)?")
_LAYOUT = re.compile(r"\\[,;! ]|\\text(?=\{\d)|(?<=\d)\\!")
_UNSURE = re.compile(
    r"\b(?:not|n't|if|suppose|assum\w+|wrong|incorrect|wait|mistake|instead|contradict\w*|"
    r"base \$?b|check|try|test|whether)\b|\?|≠|\\neq?\b",
    re.IGNORECASE,
)


def bases(step: str) -> Iterator[Link]:
    """The equations of a step in which a number names its base."""
    text = _LAYOUT.sub("", step)
    for count, match in enumerate(_CLAIM.finditer(text)):
        if count >= MAX_CLAIMS:
            return
        if "_" not in match[0]:
            continue
        sides = [side.strip(" &\n") for side in match[1].split("=")]
        tried = [10, *{int(base) for _, base in _TERM.findall(match[0]) if base}]
        before = re.split(r"[.;]\s|\n\n", text[max(0, match.start() - 120) : match.start()])[-1]
        for left, right in itertools.pairwise(sides):
            read = [(_value(left, base), _value(right, base)) for base in tried]
            values = [(x, y) for x, y in read if x is not None and y is not None]
            if not values or "_" not in left + right:
                continue
            shown = f"{left} = {right}"
            if any(x == y for x, y in values):
                yield claim(shown, Verdict.CORRECT, Kind.MODULAR)
            elif _is_digit(left, right, *values[0]):
                yield claim(shown, Verdict.UNKNOWN, Kind.MODULAR, reason="a digit and a carry")
            elif not _UNSURE.search(before) and not _UNSURE.search(text[match.end() :][:25]):
                x, y = values[0]
                yield claim(shown, Verdict.WRONG, Kind.MODULAR, shown=f"{x}, not {y}, in base ten")


def _is_digit(left: str, right: str, x: int, y: int) -> bool:
    """Whether a sum of digits was written without its carry: `4_7 + 3_7 = 0_7`."""
    digit = re.fullmatch(r"\d_\D*(\d+)\D*", right)
    if digit is None:
        return False
    return re.search(r"[-+*×]|times|cdot", left) is not None and (x - y) % int(digit[1]) == 0


def _value(side: str, usual: int) -> int | None:
    """What a side is worth where a number without a base is in the usual one."""
    total, factor, sign = 0, 1, 1
    for piece in re.split(r"([-+])", side):
        if piece in {"+", "-"}:
            total, sign = total + sign * factor, 1 if piece == "+" else -1
            continue
        factor = 1
        for digits, base in _TERM.findall(piece):
            b = int(base or usual)
            if not 2 <= b <= 10 or (b < 10 and any(int(d) >= b for d in digits)):
                return None
            factor *= int(digits, b)
    return total + sign * factor
