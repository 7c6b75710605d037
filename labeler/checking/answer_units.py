r"""Splits a final answer into value and unit, and says whether two units are one.

5 cm, 5\text{ cm}, 50\%, 90^\circ, \$5, 15个 and 1101_2 (a number base counts as a unit).
Not covered: conversion (5 m and 500 cm), prefixes of a unit that is not listed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

_SPELLINGS = """
mm millimeter millimetre | cm centimeter centimetre | m meter metre | km kilometer kilometre
in inch inches | ft foot feet | yd yard | mi mile | mg milligram | g gram gm | kg kilogram
lb lbs pound | oz ounce | ton | ms millisecond | s sec second | min minute | h hr hour
day | week | month | yr year | dollar usd buck | cent | euro eur | ml milliliter millilitre
l liter litre | gal gallon | quart | pint | cup | mph | kmh kph | radian rad | unit | am | pm
sterling gbp | yen jpy | rupee inr rs
newton | joule | watt | volt | ampere amp | pascal pa | hertz hz | kelvin | ohm | mole mol
square sq | cubic cu
"""
_NAMES = {
    spelling: names.split()[0]
    for names in re.split(r"[|\n]", _SPELLINGS.strip())
    for name in names.split()
    for spelling in (name, name + "s")
}
# A word after a number that changes the number, or starts a sentence, is no unit.
_CHANGE_THE_NUMBER = """
a an and or of the more less fewer least most than about hundred thousand million billion trillion
dozen score half halves third thirds fourth fourths quarter quarters fifth fifths sixth eighth
eighths tenth tenths hundredths thousandths time times twice squared cubed factorial minus plus
pair pairs base modulo mod if when where not is are to each choose percent root over by with
between from
"""
_CAPITALS = {
    "N": "newton", "J": "joule", "W": "watt", "V": "volt", "A": "ampere", "K": "kelvin",
}  # fmt: skip
"""Units of one capital letter behind a number, which may be a variable as well: 10 N."""
_NO_UNITS = frozenset(_CHANGE_THE_NUMBER.split())
_TEXT = r"\\text\{[A-Za-z. /]+\}(?:\^\{?[23]\}?)?"
# What Chinese, Japanese and Korean count or measure in; not what multiplies or divides: 万, 倍, 折.
_COUNTED = (
    r"(?![千百十](?![米克瓦])|分之|[万亿萬億兆倍折成半])"
    r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af/]{1,8}"
)
_UNIT = re.compile(
    rf"""(?P<value>.*[^\s\\^_({{\[=+*/,-])
    (?: (?P<percent>%)
      | \^\\circ\ ?(?:\\text\{{)?(?P<scale>[CFK]?)\}}?
      | (?P<text>{_TEXT}(?:/{_TEXT})?)
      | (?<=[0-9)}}\]])(?:\\text\{{)?(?P<counted>{_COUNTED})\}}?
      | (?<=[0-9)}}\]])
        (?P<bare>\ ?[A-Za-z]{{2,}}(?:[ /][A-Za-z]+){{0,6}}|\ [A-Za-z](?:/[a-z]{{1,3}})?)
        (?P<power>\^\{{?[23]\}}?)?
    )""",
    re.VERBOSE,
)
_ANGLE_FUNCTION = re.compile(r"\\(?:arc)?(?:sin|cos|tan|cot|sec|csc)")
_BASE = re.compile(r"(?P<value>[0-9A-F,]+)_\{?(?P<base>[0-9]{1,2})\}?")


@dataclass(frozen=True, slots=True)
class Measured:
    """A value and its unit; "" for none.

    `listed` where the unit is one this module knows, `doubtful` where it may be a variable: 5 m.
    """

    value: str
    unit: str = ""
    listed: bool = True
    doubtful: bool = False

    def in_base_ten(self) -> Fraction | None:
        """The number that a value in another base stands for; None for anything else."""
        try:
            return Fraction(int(self.value, int(self.unit.removeprefix("base "))))
        except ValueError:  # not a base, or a digit that the base does not have
            return None


def measured(text: str) -> Measured:
    """Splits the normal form of an answer; one without a unit comes back whole."""
    if part := _BASE.fullmatch(text):
        return Measured(part["value"], f"base {part['base']}")
    part = _UNIT.fullmatch(text)
    if part is None or (part["scale"] is not None and _ANGLE_FUNCTION.search(part["value"])):
        return Measured(text)
    if part["percent"]:
        return Measured(part["value"], "%")
    if part["scale"] is not None:
        return Measured(part["value"], f"degree {part['scale']}".strip())
    if part["counted"]:
        return Measured(part["value"], part["counted"], listed=False)
    words = (part["text"] or part["bare"] + (part["power"] or "")).replace(r"\text", "")
    # 5 gallons of water: what is measured says nothing about the unit.
    words = re.sub(r"(?<=[a-z]) of (?:[a-z]+ ?){1,5}$", "", words)
    words = _CAPITALS.get(words.strip(" {}"), words)
    unit, listed = _one_spelling(words)
    # Letters right after a number are variables (2ab) unless they are a unit or a longer word.
    if not unit or (part["bare"] and not listed and len(part["bare"].strip()) < 4):
        return Measured(text)
    doubtful = part["text"] is None and len(part["bare"].strip()) == 1
    return Measured(part["value"], unit, listed, doubtful)


def is_listed_unit(words: str) -> bool:
    """Whether plain words are a unit that this module knows: miles per hour, square feet.

    Not those that are words of another kind far more often: `5 in all`, `at 5 am`.
    """
    unit, listed = _one_spelling(words)
    return (
        bool(unit) and listed and words.rsplit(" ", maxsplit=1)[-1] not in ("in", "am", "pm", "per")
    )


def _one_spelling(words: str) -> tuple[str, bool]:
    """A unit's canonical name, and whether all of it is known; "" where it is no unit."""
    names, power, listed = [], "", True
    for token in re.findall(r"[a-z]+|[23/]", re.sub(r"[{}^.]", "", words.lower())):
        if token in _NO_UNITS:
            return "", False
        if token in ("square", "sq", "2"):
            power = "^2"
        elif token in ("cubic", "cu", "3"):
            power = "^3"
        else:
            listed = listed and (token in _NAMES or token in ("/", "per"))
            names.append("/" if token == "per" else _NAMES.get(token, token.removesuffix("s")))
    name = "".join(names)
    return {"mi/h": "mph", "km/h": "kmh"}.get(name, name) + power, listed
