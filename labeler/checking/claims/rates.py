"""Products with rates: `$180/day * 30 cycles/day = $5400/day`, where both are per the same.

A product of two rates makes sense where a unit cancels (`$2/task * 5 tasks/hour`); where both are
per the same and nothing cancels, no result has a unit that anything is counted in. Where the unit
of the one factor is what the other is per, the numbers must fit, though the units may be converted
elsewhere: `3 weeks * 7 days/week = 28 days` is false.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from labeler.checking.claims.decide import Kind, Link, claim
from labeler.checking.claims.vocabulary import UNIT_FAMILIES
from labeler.checking.claims.worded.base import against, number
from labeler.records import Verdict

_GROUP = re.compile(r"\\(?:text|mathrm)\{([^{}]*)\}")
_LAYOUT = re.compile(r"\\[()\[\]]|\\[,; ]|(?<=\w)\$")
_SPACES = re.compile(r"  +")
_RATE = (
    r"(\\?\$?)(\d[\d,]*(?:\.\d+)?)(?: ?([a-z]{3,}(?: [a-z]{3,})?))?(?: ?/ ?| per )([a-z]{3,})"
    r"(?: \([^()]{0,30}\))?"
)
_PRODUCT = re.compile(
    rf"(?<![\d.,/^*+×÷-])(?<![-+*×÷/] ){_RATE} ?(?:\*|×|x|\\times|\\cdot|times|multiplied by) "
    rf"?{_RATE} ?=",
    re.IGNORECASE,
)
_TIMES = r" ?(?:\*|×|x|\\times|\\cdot|times|multiplied by) ?"
_COUNT = r"(\d[\d,]*(?:\.\d+)?) ?([a-z]{3,})"
_CANCELLED = re.compile(
    rf"(?<![\d.,/^*+×÷-])(?<![-+*×÷/(] ){_COUNT}{_TIMES}{_COUNT}(?: ?/ ?| per )([a-z]{{3,}}) ?= ?"
    rf"{_COUNT}\b(?! ?[-+*/×÷^(])",
    re.IGNORECASE,
)
_TIED = re.compile(r"(?:[-+*/×÷^(.]|\bx|times|cdot|plus|minus|by|of|and)\s*\Z")
_UNSURE = re.compile(
    r"\b(?:not|wrong|incorrect|mistake|cannot|if|wait|instead)\b|\?", re.IGNORECASE
)


def may_multiply(low: str) -> bool:
    """Whether a text (in small letters) may hold a rate at all."""
    return "/" in low or " per " in low


def rates(step: str) -> Iterator[Link]:
    """Products of two rates per the same unit."""
    text = _SPACES.sub(" ", _LAYOUT.sub("", _GROUP.sub(r"\1", step)))
    for match in _PRODUCT.finditer(text):
        tops = {_one(match[3]), _one(match[7])}
        bottoms = [_one(match[4]), _one(match[8])]
        if bottoms[0] != bottoms[1] or set(bottoms) & tops or not (match[1] or match[3]):
            continue
        if not (match[5] or match[7]) or _UNSURE.search(text[: match.start()][-80:]):
            continue
        shown = f"both are per {bottoms[0]}"
        yield claim(match[0].rstrip("= "), Verdict.WRONG, Kind.CONVERSION, shown=shown)
    for match in _CANCELLED.finditer(text):
        yield from _cancelled(match, text)


def _cancelled(match: re.Match[str], text: str) -> Iterator[Link]:
    """A false product of units that convert into each other, which nothing else decides."""
    first, top, bottom, result = (_one(match[at]) for at in (2, 4, 5, 7))
    alike = any(
        all(unit in family or f"{unit}s" in family for unit in (top, bottom))
        for family in UNIT_FAMILIES
    )
    if _TIED.search(text, 0, match.start()):
        return
    if first != bottom or top != result or not alike or _UNSURE.search(text[: match.start()][-80:]):
        return
    if shown := against(number(match[1]) * number(match[3]), match[6]):
        yield claim(match[0], Verdict.WRONG, Kind.CONVERSION, shown=shown)


def _one(unit: str | None) -> str:
    one = (unit or "").strip().lower().removesuffix("s")
    return "foot" if one == "feet" else one
