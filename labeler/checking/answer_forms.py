r"""Decides by the form of two answers alone, before any mathematics: ratios, what is ambiguous.

- Three-part ratios are equal where they are proportional: 1:2:3 is 2:4:6 and never 1:6.
- Unknown, for it can be read in two ways: a comma that may be a decimal one (3,14), full stops that
  may part thousands (1.000.000), numbers side by side (`3 4`), `2/3x`.
- 1.5 million is 1500000; against 1.5 it is unknown, for the problem may ask for millions.
- 15:30 is 3:30 pm; a time without am or pm is the one that has it.
- Unknown, for it can be a product or a decimal that repeats: `0.1(6)`.
- Unknown: 5C2 and P(5,2), whose notation differs from book to book.
Both arguments are normal forms (`answer_text`).
"""

from __future__ import annotations

import re

from labeler.checking.answer_text import exact_number
from labeler.driver.requests import CheckResult
from labeler.records import Verdict

_SIDE_BY_SIDE = re.compile(r"(?<!_)(?<!_[0-9])[0-9] [0-9]")
_CHOOSE = re.compile(r"(?<![A-Za-z\\])(?:[0-9]+ ?[CP] ?_?\{?[0-9]+|[CP]\([0-9]+,|[CP]_\{?[0-9])")
_SLASHED = re.compile(r"[0-9]/[0-9]+ ?(?:[A-Za-z](?![A-Za-z])|\\pi|\\sqrt)")
_PERIOD = re.compile(r"-?[0-9]*\.[0-9]+\([0-9]+\)")
_CLOCK = re.compile(
    r"(?P<hour>[0-9]{1,2})(?::(?P<minute>[0-9]{2}))?(?:\\text\{)? ?"
    r"(?P<half>[ap](?:\.? ?m\.?)|o'clock)?\}?",
    re.IGNORECASE,
)
_RATIO = re.compile(r"[^:()\[\]{}]+(?::[^:()\[\]{}]+)+")
_SEPARATORS = str.maketrans(",.", ".,")
_CONTINENTAL = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]+)?|-?[0-9]+,[0-9]+")
_SCALED = re.compile(
    r"\\?\$?(?P<count>-?[0-9.,]+) ?(?P<scale>thousand|million|billion|trillion)"
    r"(?: [a-z]{3,20}|\\text\{[a-z]+\})?",
    re.IGNORECASE,
)
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_CURRENCY = re.compile(r"\\text\{[a-z]+\}$")


def decided_by_form(gold: str, answer: str) -> CheckResult | None:
    """A verdict where the forms are enough or forbid one, else None."""
    if gold == answer:
        return CheckResult(Verdict.CORRECT)
    for whose, text in (("gold answer", gold), ("answer", answer)):
        for pattern, why in (
            (_SIDE_BY_SIDE, "holds two numbers side by side"),
            (_PERIOD, "may be a product or a decimal that repeats"),
            (_CHOOSE, "is in a notation of combinations that has several meanings"),
            (_SLASHED, "may have the letter in the numerator or in the denominator"),
        ):
            if pattern.search(text):
                return CheckResult(Verdict.UNKNOWN, f"{whose} {why}")
    if _may_be_continental(gold, answer) or _may_be_continental(answer, gold):
        return CheckResult(
            Verdict.UNKNOWN, "a comma or full stop may be a decimal one or part thousands"
        )
    return (
        _compare_scaled(gold, answer)
        or _compare_clocks(gold, answer)
        or _compare_ratios(gold, answer)
    )


def _compare_clocks(gold: str, answer: str) -> CheckResult | None:
    """Where one answer at least says am, pm or o'clock, and both are times of a day."""
    times = [_CLOCK.fullmatch(text) for text in (gold, answer)]
    if not (times[0] and times[1]) or not (times[0]["half"] or times[1]["half"]):
        return None
    read = [
        (int(time["hour"]), int(time["minute"] or 0), (time["half"] or "")[:1].lower())
        for time in times
        if time
    ]
    halves = [half for _hour, _minute, half in read]
    if all(half in ("a", "p") for half in halves):
        return None  # both say it: units like others
    (hour, minute, _), (other, other_minute, _) = read
    if (hour, minute) == (other, other_minute):
        return CheckResult(Verdict.CORRECT)
    on_clock = [
        (h % 12 + 12 * (half == "p") if half in ("a", "p") else h, m) for h, m, half in read
    ]
    if on_clock[0] == on_clock[1] and max(hour, other) > 12:
        return CheckResult(Verdict.CORRECT)
    return None


def _compare_scaled(gold: str, answer: str) -> CheckResult | None:
    """Where one answer counts in thousands, millions or more and the other in ones."""
    scaled = [_SCALED.fullmatch(text) for text in (gold, answer)]
    if (scaled[0] is None) == (scaled[1] is None):
        return None
    found, other = (scaled[0], answer) if scaled[0] else (scaled[1], gold)
    assert found is not None
    count, number = exact_number(found["count"]), exact_number(_CURRENCY.sub("", other))
    if count is None or number is None:
        return None
    if count.value * _SCALES[found["scale"].lower()] == number.value:
        return CheckResult(Verdict.CORRECT)
    if count.value == number.value:
        return CheckResult(Verdict.UNKNOWN, f"only one answer says {found['scale']}")
    return CheckResult(Verdict.WRONG, "different numbers")


def _may_be_continental(one: str, other: str) -> bool:
    """Whether one answer is the other if its comma and full stop change their parts."""
    one, other = _CURRENCY.sub("", one), _CURRENCY.sub("", other)
    if not _CONTINENTAL.fullmatch(one):
        return False
    swapped, number = exact_number(one.translate(_SEPARATORS)), exact_number(other)
    return swapped is not None and number is not None and swapped.value == number.value


def _compare_ratios(gold: str, answer: str) -> CheckResult | None:
    if max(gold.count(":"), answer.count(":")) < 2:
        return None  # 1:2 against 1/2 is arithmetic
    if not (_RATIO.fullmatch(gold) and _RATIO.fullmatch(answer)):
        return CheckResult(Verdict.UNKNOWN, "only one answer is a ratio of three parts")
    parts = [[exact_number(part.strip()) for part in text.split(":")] for text in (gold, answer)]
    if len(parts[0]) != len(parts[1]):
        return CheckResult(Verdict.WRONG, "ratios of different length")
    numbers = [[part.value for part in row if part is not None] for row in parts]
    if any(len(row) < len(parts[0]) for row in numbers):
        return CheckResult(Verdict.UNKNOWN, "a part of a ratio is no number")
    first, second = numbers
    same = all(
        first[i] * second[j] == first[j] * second[i] for i in range(len(first)) for j in range(i)
    )
    return CheckResult(Verdict.CORRECT) if same else CheckResult(Verdict.WRONG, "different ratios")
