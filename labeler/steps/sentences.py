"""Where a sentence ends: for replies of one line, and for paragraphs that are too long for a step.

The white space between two sentences stands before the second: most tokenizers write a word and the
space before it as one token, so a prefix ends where a token does. Nothing is cut inside of formulas
(`$..$`, `\\(..\\)`), behind common abbreviations or behind the number of a list item, be it at the
beginning of a line or behind another sentence. HTML's ends of a paragraph end a sentence, too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from labeler.steps.spans import Span

LONGEST_FORMULA = 1_000

_END = re.compile(
    r"(?<![.!?…])[.!?…]++[\"'”’)\]*_]*+(?=\s)|(?<![。！？])[。！？]++[”’」』）]*+"
    r"|(?:<br ?/?>|</(?:p|li|div|step|h[1-6])>)(?=[ \t]*[^\s<]|[ \t]*<(?![/b]))",
    re.ASCII | re.IGNORECASE,
)
_INLINE = re.compile(
    rf"\\\(|(?<![\\$])\$(?:(?![\s$])[^$\n]{{0,{LONGEST_FORMULA}}}?"
    rf"(?:(?<![\s\\])|(?<=\}} )|(?<=\}}\. ))"
    rf"|\ [^$\n]{{1,{LONGEST_FORMULA}}}?\ )\$(?![\d$])",
    re.DOTALL,
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|vs|approx|ca|cf|Eq|Eqs|Fig|No|Nos|Thm|Sec|Ch|etc|p|pp)"
    r"|\b(?:e\.g|i\.e|a\.m|p\.m|w\.r\.t|s\.t)|(?:^|[\n\r])[ \t>*_]*\(?(?:\d{1,3}|[A-Za-z]))\.$"
)
_NUMBER_OF_ITEM = re.compile(r"[ \t]+\(?\d{1,2}\.")
_LOOK_BACK = 16
_VISIBLE = re.compile(r"\S")
_SPACES = re.compile(r"(?<=\S)[ \t]+(?=\S)")


def sentence_cuts(text: str, spans: Sequence[Span]) -> list[int]:
    """Where sentences begin (but the first), outside of the `spans` and of formulas."""
    kept, formulas = _Walk(spans), _Walk(_formulas(text))
    cuts: list[int] = []
    for match in _END.finditer(text):
        at = match.end()
        if kept.holds(at) or formulas.holds(at) or _is_abbreviated(text, match.start()):
            continue
        if cuts and text[cuts[-1] - 1] in ".!" and _NUMBER_OF_ITEM.fullmatch(text, cuts[-1], at):
            continue
        follows = _VISIBLE.search(text, at)
        if follows and not follows[0].islower():
            cuts.append(at)
    return cuts


def word_cuts(text: str, spans: Sequence[Span]) -> list[int]:
    """Where the spaces between words begin, outside of the `spans` and of formulas."""
    kept, formulas = _Walk(spans), _Walk(_formulas(text))
    places = (match.start() for match in _SPACES.finditer(text))
    return [at for at in places if not kept.holds(at) and not formulas.holds(at)]


def cut(text: str, places: Sequence[int]) -> list[str]:
    """The text cut at places in order; joined it is the text."""
    return [text[a:b] for a, b in pairwise([0, *places, len(text)])]


def _formulas(text: str) -> list[Span]:
    found: list[Span] = []
    at = 0
    while match := _INLINE.search(text, at):
        start, at = match.span()
        if text.startswith("\\(", start):
            end = text.find("\\)", at, at + LONGEST_FORMULA)
            if end < 0:
                continue
            at = end + 2
        found.append((start, at))
    return found


def _is_abbreviated(text: str, dot: int) -> bool:
    near = text[max(0, dot - _LOOK_BACK) : dot + 1]
    return _ABBREVIATION.search(near if dot > _LOOK_BACK else "\n" + near) is not None


class _Walk:
    """Spans in order, asked about places in order."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._spans, self._next = spans, 0

    def holds(self, at: int) -> bool:
        while self._next < len(self._spans) and self._spans[self._next][1] <= at:
            self._next += 1
        return self._next < len(self._spans) and self._spans[self._next][0] < at
