"""Sums, shares, powers, roots and roundings in words: `20% of 50 is 15`, `3 plus 4 is 8`."""

from __future__ import annotations

import math
import re
from fractions import Fraction

from labeler.checking.claims.worded.base import BEGIN, END, IS, NUMBER, against, form, number

_SHARES = {
    "half": Fraction(1, 2), "one half": Fraction(1, 2), "a third": Fraction(1, 3),
    "one third": Fraction(1, 3), "a quarter": Fraction(1, 4), "one quarter": Fraction(1, 4),
    "one fourth": Fraction(1, 4), "a fourth": Fraction(1, 4), "two thirds": Fraction(2, 3),
    "three quarters": Fraction(3, 4), "three fourths": Fraction(3, 4), "a fifth": Fraction(1, 5),
    "one fifth": Fraction(1, 5), "twice": Fraction(2), "double": Fraction(2),
    "triple": Fraction(3), "thrice": Fraction(3),
}  # fmt: skip
_SHARE = "|".join(sorted(_SHARES, key=len, reverse=True))


def _percent(m: re.Match[str]) -> str | None:
    return against(number(m[1]) * number(m[2]) / 100, m[3])


def _share(m: re.Match[str]) -> str | None:
    return against(_SHARES[m[1].lower().replace("-", " ")] * number(m[2]), m[3])


def _spoken(m: re.Match[str]) -> str | None:
    left, right = number(m[1]), number(m[3])
    match m[2].split()[0].lower():
        case "plus":
            value = left + right
        case "minus":
            value = left - right
        case "times" | "multiplied":
            value = left * right
        case _:
            if not right:
                return None
            value = left / right
    return against(value, m[4])


def _of_two(m: re.Match[str]) -> str | None:
    left, right = number(m[2]), number(m[3])
    values = {"sum": left + right, "product": left * right, "difference": abs(left - right)}
    return against(values[m[1].lower()], m[4])


def _fraction(m: re.Match[str]) -> str | None:
    below = number(m[2])
    return against(number(m[1]) / below * number(m[3]), m[4]) if below else None


def _of_several(m: re.Match[str]) -> str | None:
    numbers = [number(one) for one in _NUMBERS.findall(m[2])]
    name = m[1].lower()
    if name == "product":
        return against(Fraction(math.prod(numbers)), m[3])
    total = sum(numbers, Fraction(0))
    return against(total if name == "sum" else total / len(numbers), m[3])


def _power(m: re.Match[str]) -> str | None:
    return against(number(m[1]) ** (2 if m[2].lower() == "squared" else 3), m[3])


def _root(m: re.Match[str]) -> str | None:
    n = number(m[2])
    shown = number(m[3].rstrip(".,"))
    if n.denominator != 1 or n > 10**12 or shown.denominator != 1:
        return None
    power = 3 if m[1].lower() == "cube" else 2
    if any(k**power == n for k in (math.isqrt(int(n)), round(float(n) ** (1 / power)))):
        return "" if shown**power == n else f"not a root of {n}"
    slack = power * max(shown, Fraction(1)) ** (power - 1)
    return "" if abs(shown**power - n) < slack else f"not a root of {n}"


_PLACES = {"whole number": 0, "integer": 0, "tenth": 1, "hundredth": 2, "thousandth": 3,
           "cent": 2, "dollar": 0, "whole": 0, "unit": 0}  # fmt: skip


def _rounded(m: re.Match[str]) -> str | None:
    """Rounding to a place that is named; halves may go either way."""
    places = _PLACES[m[2].lower()]
    unit = Fraction(1, 10**places)
    if len(m[1].partition(".")[2]) <= places:
        return None
    gap = abs(number(m[1]) - number(m[3]))
    return "" if gap * 2 <= unit else f"{float(round(number(m[1]) / unit) * unit):.{places}f}"


_NUMBERS = re.compile(r"\d+(?:\.\d+)?")
_SEVERAL = r"(\$?\d+(?:\.\d+)?(?:, \$?\d+(?:\.\d+)?){1,20},? and \$?\d+(?:\.\d+)?)"
"""Three numbers or more, none of them with a comma for its thousands."""
_ALONE = BEGIN + "".join(
    f"(?<!{word} )"
    for word in ["plus", "minus", "times", "by", "of", "and", "than", "when", "to", "from"]
)
FORMS = (
    form("% of", rf"{BEGIN}(\d+(?:\.\d+)?)% of {NUMBER}{IS}{NUMBER}{END}", _percent),
    form("percent of", rf"{BEGIN}(\d+(?:\.\d+)?) percent of {NUMBER}{IS}{NUMBER}{END}", _percent),
    *(
        form(
            f"{word} of", rf"\b({_SHARE.replace(' ', '[ -]')}) of {NUMBER}{IS}{NUMBER}{END}", _share
        )
        for word in ("half", "third", "thirds", "quarter", "quarters", "fourth", "fourths", "fifth")
    ),
    form("wice ", rf"\b(twice) {NUMBER}{IS}{NUMBER}{END}", _share),
    *(
        form(word, rf"{_ALONE}{NUMBER} ({word}) {NUMBER}{IS}{NUMBER}{END}", _spoken)
        for word in ("plus", "minus", "times", "multiplied by", "divided by")
    ),
    *(
        form(f"{word} of", rf"\b({word}) of {NUMBER} and {NUMBER}{IS}{NUMBER}{END}", _of_two)
        for word in ("sum", "product", "difference")
    ),
    *(
        form(f"{word} of", rf"\b({word}) of {_SEVERAL}{IS}{NUMBER}{END}", _of_several)
        for word in ("sum", "product", "average", "mean")
    ),
    form(" of ", rf"{_ALONE}(\d{{1,3}})/(\d{{1,3}}) of {NUMBER}{IS}{NUMBER}{END}", _fraction),
    form("squared", rf"{_ALONE}{NUMBER} (squared){IS}{NUMBER}{END}", _power),
    form("cubed", rf"{_ALONE}{NUMBER} (cubed){IS}{NUMBER}{END}", _power),
    form(
        "round",
        r"(?<![\d.,])(\d+\.\d+)(?!\d)[^.\n=\\]{0,30}(?:\. )?[^.\n=\\]{0,20}\bround(?:ed|s|"
        r"ing)?(?: it| this| up| down)?"
        r" to the nearest (whole number|integer|tenth|hundredth|thousandth|cent|dollar|whole|unit)"
        r"[^.\d\n]{0,60}?(\d[\d,]*(?:\.\d+)?)(?![\d%])",
        _rounded,
    ),
    form("root of", rf"\b(square|cube) root of {NUMBER}{IS}{NUMBER}{END}", _root),
)
