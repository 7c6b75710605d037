"""What forms of claims in words share: how a form looks, and how numbers stand in sentences."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from labeler.checking.claims.decide import Kind
from labeler.checking.claims.numbers import is_rounded

NUMBER = r"\$?(\d[\d,]*(?:\.\d+)?)"
WHOLE = r"(\d{1,12})"
IS = (
    r"(?: (?:dollars?|people|students?|minutes?|hours?|miles?|cents?))? (?:is|equals|is "
    r"equal to|makes|gives|comes to) "
)
END = (
    r"(?![\d]|[,.]\d|[ \t]*[-+*/×÷^%(!\\]|[ \t]*(?:x|times|plus|minus|percent|more|less|dozen|"
    r"hundred|thousand|million|out of|to the|divided|multiplied|and a)\b)"
)
BEGIN = r"(?<![\w.,/+*×÷^)\]!|-])(?<![-+*/×÷=|(] )"


@dataclass(frozen=True, slots=True)
class Form:
    """`needs`: a text without which the pattern cannot match; `rule`: the verdict on its groups.

    `stands`: what it says of its numbers holds or fails whatever its sentence supposes.
    A rule gives None where the numbers do not decide, "" where they hold, else what is true.
    """

    needs: str
    pattern: re.Pattern[str]
    rule: Callable[[re.Match[str]], str | None]
    kind: Kind = Kind.WORDED
    stands: bool = False


def form(
    needs: str, pattern: str, rule: Callable[[re.Match[str]], str | None], kind: Kind = Kind.WORDED
) -> Form:
    """A form whose pattern takes no heed of capitals."""
    return Form(needs, re.compile(pattern, re.IGNORECASE), rule, kind)


def number(text: str) -> Fraction:
    """What a numeral stands for."""
    return Fraction(text.replace(",", "").rstrip("."))


def against(value: Fraction, shown: str) -> str:
    """ "" where a numeral shows the value, if need be rounded; else the value."""
    shown = shown.rstrip(".,")
    if number(shown) == value or is_rounded(value, shown):
        return ""
    return str(value) if value.denominator < 1000 else f"{float(value):.6g}"
