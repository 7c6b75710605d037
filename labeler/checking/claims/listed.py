"""Counts of items that are listed beside them: `7 choices for the exponent (0, 2, 4, 6)`.

Only lists of numbers in full, in brackets or behind a colon, right behind a count noun. A list that
goes on (dots), that gives examples, or that could be a point or a range says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from labeler.checking.claims.decide import Kind, Link, claim
from labeler.records import Verdict

_WORDS = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12,
}  # fmt: skip
_NOUNS = (
    "choices", "options", "possibilities", "values", "integers", "numbers", "factors", "divisors",
    "multiples", "primes", "squares", "cubes", "remainders", "residues", "outcomes", "sums", "odds",
    "evens", "solutions",
)  # fmt: skip
_NOUN = f"(?:{'|'.join(_NOUNS)})"
_ITEM = r"\$?\\?\(?-?\d{1,9}\\?\)?\$?"
_LIST = rf"{_ITEM}(?:\s*,\s*(?:and\s+)?{_ITEM}|\s+and\s+{_ITEM}){{1,60}}"
_COUNTED = re.compile(
    rf"(?<![\d.,/^*+=-])(?<![-+*/=^] )\$?\b(\d{{1,2}}|{'|'.join(_WORDS)})\b\$? "
    rf"(?!digit|times|of |percent)((?:[a-z-]+ ){{0,3}}?{_NOUN})\b(?! of the form)"
    rf"([^.;:()\[\]\n=]{{0,40}}?)(?:\s?\(({_LIST})\)|(?:: | are )({_LIST})(?=\.(?:\s|\Z)|\n|\Z))",
    re.IGNORECASE,
)
_UNSURE = re.compile(
    r"\b(?:such as|like|e\.g|example|including|first|last|other|more|between|from|to|through|not|"
    r"n't|only|at least|at most|if|digits?|pairs?|ordered|than|less|except|add|sum|product|total|"
    r"or|each|instead|would|wait|remaining)\b|\bof (?:the|these|those)\s*\Z",
    re.IGNORECASE,
)
_VERB = re.compile(r"\b(?:has|have|had|is|are|gives|makes)\b", re.IGNORECASE)


def may_count(text: str) -> bool:
    """Whether a noun of what is counted stands in a text."""
    return any(noun in text for noun in _NOUNS)


def counted(step: str) -> Iterator[Link]:
    """Counts of a step that stand right before the list of what they count."""
    if "," not in step or ("(" not in step and ": " not in step and " are " not in step):
        return
    if not may_count(step):
        return
    for match in _COUNTED.finditer(step):
        said, noun, between = match[1].lower(), match[2], match[3]
        items = re.findall(r"-?\d+", match[4] or match[5])
        before = step[max(0, match.start() - 40) : match.start()]
        before = re.split(r"[.;:]\s|\n", before)[-1]
        if _UNSURE.search(before) or _UNSURE.search(f"{noun} {between}") or _VERB.search(noun):
            continue
        number = _WORDS.get(said) or int(said)
        if number == len(items):
            yield claim(match[0], Verdict.CORRECT, Kind.COUNT)
        elif len(set(items)) == len(items) and number > 1:
            yield claim(match[0], Verdict.WRONG, Kind.COUNT, shown=f"{len(items)} are listed")
