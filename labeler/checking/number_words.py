"""Numbers in English words: `twenty-one` is 21, `one half` 1/2, `five apples` 5 apples.

Not covered: other languages, decimals in words ("three point five").
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_SMALL = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_WORDS = {word: n for n, word in enumerate(_SMALL)} | {
    word: 20 + 10 * n for n, word in enumerate(_TENS)
}
SCALES = {"hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9}
_PARTS = {
    "half": 2, "halve": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6,
    "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10, "hundredth": 100,
}  # fmt: skip
_WORD = re.compile(r"[A-Za-z]+")


def number_at_start(words: Sequence[str]) -> tuple[int, int]:
    """The number that words in small letters begin with, and of how many words it is (0: none)."""
    total, part, used = 0, 0, 0
    for place, word in enumerate(words):
        if word in _WORDS and _may_follow(part, _WORDS[word]) and words[0] != "zero":
            part += _WORDS[word]
        elif word == "zero" and place == 0:
            return 0, 1
        elif word == "hundred" and 0 < part < 100:
            part *= 100
        elif word in SCALES and word != "hundred" and part:
            total, part = total + part * SCALES[word], 0
        elif word == "and" and used:
            continue  # counts where a number goes on behind it
        else:
            break
        used = place + 1
    return total + part, used


def with_digits(text: str) -> str:
    """The answer with the number that it begins with in digits; the text where it is none.

    `text` is the normal form of an answer; one that holds more than letters, spaces and hyphens
    comes back as it is.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z \-]*", text):
        return text
    places = list(_WORD.finditer(text))
    words = [word[0].casefold() for word in places]
    number, used = number_at_start(words)
    rest = words[used:]
    if not used or (rest and (rest[0] in _WORDS or rest[0] in SCALES or rest[0] == "and")):
        return text
    if len(rest) == 1 and (under := _PARTS.get(rest[0].removesuffix("s"))):
        return f"{number}/{under}"
    behind = text[places[used - 1].end() :]
    # `One of them` counts nothing, and what goes on with a hyphen is a word of its own.
    return text if re.match(r"-| of\b", behind) else f"{number}{behind}"


def _may_follow(part: int, number: int) -> bool:
    """Whether a word for `number` goes on with what was said: twenty-one, two hundred five."""
    last_two = part % 100
    return last_two == 0 or (last_two >= 20 and last_two % 10 == 0 and 0 < number < 10)
