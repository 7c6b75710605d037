"""Answers in words as questions have them: normal forms, word overlap, numbers, dates, yes and no.

The normal form is SQuAD's (lower case, no punctuation, no articles, single spaces), on text whose
accents and width are folded, so that what is typed in two ways is one answer.
Sources: SQuAD's evaluation script (normalisation, F1 on the multisets of words).
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from labeler.checking.number_words import SCALES, number_at_start

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_PUNCTUATION = str.maketrans(dict.fromkeys(string.punctuation + "“”‘’–—…«»", " "))
_APOSTROPHES = str.maketrans("", "", "'’`")
_DIGITS = re.compile(r"(?<![\w.])[-+−]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|(?<![\w.])[-+−]?\d+(?:\.\d+)?")
_YEAR = re.compile(r"\b\d{3,4}\b")
_MONTH = re.compile(
    r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}",
    re.IGNORECASE,
)
_SLASHED = re.compile(r"\b(\d{1,2})[-/.](\d{1,2})[-/.]\d{2,4}\b")
LONGEST_DATE = 40


def normal_words(text: str) -> str:
    """SQuAD's normal form."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(c for c in folded if not unicodedata.combining(c)).translate(_APOSTROPHES)
    return " ".join(_ARTICLES.sub(" ", bare.translate(_PUNCTUATION)).split())


def word_f1(gold: str, answer: str) -> float:
    """F1 of two normal forms on their multisets of words; 0 where either has none."""
    one, other = Counter(gold.split()), Counter(answer.split())
    common = (one & other).total()
    return 2 * common / (one.total() + other.total()) if common else 0.0


def set_f1(gold: str, answer: str) -> float:
    """F1 on the sets of words, as MatchTIR's released code counts it: a repeated word is one."""
    one, other = set(gold.split()), set(answer.split())
    common = len(one & other)
    return 2 * common / (len(one) + len(other)) if common else 0.0


def yes_or_no(text: str) -> bool | None:
    """What an answer says that begins with yes or no (true or false); None for any other."""
    first = normal_words(text).partition(" ")[0]
    return {"yes": True, "true": True, "no": False, "false": False}.get(first)


def numbers_in(text: str) -> list[Decimal]:
    """Numbers in digits, and one that the whole text spells in words ("twenty-one")."""
    spelled = _spelled(normal_words(text))
    if spelled is not None:
        return [spelled]
    found = []
    for match in _DIGITS.finditer(text):
        try:
            number = Decimal(match[0].replace(",", "").replace("−", "-"))
        except InvalidOperation:
            continue
        scale = re.match(r"\s+(hundred|thousand|million|billion)\b", text[match.end() :].casefold())
        found.append(number * SCALES[scale[1]] if scale else number)
    return found


def rest_of_number(text: str) -> str:
    """The words around the numbers of a text, in normal form."""
    if _spelled(normal_words(text)) is not None:
        return ""
    words = normal_words(_DIGITS.sub(" ", text)).split()
    return " ".join(word for word in words if word not in SCALES)


def _spelled(words: str) -> Decimal | None:
    said = words.split()
    number, used = number_at_start(said)
    return Decimal(number) if used and used == len(said) else None


@lru_cache(maxsize=4096)
def date_in(text: str) -> tuple[int, int | None, int | None] | None:
    """Year, month and day of a text that is a date and nothing else; None for a part not given.

    A date in digits alone whose day may be its month is none: 03/04/1955 is two days.
    """
    if len(text) > LONGEST_DATE or not (_YEAR.search(text) and _MONTH.search(text)):
        return None
    slashed = _SLASHED.search(text)
    if slashed and max(int(slashed[1]), int(slashed[2])) <= 12 and slashed[1] != slashed[2]:
        return None
    one, other = _parsed(text, datetime(1904, 1, 1)), _parsed(text, datetime(2008, 2, 2))
    if one is None or other is None or one.year != other.year:
        return None
    month = one.month if one.month == other.month else None
    return one.year, month, one.day if one.day == other.day else None


def _parsed(text: str, otherwise: datetime) -> datetime | None:
    from dateutil.parser import ParserError, parse

    try:
        read: datetime = parse(text, default=otherwise)
    except (ParserError, OverflowError, ValueError, TypeError):
        return None
    return read
