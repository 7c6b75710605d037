r"""Inequalities against intervals: `x \le -2 or x \ge 2` is `(-\infty,-2]\cup[2,\infty)`.

"or" joins, "and" cuts; a comma between relations cuts where something is left and joins where
nothing would be (`x \le -2, x \ge 2`); intervals listed beside an "or" or a comma are joined.
Not covered: absolute values, several unknowns. Arguments are answers as written, not normal forms,
which no longer tell "and" from "or". Needs sympy.
"""

from __future__ import annotations

import re
from typing import Any

from labeler.checking.answer_parsing import parsed
from labeler.checking.answer_text import normal_form

_OR = re.compile(
    r",?\s*(?:\\text\s*\{[\s,]*or[\s,]*\}|(?<![A-Za-z\\])or(?![A-Za-z])"
    r"|\\lor(?![A-Za-z])|\\vee(?![A-Za-z])|∨)\s*"
)
_AND = re.compile(
    r",?\s*(?:\\text\s*\{[\s,]*and[\s,]*\}|(?<![A-Za-z\\])and(?![A-Za-z])"
    r"|\\land(?![A-Za-z])|\\wedge(?![A-Za-z])|∧)\s*"
)
_RELATION = re.compile(r"\\(?:le|ge|ne)(?![A-Za-z])|[<>=]")
_INTERVAL = re.compile(r"(?P<left>[(\[])(?P<low>[^,()\[\]]+),(?P<high>[^,()\[\]]+)(?P<right>[)\]])")
_COMMA = re.compile(r",(?![^(\[]*[)\]])")


def sets_equal(gold: str, answer: str) -> bool | None:
    """Whether two answers are the same set of reals; None unless one is written with relations
    or with "or", and both are understood.
    """
    if not any(_RELATION.search(normal_form(one)) or _OR.search(one) for one in (gold, answer)):
        return None
    try:
        read = [_read(one) for one in (gold, answer)]
        if read[0] is None or read[1] is None:
            return None
        (first, name), (second, other_name) = read[0], read[1]
        if name and other_name and name != other_name:
            return None
        return bool(first.symmetric_difference(second).is_empty)
    except Exception:  # the grammar and sympy raise nearly anything
        return None


def _read(text: str) -> tuple[Any, str] | None:
    """The set and the name of its unknown, "" for intervals; None where it is no set."""
    from sympy import S, Union

    names: set[str] = set()
    joined = []
    pieces = _OR.split(text.strip().strip("$."))
    if not any(re.search(r"[<>(\[≤≥≠]|\\(?:le|ge|ne|lt|gt)", piece) for piece in pieces):
        return None  # plain values side by side are no set of reals here
    for alternative in pieces:
        cut = S.Reals
        for condition in _AND.split(alternative):
            one = _listed(normal_form(condition), names)
            if one is None:
                return None
            cut = cut.intersect(one)
        joined.append(cut)
    if len(names) > 1:
        return None
    return Union(*joined), next(iter(names), "")


def _listed(text: str, names: set[str]) -> Any | None:
    """Relations or intervals with commas between them."""
    from sympy import Intersection, Union

    text = re.sub(r"^([A-Za-z])\\in ?", "", text)
    pieces = [piece.strip() for piece in _COMMA.split(text)]
    sets = [_single(piece, names) for piece in pieces]
    if any(one is None for one in sets):
        return None
    if all(_RELATION.search(piece) for piece in pieces):
        cut = Intersection(*sets)
        return Union(*sets) if cut.is_empty else cut
    return Union(*sets)


def _single(text: str, names: set[str]) -> Any | None:
    r"""One relation, chain of relations, or intervals joined by `\cup`."""
    if _RELATION.search(text):
        return _chain(text, names)
    from sympy import Union

    intervals = [_interval(part.strip()) for part in re.split(r"\\cup ?", text)]
    return None if any(one is None for one in intervals) else Union(*intervals)


def _interval(text: str) -> Any | None:
    from sympy import Interval

    found = _INTERVAL.fullmatch(text)
    if found is None:
        return None
    low, high = parsed(found["low"], True), parsed(found["high"], True)
    return Interval(low, high, found["left"] == "(", found["right"] == ")")


def _chain(text: str, names: set[str]) -> Any | None:
    r"""`a < x \le b`, `x > a`, `x \ne a`: the unknown stands once."""
    from sympy import FiniteSet, Interval, S, oo

    sides = [side.strip() for side in _RELATION.split(text)]
    signs = [sign.strip() for sign in _RELATION.findall(text)]
    unknowns = [
        place for place, side in enumerate(sides) if re.fullmatch(r"[A-Za-z]|\\theta", side)
    ]
    if len(unknowns) != 1:
        return None
    [place] = unknowns
    names.add(sides[place])
    cut = S.Reals
    for other, side in enumerate(sides):
        if other == place:
            continue
        if abs(other - place) != 1:
            return None
        sign = signs[min(other, place)]
        if other < place:  # 2 < x is x > 2
            sign = {"<": ">", ">": "<", r"\le": r"\ge", r"\ge": r"\le"}.get(sign, sign)
        bound = parsed(side, True)
        cut = cut.intersect(
            {
                "<": lambda b: Interval.open(-oo, b),
                ">": lambda b: Interval.open(b, oo),
                r"\le": lambda b: Interval(-oo, b),
                r"\ge": lambda b: Interval(b, oo),
                r"\ne": lambda b: S.Reals - FiniteSet(b),
                "=": FiniteSet,
            }[sign](bound)
        )
    return cut
