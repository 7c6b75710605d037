"""Rates that are multiplied though both are per the same: `$180/day * 30 cycles/day = $5400/day`.

A product of two rates makes sense where a unit cancels (`$2/task * 5 tasks/hour`); where both are
per the same and nothing cancels, no result has a unit that anything is counted in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from labeler.checking.claims.decide import Kind, Link, claim
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


def _one(unit: str | None) -> str:
    return (unit or "").strip().lower().removesuffix("s")
