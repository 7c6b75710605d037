"""Quantities of the problem that a step takes from it wrongly.

- a price: `$8.00/skirt`, where the problem says `$6.00 per skirt` and $8.00 of another thing;
- a percentage: `20% of the melons`, where the problem knows 30% of them and 20% of nothing;
- how often: `quarterly, which means three times a year`;
- weeks of five days, where the problem leaves out no day;
- a discount of 75%, where 75% of the price are paid.

A number that could have been derived (a rest to 100%, a sum, a product) is none of these.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import lru_cache

from labeler.checking.claims.decide import Kind, Link, claim
from labeler.records import Verdict

_PER = re.compile(
    r"\\?\$(\d[\d,]*(?:\.\d+)?)(?: per |/)(?:pair of )?(?:\\text\{\s*)?([a-z]+)", re.IGNORECASE
)
_TIME = frozenset({"second", "minute", "hour", "day", "night", "week", "month", "year", "session"})
_PERCENT = re.compile(r"(?<![\d.,])(\d{1,3}(?:\.\d+)?)(?:\\?%| percent\b)")
_PERCENT_OF = re.compile(
    r"(?<![\d.,])(\d{1,3}(?:\.\d+)?)(?:\\?%| percent) of the (?:\d[\d,]* )?([a-z]+)", re.IGNORECASE
)
_OFTEN = {"quarterly": 4, "monthly": 12, "semiannually": 2, "semi-annually": 2}
_TIMES = re.compile(
    rf"\b({'|'.join(_OFTEN)})\b[^.;:\n]{{0,50}}?\b(twice|two|three|four|six|twelve|\d{{1,2}})"
    r"(?: times)? (?:a|per|in a|each|every|in one) year\b",
    re.IGNORECASE,
)
_NUMBER_WORDS = {"twice": 2, "two": 2, "three": 3, "four": 4, "six": 6, "twelve": 12}
_UNSURE = re.compile(
    r"\b(?:not|if|suppose|assum\w+|instead|would|example|let|increas\w+|tax|tip)\b", re.I
)


_DAYS = re.compile(
    r"\b(?:5|6|five|six) (?:work(?:ing)? ?)?days (?:a|per|in (?:a|one|the)|each|every) "
    r"(?:work ?|school )?week\b|"
    r"\b(?:work ?)?week (?:of|has|is|consists of|with) (?:5|6|five|six) days|"
    r"\b(?:5|6|five|six)[- ]day (?:work ?)?week\b",
    re.IGNORECASE,
)
_WEEK_LIMITED = re.compile(
    r"\b(?:week ?days?|week ?ends?|work ?weeks?|school|class\w*|(?:mon|tues|wednes|thurs|fri|satur|"
    r"sun)days?|business|working|except|off|rest\w*|job|office|only|closed|open|"
    r"(?:\d+|two|three|four|five|six|several|some|other|most)[- ]days?|"
    r"times (?:a|per|each|every) week)\b",
    re.IGNORECASE,
)
"""Words of a problem by which a week may have fewer days than seven."""
_DERIVED = re.compile(r"[-=]\s*\Z")
_DISCOUNT = re.compile(
    r"\b(?:discount|reduction|mark ?down)(?: \w+){0,4}? (?:is|of|was|at) (\d{1,2})\\?%|"
    r"\b(\d{1,2})\\?% (?:discount|off|reduction)\b",
    re.IGNORECASE,
)
_AT_SHARE = re.compile(
    r"\b(?:at|for|paid|pays) (\d{1,2})\\?% of (?:its|the|their|her|his) (?:original |regular |"
    r"full |list |retail |usual |normal )?(?:price|cost|value)",
    re.IGNORECASE,
)


def _number(text: str) -> Fraction:
    return Fraction(text.replace(",", "").rstrip("."))


def _one(noun: str) -> str:
    return noun.lower().removesuffix("s")


@lru_cache(maxsize=64)
def _prices(problem: str) -> dict[str, frozenset[Fraction]]:
    """What one of a thing costs, by its name."""
    found: dict[str, frozenset[Fraction]] = {}
    for match in _PER.finditer(problem):
        noun = _one(match[2])
        if noun in _TIME:
            continue
        found[noun] = found.get(noun, frozenset()) | {_number(match[1])}
    return found


@lru_cache(maxsize=64)
def _percentages(problem: str) -> frozenset[Fraction]:
    """The percentages of a problem and what one or two of them give."""
    said = {_number(n) for n in _PERCENT.findall(problem)}
    derived = {x + y for x, y in itertools.product(said, said)}
    derived |= {x - y for x, y in itertools.product(said, said)}
    derived |= {x * y / 100 for x, y in itertools.product(said, said)}
    every = said | derived
    return frozenset(every | {100 - x for x in every} | {100 + x for x in every})


def misread(problem: str, step: str, low: str, texts: Sequence[str]) -> Iterator[Link]:
    """Quantities of a step (`low`: in small letters) that the problem gives another value; `texts`
    are the steps up to this one."""
    if "year" in low:
        for match in _TIMES.finditer(step):
            due = _OFTEN[match[1].lower()]
            said = _NUMBER_WORDS.get(match[2].lower()) or int(match[2])
            verdict = Verdict.CORRECT if said == due else Verdict.WRONG
            yield claim(match[0], verdict, Kind.CONVERSION, shown=f"{due}, not {said}")
    if "week" in low and "day" in low:
        yield from _week_assumed(problem, step)
    if "%" in step and "% of" in problem:
        yield from _share_as_discount(problem, step)
    if "$" in step:
        yield from _prices_misread(problem, step, texts[:-1])
    if "% of the" in low or "percent of the" in low:
        yield from _percentages_misread(problem, step, texts[:-1])


def _week_assumed(problem: str, step: str) -> Iterator[Link]:
    """Weeks of five or six days, where the problem knows of no day that is left out."""
    match = _DAYS.search(step)
    if match is None or "week" not in problem.lower() or _WEEK_LIMITED.search(problem):
        return
    if _DERIVED.search(step[: match.start()][-20:]):
        return
    shown = "the problem leaves out no day of the week"
    yield claim(match[0], Verdict.WRONG, Kind.PROBLEM, shown=shown)


def _share_as_discount(problem: str, step: str) -> Iterator[Link]:
    """`a discount of 75%`, where the problem says that 75% of the price are paid."""
    paid = {match[1] for match in _AT_SHARE.finditer(problem)}
    off = {match[1] or match[2] for match in _DISCOUNT.finditer(problem)}
    for match in _DISCOUNT.finditer(step):
        share = match[1] or match[2]
        if (
            share in paid - off
            and int(share) != 50
            and not _UNSURE.search(step[: match.start()][-60:])
        ):
            shown = f"the problem says that {share}% of the price are paid"
            yield claim(match[0], Verdict.WRONG, Kind.PROBLEM, shown=shown)


def _prices_misread(problem: str, step: str, before: Sequence[str]) -> Iterator[Link]:
    known = _prices(problem)
    if len(known) < 2:
        return
    for match in _PER.finditer(step):
        price, noun = _number(match[1]), _one(match[2])
        due = known.get(noun)
        others = [n for n, values in known.items() if n != noun and price in values]
        if due is None or price in due or not others or _UNSURE.search(step[: match.start()][-60:]):
            continue
        if any(match[0] in text for text in before):
            continue
        shown = f"the problem says {', '.join(str(float(v)) for v in due)}"
        yield claim(match[0], Verdict.WRONG, Kind.PROBLEM, shown=shown)


def _percentages_misread(problem: str, step: str, before: Sequence[str]) -> Iterator[Link]:
    known = _percentages(problem)
    texts = [problem, *before]
    for match in _PERCENT_OF.finditer(step):
        share, noun = _number(match[1]), _one(match[2])
        here = [m for m in _PERCENT_OF.finditer(problem) if _one(m[2]) == noun]
        if share in known or len(here) != 1 or _UNSURE.search(step[: match.start()][-60:]):
            continue
        texts_with_it = [
            t
            for t in [*texts, step[: match.start()]]
            if re.search(rf"(?<![\d.]){match[1]}(?![\d.]\d)", t)
        ]
        if texts_with_it:
            continue
        shown = f"the problem says {here[0][0]}"
        yield claim(match[0], Verdict.WRONG, Kind.PROBLEM, shown=shown)
