"""Claims in words: `20% of 50 is 15`, `the remainder when 17 is divided by 5 is 3`, `91 is prime`.

Each form is a pattern and a rule that says whether its numbers fit; a form decides only what it
names in full. A sentence that asks, denies or supposes says nothing. Values that were rounded hold.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from labeler.checking.claims.decide import Kind, Link, claim
from labeler.checking.claims.numbers import divisors, is_prime, is_rounded
from labeler.records import Verdict

MAX_CLAIMS = 60
"""Of one step."""

MAX_LISTED = 24
"""Longer lists are recited; what matters of them is said elsewhere."""

_N = r"\$?(\d[\d,]*(?:\.\d+)?)"
_W = r"(\d{1,12})"
_IS = (
    r"(?: (?:dollars?|people|students?|minutes?|hours?|miles?|cents?))? (?:is|equals|is "
    r"equal to|makes|gives|comes to) "
)
_MATH = re.compile(r"\$\$|\\[()]|\$(?=[^$\d])|(?<=\d)\$|\\(?:text|mathrm)\{\s*|\\,|[{}]")
_SPACES = re.compile(r"  +")
_UNSTATED = re.compile(
    r"\b(?:not|n't|never|if|whether|suppose|assume|wrong|incorrect|mistake|false|except|"
    r"unless|instead|"
    r"wait|claims?|said|says|thinks?|thought|might|would|approximately|about|around|"
    r"roughly|almost|nearly|"
    r"more|less|fewer|base|mod|contradict\w*|impossible|error|neither|nor)\b|n't\b|\?|≈|~",
    re.IGNORECASE,
)
_SHARES = {
    "half": Fraction(1, 2), "one half": Fraction(1, 2), "a third": Fraction(1, 3),
    "one third": Fraction(1, 3), "a quarter": Fraction(1, 4), "one quarter": Fraction(1, 4),
    "one fourth": Fraction(1, 4), "a fourth": Fraction(1, 4), "two thirds": Fraction(2, 3),
    "three quarters": Fraction(3, 4), "three fourths": Fraction(3, 4), "a fifth": Fraction(1, 5),
    "one fifth": Fraction(1, 5), "twice": Fraction(2), "double": Fraction(2),
    "triple": Fraction(3), "thrice": Fraction(3),
}  # fmt: skip
_SHARE = "|".join(sorted(_SHARES, key=len, reverse=True))


@dataclass(frozen=True, slots=True)
class Form:
    """`needs`: a text without which the pattern cannot match; `rule`: the verdict on its groups.

    A rule gives None where the numbers do not decide, "" where they hold, else what is true.
    """

    needs: str
    pattern: re.Pattern[str]
    rule: Callable[[re.Match[str]], str | None]
    kind: Kind = Kind.WORDED


def _number(text: str) -> Fraction:
    return Fraction(text.replace(",", "").rstrip("."))


def _against(value: Fraction, shown: str) -> str:
    """ "" where a numeral shows the value, if need be rounded; else the value."""
    shown = shown.rstrip(".,")
    if _number(shown) == value or is_rounded(value, shown):
        return ""
    return str(value) if value.denominator < 1000 else f"{float(value):.6g}"


def _percent(m: re.Match[str]) -> str | None:
    return _against(_number(m[1]) * _number(m[2]) / 100, m[3])


def _share(m: re.Match[str]) -> str | None:
    return _against(_SHARES[m[1].lower().replace("-", " ")] * _number(m[2]), m[3])


def _spoken(m: re.Match[str]) -> str | None:
    left, right = _number(m[1]), _number(m[3])
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
    return _against(value, m[4])


def _of_two(m: re.Match[str]) -> str | None:
    left, right = _number(m[2]), _number(m[3])
    values = {"sum": left + right, "product": left * right, "difference": abs(left - right)}
    return _against(values[m[1].lower()], m[4])


def _power(m: re.Match[str]) -> str | None:
    return _against(_number(m[1]) ** (2 if m[2].lower() == "squared" else 3), m[3])


def _root(m: re.Match[str]) -> str | None:
    n = _number(m[2])
    shown = _number(m[3].rstrip(".,"))
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
    gap = abs(_number(m[1]) - _number(m[3]))
    return "" if gap * 2 <= unit else f"{float(round(_number(m[1]) / unit) * unit):.{places}f}"


def _remainder(m: re.Match[str]) -> str | None:
    n, d, r = int(m[1].replace(",", "")), int(m[2].replace(",", "")), int(m[3])
    return None if not d else "" if n % d == r else str(n % d)


def _quotient(m: re.Match[str]) -> str | None:
    n, d, q, r = (int(m[k].replace(",", "")) for k in (1, 2, 3, 4))
    return None if not d else "" if n == d * q + r and r < d else f"{n // d} remainder {n % d}"


def _kind_of_number(m: re.Match[str]) -> str | None:
    n, denied, what = int(m[1].replace(",", "")), bool(m[2]), m[3].lower()
    holds: bool | None
    match what.split()[-1]:
        case "prime" | "number" if "prime" in what:
            holds = is_prime(n)
        case "even":
            holds = n % 2 == 0
        case "odd":
            holds = n % 2 == 1
        case "square":
            holds = math.isqrt(n) ** 2 == n
        case _:
            return None
    if holds is None:
        return None
    return "" if holds != denied else f"{n} is {'' if holds else 'not '}{what}"


def _divisible(m: re.Match[str]) -> str | None:
    n, denied, d = int(m[1].replace(",", "")), bool(m[2]), int(m[4].replace(",", ""))
    if not d or not n:
        return None
    holds = d % n == 0 if m[3].lower().startswith(("a factor", "a divisor")) else n % d == 0
    return "" if holds != denied else f"{n} = {d} * {n // d} + {n % d}"


def _gcd(m: re.Match[str]) -> str | None:
    name, shown = m[1].lower(), int(m[3].replace(",", ""))
    numbers = [int(n) for n in re.findall(r"\d+", m[2].replace(",", " "))]
    if len(numbers) < 2:
        return None
    least = name.startswith(("lcm", "least common m", "lowest common m", "smallest common m"))
    value = math.lcm(*numbers) if least else math.gcd(*numbers)
    return "" if value == shown else str(value)


def _coprime(m: re.Match[str]) -> str | None:
    """Two whole numbers that are said to have no (other) common factor, or to be reduced."""
    shared = math.gcd(int(m[1].replace(",", "")), int(m[2].replace(",", "")))
    return "" if shared == 1 else f"both are multiples of {shared}"


def _listed(text: str) -> list[int]:
    return [int(n) for n in re.findall(r"(?<![\d.^])\d+(?![\d.]*\d|\^)", text)]


def _divisors(m: re.Match[str]) -> str | None:
    n, listed = int(m[2].replace(",", "")), _listed(m[3])
    known = divisors(n)
    if (
        known is None
        or not 2 <= len(listed) <= MAX_LISTED
        or re.search(r"\.\.\.|…|dots|\^|\d\s*[x*×]", m[3])
    ):
        return None
    what = (m[1] or "").lower()
    if "prime" in what:
        known = [d for d in known if is_prime(d)]
    elif "proper" in what:
        known = known[:-1]
    elif what.strip() not in {"", "positive", "all", "positive integer"}:
        return None
    strangers = [d for d in listed if d not in known]
    if strangers:
        return f"{strangers[0]} is none"
    missing = sorted(set(known) - set(listed) - {1, n})
    return f"{missing[0]} is missing" if missing else ""


def _factored(m: re.Match[str]) -> str | None:
    n, product = int(m[1].replace(",", "")), m[2]
    product = re.sub(r"\s*(?:\\times|\\cdot|[×·x*])\s*", "*", product.strip().rstrip(".,"))
    if not re.fullmatch(
        r"\d+(?:\^\d{1,2})?(?:\*\d+(?:\^\d{1,2})?)*", product
    ) or "*" not in product + "^*" * ("^" in product):
        return None
    value = 1
    for part in product.split("*"):
        base, _, power = part.partition("^")
        if len(base) > 9:
            return None
        value *= int(base) ** int(power or 1)
        if is_prime(int(base)) is False and int(base) > 1:
            return f"{base} is not prime"
    return "" if value == n else str(value)


def _form(
    needs: str, pattern: str, rule: Callable[[re.Match[str]], str | None], kind: Kind = Kind.WORDED
) -> Form:
    return Form(needs, re.compile(pattern, re.IGNORECASE), rule, kind)


_END = (
    r"(?![\d]|[,.]\d|[ \t]*[-+*/×÷^%(!\\]|[ \t]*(?:x|times|plus|minus|percent|more|less|dozen|"
    r"hundred|thousand|million|out of|to the|divided|multiplied|and a)\b)"
)
_BEGIN = r"(?<![\w.,/+*×÷^)\]!|-])(?<![-+*/×÷=|(] )"
_ALONE = _BEGIN + "".join(
    f"(?<!{word} )"
    for word in ["plus", "minus", "times", "by", "of", "and", "than", "when", "to", "from"]
)
FORMS = (
    _form("% of", rf"{_BEGIN}(\d+(?:\.\d+)?)% of {_N}{_IS}{_N}{_END}", _percent),
    _form("percent of", rf"{_BEGIN}(\d+(?:\.\d+)?) percent of {_N}{_IS}{_N}{_END}", _percent),
    *(
        _form(f"{word} of", rf"\b({_SHARE.replace(' ', '[ -]')}) of {_N}{_IS}{_N}{_END}", _share)
        for word in ("half", "third", "thirds", "quarter", "quarters", "fourth", "fourths", "fifth")
    ),
    _form("wice ", rf"\b(twice) {_N}{_IS}{_N}{_END}", _share),
    *(
        _form(word, rf"{_ALONE}{_N} ({word}) {_N}{_IS}{_N}{_END}", _spoken)
        for word in ("plus", "minus", "times", "multiplied by", "divided by")
    ),
    *(
        _form(f"{word} of", rf"\b({word}) of {_N} and {_N}{_IS}{_N}{_END}", _of_two)
        for word in ("sum", "product", "difference")
    ),
    _form("squared", rf"{_BEGIN}{_N} (squared){_IS}{_N}{_END}", _power),
    _form("cubed", rf"{_BEGIN}{_N} (cubed){_IS}{_N}{_END}", _power),
    _form(
        "round",
        r"(?<![\d.,])(\d+\.\d+)(?!\d)[^.\n=\\]{0,30}(?:\. )?[^.\n=\\]{0,20}\bround(?:ed|s|"
        r"ing)?(?: it| this| up| down)?"
        r" to the nearest (whole number|integer|tenth|hundredth|thousandth|cent|dollar|whole|unit)"
        r"[^.\d\n]{0,60}?(\d[\d,]*(?:\.\d+)?)(?![\d%])",
        _rounded,
    ),
    _form("root of", rf"\b(square|cube) root of {_N}{_IS}{_N}{_END}", _root),
    _form(
        "remainder",
        rf"remainder (?:when|of|if) {_N} (?:is )?divided by {_N} is {_W}{_END}",
        _remainder,
        Kind.MODULAR,
    ),
    _form(
        "remainder",
        rf"{_BEGIN}{_N} divided by {_N} (?:leaves|has|gives|is|yields)[^.=]{{0,24}}remainder "
        rf"(?:of |is )?{_W}{_END}",
        _remainder,
        Kind.MODULAR,
    ),
    _form(
        "remainder",
        rf"(?<![\d.,^/*×÷+-]){_W} ?(?:÷|/|\\div|divided by) ?{_W} ?(?:=|is|equals|gives) ?{_W},? "
        rf"?(?:with |and |leaving )?(?:a |the )?remainder (?:of |is )?{_W}{_END}",
        _quotient,
        Kind.MODULAR,
    ),
    *(
        _form(
            f" {word}",
            rf"{_BEGIN}{_W} is (not )?((?:a |an )?{word}(?: number)?)(?=[.,;)]|\s*$| and\b| so\b|"
            rf" because\b| since\b| but\b)",
            _kind_of_number,
        )
        for word in ("prime", "even", "odd", "perfect square")
    ),
    *(
        _form(word, rf"{_BEGIN}{_N} is (not )?({word}) {_N}{_END}", _divisible, Kind.MODULAR)
        for word in ("divisible by", "a multiple of", "a factor of", "a divisor of")
    ),
    *(
        _form(
            word,
            rf"\b({word})(?: \((?:gcd|lcm|gcf|hcf)\))? of (\d+(?:,? (?:and )?\d+)+) is {_W}{_END}",
            _gcd,
            Kind.MODULAR,
        )
        for word in (
            "gcd",
            "lcm",
            "greatest common divisor",
            "greatest common factor",
            "least common multiple",
        )
    ),
    *(
        _form(
            word,
            rf"\b(positive |prime |proper |all )?{word} of (\d[\d,]*) are:? ((?:\$?\d+(?:,? "
            rf"(?:and )?|,? ?\$?and ))+\$?\d+)(?=[.;:)]|\s*$|\s*\n|,? (?:so|which|giving|for a "
            rf"total|a total|because|since))",
            _divisors,
            Kind.COUNT,
        )
        for word in ("factors", "divisors")
    ),
    _form(
        "common ",
        rf"{_BEGIN}{_W} and {_W} (?:have|share|do not (?:have|share)|don't (?:have|share)) "
        rf"(?:no|any) (?:other )?common (?:factors?|divisors?)(?! other than (?:[02-9]|1\d))"
        r"(?! except)",
        _coprime,
        Kind.MODULAR,
    ),
    _form(
        "prime",
        rf"{_BEGIN}{_W} and {_W} are (?:relatively prime|coprime|co-prime)(?! to)",
        _coprime,
        Kind.MODULAR,
    ),
    _form(
        "factorization of",
        rf"prime factorization of {_W} is:? ((?:\d+(?:\^\d+)?\s*(?:\\times|\\cdot|"
        rf"[×·*x])?\s*)+)(?=[.,;]?(?:\s|$))",
        _factored,
        Kind.MODULAR,
    ),
)


Forms = Sequence[tuple[str, tuple[Form, ...]]]
"""What a text must hold, and the forms that need it."""


def forms_in(low: str) -> Forms:
    """The forms that may stand somewhere in a text, which is in small letters."""
    return [(needs, group) for needs, group in ALL_FORMS if needs in low]


def worded(step: str, low: str, forms: Forms) -> Iterator[Link]:
    """What a step (`low`: in small letters) claims in words, in some of these forms."""
    text = ""
    found = 0
    for form in [form for needs, group in forms if needs in low for form in group]:
        if not text:
            text = _SPACES.sub(" ", _MATH.sub("", step))
        for match in form.pattern.finditer(text):
            found += 1
            if found > MAX_CLAIMS:
                return
            link = _decided(form, match, text)
            if link is not None:
                yield link


def _decided(form: Form, match: re.Match[str], text: str) -> Link | None:
    said = form.rule(match)
    if said is None:
        return None
    if not said:
        return claim(match[0], Verdict.CORRECT, form.kind)
    begin = max(text.rfind(mark, 0, match.start()) for mark in (". ", "\n", "; "))
    around = (
        text[max(begin, match.start() - 160) : match.start()]
        + text[match.end() : match.end() + 40].split("\n", maxsplit=1)[0]
    )
    if _UNSTATED.search(around):
        return claim(match[0], Verdict.UNKNOWN, form.kind, reason="not stated as a fact")
    return claim(match[0], Verdict.WRONG, form.kind, shown=said)


def _by_need() -> tuple[tuple[str, tuple[Form, ...]], ...]:
    needs = dict.fromkeys(form.needs for form in FORMS)
    return tuple((n, tuple(form for form in FORMS if form.needs == n)) for n in needs)


ALL_FORMS = _by_need()
