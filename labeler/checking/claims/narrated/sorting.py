"""Sorted lists: whether what a step calls sorted is in order, and holds what was to be sorted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

from labeler.checking.claims.decide import Link
from labeler.checking.claims.narrated.base import listed, verdict

_TASK = re.compile(
    r"\b(?:sort|arrange|order|put|list)\b[^.:\n]{0,80}\b(alphabetical|ascending|"
    r"increasing|descending|decreasing|"
    r"alphabetically|smallest to largest|largest to smallest|least to greatest|greatest "
    r"to least)\b[^:\n]{0,40}:"
    r"\s*(?:List:\s*)?([^\n.?]+)",
    re.IGNORECASE,
)
_SORTED = re.compile(
    r"\b(?:sorted (?:list|order|words|numbers|sequence)|(?:in|into) (?:alphabetical|"
    r"ascending|increasing|descending|"
    r"decreasing) order)(?: is| are| becomes)?(?: as "
    r"follows)?:?\s*\n?\s*((?:[\"'“\[]?-?[\w.'-]+[\"'”\]]?,\s*(?:and "
    r")?)+[\"'“]?-?[\w.'-]+)",
    re.IGNORECASE,
)
_FALLING = re.compile(r"descend|decreas|largest to|greatest to", re.IGNORECASE)
_NUMERAL = re.compile(r"-?\d+(?:\.\d+)?")


def sorting(problem: str, steps: Sequence[str]) -> Iterator[tuple[int, Link]]:
    """What the steps call sorted."""
    task = _TASK.search(problem)
    if task is None:
        return
    items = listed(task[2]) if "," in task[2] else [w.lower() for w in task[2].split()]
    if len(items) < 3:
        return
    keys = [_key(item) for item in items]
    if not (all(isinstance(k, str) for k in keys) or all(isinstance(k, Fraction) for k in keys)):
        return
    due = sorted(items, key=_key, reverse=_FALLING.search(task[1]) is not None)
    for at, step in enumerate(steps):
        for match in _SORTED.finditer(step):
            shown = listed(match[1])
            if sorted(shown) == sorted(items) or (
                len(shown) >= len(items) - 1 and set(shown) & set(items)
            ):
                yield at, verdict(match[0], due, shown)


def _key(item: str) -> Fraction | str:
    return Fraction(item) if _NUMERAL.fullmatch(item) else item
