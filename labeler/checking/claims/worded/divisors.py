"""Whole numbers in words: remainders, primes, divisors, common factors, factorizations."""

from __future__ import annotations

import math
import re
from dataclasses import replace

from labeler.checking.claims.decide import Kind
from labeler.checking.claims.numbers import divisors, is_prime
from labeler.checking.claims.worded.base import BEGIN, END, NUMBER, WHOLE, form

MAX_LISTED = 24
"""Longer lists are recited; what matters of them is said elsewhere."""


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


_OF_ANOTHER = ("divisible by", "a multiple of", "a factor of", "a divisor of")
_ALONE = rf"(?:{END}|(?= \([a-z]))"
"""A number at an end, or before a gloss in brackets."""
FORMS = (
    form(
        "remainder",
        rf"remainder (?:when|of|if) {NUMBER} (?:is )?divided by {NUMBER} is {WHOLE}{END}",
        _remainder,
        Kind.MODULAR,
    ),
    form(
        "remainder",
        rf"{BEGIN}{NUMBER} divided by {NUMBER} (?:leaves|has|gives|is|yields)[^.=]{{0,24}}"
        rf"remainder (?:of |is )?{WHOLE}{END}",
        _remainder,
        Kind.MODULAR,
    ),
    form(
        "remainder",
        rf"(?<![\d.,^/*×÷+-]){WHOLE} ?(?:÷|/|\\div|divided by) ?{WHOLE} ?(?:=|is|equals|gives) ?"
        rf"{WHOLE},? ?(?:with |and |leaving )?(?:a |the )?remainder (?:of |is )?{WHOLE}{END}",
        _quotient,
        Kind.MODULAR,
    ),
    *(
        form(
            f" {word}",
            rf"{BEGIN}{WHOLE} is (not )?((?:a |an )?{word}(?: number)?)(?=[.,;)]|\s*$| and\b| so\b|"
            rf" because\b| since\b| but\b)",
            _kind_of_number,
        )
        for word in ("prime", "even", "odd", "perfect square")
    ),
    *(
        form(
            word, rf"{BEGIN}{NUMBER} is (not )?({word}) {NUMBER}{_ALONE}", _divisible, Kind.MODULAR
        )
        for word in _OF_ANOTHER
    ),
    *(
        replace(
            form(
                word,
                rf"(?<![\w.,/+*×÷^)\]!|-])(?<![-+*/×÷|] ){NUMBER} ?,? which is (not )?({word}) "
                rf"{NUMBER}{_ALONE}",
                _divisible,
                Kind.MODULAR,
            ),
            stands=True,
        )
        for word in _OF_ANOTHER
    ),
    *(
        replace(
            form(
                needs,
                rf"(?<![\d.,^/*×÷+-]){WHOLE} ?{sign} ?{WHOLE} ?(?:=|is|equals) ?"
                rf"{WHOLE} ?R ?{WHOLE}{END}",
                _quotient,
                Kind.MODULAR,
            ),
            stands=True,
        )
        for needs, sign in (("÷", "÷"), ("\\div", r"\\div"), (" r ", "/"))
    ),
    *(
        form(
            word,
            rf"\b({word})(?: \((?:gcd|lcm|gcf|hcf)\))? of (\d+(?:,? (?:and )?\d+)+) is "
            rf"{WHOLE}{END}",
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
        form(
            word,
            rf"\b(positive |prime |proper |all )?{word} of (\d[\d,]*) are:? ((?:\$?\d+(?:,? "
            rf"(?:and )?|,? ?\$?and ))+\$?\d+)(?=[.;:)]|\s*$|\s*\n|,? (?:so|which|giving|for a "
            rf"total|a total|because|since))",
            _divisors,
            Kind.COUNT,
        )
        for word in ("factors", "divisors")
    ),
    form(
        "common ",
        rf"{BEGIN}{WHOLE} and {WHOLE} (?:have|share|do not (?:have|share)|don't (?:have|share)) "
        rf"(?:no|any) (?:other )?common (?:factors?|divisors?)(?! other than (?:[02-9]|1\d))"
        r"(?! except)",
        _coprime,
        Kind.MODULAR,
    ),
    form(
        "prime",
        rf"{BEGIN}{WHOLE} and {WHOLE} are (?:relatively prime|coprime|co-prime)(?! to)",
        _coprime,
        Kind.MODULAR,
    ),
    form(
        "factorization of",
        rf"prime factorization of {WHOLE} is:? ((?:\d+(?:\^\d+)?\s*(?:\\times|\\cdot|"
        rf"[×·*x])?\s*)+)(?=[.,;]?(?:\s|$))",
        _factored,
        Kind.MODULAR,
    ),
)
