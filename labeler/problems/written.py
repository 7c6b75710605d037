"""What a file says, as it stands: the digits of a number, a truth value, a date, or why not.

JSON, CSV and Parquet say an answer in many types. A problem holds texts, and a text that differs
from what the file says (`1.50` as 1.5, 2^53 + 1 as 2^53) makes right answers wrong in silence. So
numbers keep the digits they are written with, and what has no single text (a list of answers, a
point in time, bytes, NaN) is `Unfit`, which rejects the record and says why.

Does not cover Arrow's own types (`arrow`) or what a text means (`labeler.checking`).
Source: RFC 8259 (JSON), which leaves precision, and names that stand twice, to the reader.
"""

from __future__ import annotations

import json
import re
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from math import isnan
from typing import Any

NOT_UNICODE = "text is not valid Unicode"
LONGEST_INT = 4000
"""Digits; Python refuses to make integers of more than 4,300 by default."""

SPACING = re.compile(r"\\left\b|\\right\b|\\[,!;: ]|[\s$]")
SHORT_FRACTION = re.compile(r"\\frac(\d)(\d)")


class Unfit(Exception):
    """A record cannot be read as it stands; the text is the reason of its rejection."""


@dataclass(frozen=True, slots=True)
class Faulty:
    """What stands in the place of a JSON object that contradicts itself, or of a broken line."""

    reason: str
    stage: str = "read"


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time or a span: there are many ways to write it, so it is no text."""

    text: str


class Digits(float):
    """A number with the digits that the file writes it with."""

    text: str

    def __new__(cls, text: str) -> Digits:
        number = super().__new__(cls, text)
        number.text = text
        return number


def json_value(text: str) -> Any:
    """The value of a JSON text: numbers keep their digits, an object is a dict or `Faulty`.

    Raises `ValueError` for what is no JSON, `RecursionError` for what is nested too deeply.
    """
    return _DECODER.decode(text)


def json_values(text: str) -> list[Any]:
    """The values that stand one after another in a text. Raises as `json_value`."""
    found, at = [], 0
    while at < len(text):
        value, at = _DECODER.raw_decode(text, at)
        found.append(value)
        while at < len(text) and text[at] in " \t\r\n":
            at += 1
    return found


def _integer(text: str) -> int | Digits:
    return Digits(text) if len(text) > LONGEST_INT or text == "-0" else int(text)


def _no_json(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON value")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | Faulty:
    content: dict[str, Any] = {}
    for key, value in pairs:
        if isinstance(value, Faulty):
            return value
        if key in content and not _same(content[key], value):
            return Faulty(f"{key} stands there twice, with different values")
        content[key] = value
    return content


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


_DECODER = json.JSONDecoder(
    parse_float=Digits, parse_int=_integer, parse_constant=_no_json, object_pairs_hook=_object
)


def text_of(record: Mapping[str, Any], column: str) -> str:
    """The text in a column as the file has it; "" where there is none. Raises `Unfit`."""
    return _text(record.get(column), column)


def _text(value: Any, column: str) -> str:
    if isinstance(value, list) and len(value) == 1:
        return _text(value[0], column)
    text = _scalar(value)
    if text is None:
        raise Unfit(f"{column} {_unfit(value)}")
    return text


def _scalar(value: Any) -> str | None:
    """The one text of a value, None where it has none, or many."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case Digits():
            return value.text
        case float() if isnan(value):
            return None
        case int() | float():
            return str(value)
        case Decimal():
            return f"{value:f}"
        case date() if not isinstance(value, datetime):
            return value.isoformat()
        case _:
            return None


def _unfit(value: Any) -> str:
    match value:
        case float():
            return "is NaN, not a number"
        case list():
            return f"is a list of {len(value)}, not one text"
        case Moment():
            return f"is a time ({value.text}), which has many texts; write the right one as text"
        case Faulty():
            return f"is unfit: {value.reason}"
        case Mapping():
            return "is an object, not a text"
        case _:
            return f"is of type {type(value).__name__}, not a text"


def agreed(record: Mapping[str, Any], *columns: str) -> str:
    """The text that the columns agree on, "" where none has any. Raises `Unfit` if two differ."""
    said = {name: text for name in columns if (text := text_of(record, name)).strip()}
    if not said:
        return ""
    first, *others = said
    for other in others:
        if not alike(said[first], said[other]):
            raise differ(first, said[first], other, said[other])
    return said[first]


def differ(one: str, says: str, other: str, says_too: str) -> Unfit:
    """Two fields that contradict each other."""
    return Unfit(
        f"{one} says {reprlib.repr(says)} and {other} {reprlib.repr(says_too)}; keep the right one"
    )


def alike(one: str, other: str) -> bool:
    """Whether two texts say the same, spacing and LaTeX's ways of writing a fraction apart."""
    if one.strip() == other.strip():
        return True
    numbers = number(one), number(other)
    if None not in numbers:
        return numbers[0] == numbers[1]
    return _plain(one) == _plain(other)


def _plain(text: str) -> str:
    bare = SPACING.sub("", text).replace("dfrac", "frac").replace("tfrac", "frac")
    return SHORT_FRACTION.sub(r"\\frac{\1}{\2}", bare)


def number(text: str) -> Decimal | None:
    """A number in digits, None for any other text."""
    bare = text.strip()
    try:
        return Decimal(bare) if re.fullmatch(r"[-+]?[\d.]+(?:[eE][-+]?\d{1,4})?", bare) else None
    except InvalidOperation:
        return None
