r"""Decides whether a final answer equals a problem's gold answer: correct, wrong or unknown.

`compare` tries, in this order: the same normal form; two exact numbers; choice letters; units;
words; at last math-verify on what latex2sympy could parse as a whole, and a numeric second opinion.
`MathChecker` answers the first two inline and sends the rest to killable worker processes.

Decisions (each is a case in tests/checking/math_cases.json):
- Unknown, never wrong: an empty answer, an answer or gold answer that cannot be parsed, an answer
  too large to evaluate, and two methods that disagree. Unparsed strings are equal only as text.
- Digits are exact: 0.3333334 is not 0.3333333. Between a fraction, root or pi and a decimal
  math-verify's rule holds, six decimal places: 1/3 is 0.333333, not 0.33.
- A unit that one side leaves out is implied by the problem: 5 cm is 5. Two units must be the same:
  5 cm is not 5 m; 500 cm and 5 m is unknown. So are 90 degrees and pi/2, 1101_2 and 13, and a
  choice (B) against what it may stand for.
- 50% is 0.5. 50% is also 50, for the problem then asks for a percentage; but 0.5% against 0.5 is
  unknown, for 0.5 may be a share.
- Words are compared without case and plurals (`answer_words`); where one answer's words contain the
  other's, or both say in different words that there is nothing, it is unknown.
- One value in several notations (`answer_notations`): a column and a tuple, y and f(x).

- Number words are read where the other answer has digits (`number_words`): five is 5.

Not covered: pulling the answer out of a solution (`extract`), unit conversion.
Sources: Math-Verify (gold first: its comparison is not symmetric; issues 25 and 60), whose `parse`
is not used because it accepts a fragment of what it cannot read, and whose time-outs use SIGALRM.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from importlib.metadata import version

from labeler.checking.answer_bounds import MAX_CHARACTERS, refusal
from labeler.checking.answer_choices import compare_choices
from labeler.checking.answer_equations import value_of_equation
from labeler.checking.answer_forms import decided_by_form
from labeler.checking.answer_notations import (
    compare_notations,
    enclosing,
    is_plain_list,
    list_in_brackets,
)
from labeler.checking.answer_parsing import parsed, relative_gap
from labeler.checking.answer_sets import sets_equal
from labeler.checking.answer_text import (
    Exact,
    exact_number,
    has_words,
    normal_form,
    words_only,
)
from labeler.checking.answer_units import Measured, measured
from labeler.checking.answer_words import compare_words
from labeler.checking.number_words import with_digits
from labeler.checking.workers import KillableWorkers, Lost
from labeler.driver.requests import Check, CheckResult
from labeler.records import Verdict

RULES_VERSION = 4
"""Raised whenever a verdict may change; part of the journal's keys."""

_CORRECT = CheckResult(Verdict.CORRECT)
_EXACT = 1e-15
_TWICE = re.compile(
    r"(?P<one>[^()\[\]]{1,60}?)"
    r"(?:,? (?:\\text ?\{ ?or ?\}|or|i\.e\.,?|which is|equivalently) "
    r"|,?\\text ?\{,? ?or ?\}| (?=[(\[]))"
    r"[(\[]?(?:or |about |approximately |i\.e\.,? |= ?|≈ ?|\\approx ?)?"
    r"(?P<two>[^()\[\]]{1,60})[)\]]?"
)
_LABEL = re.compile(
    r"(?:\\text\{[A-Za-z ]{1,60}\}|[A-Z][a-z]{3,20}(?: [a-z]{1,20}){0,5}) ?= ?(?=[^=]+$)"
)
_IMAGINARY = re.compile(r"(?<![A-Za-z\\])i(?![A-Za-z])")
_MOST_ROUNDED = 0.01
"""Relative difference up to which a number may be the rounding that stands beside it."""
_ROUNDING = 1e-5
"""Relative difference up to which two values may be one value rounded to six places."""


def compare(gold: str, answer: str) -> CheckResult:
    """Whether `answer` equals `gold`. Never raises; may hang or die, which `MathChecker` mends."""
    quick = compare_quickly(gold, answer)
    if quick is not None:
        return quick
    written = gold, answer
    gold, answer = _normal_gold(gold), normal_form(answer)
    for whose, text in (("gold answer", gold), ("answer", answer)):
        if why := refusal(text):
            return _unknown(f"{whose} not tried: {why}")
    if (by_choice := compare_choices(gold, answer)) is not None:
        return by_choice
    if answer.endswith("!") and _compare_numbers(gold, answer[:-1]) == _CORRECT:
        return _unknown("a factorial, or a sentence that ends with an exclamation mark")
    if (twice := _said_twice(*written) or _said_twice(*reversed(written))) is not None:
        return twice
    if _rounded_beside(gold, answer) or _rounded_beside(answer, gold):
        return _CORRECT
    same_set = sets_equal(*written)
    if same_set is not None:
        return _decided(same_set, "different sets of numbers")
    if (by_form := decided_by_form(gold, answer)) is not None:
        return by_form
    if re.search(r"[0-9]", gold + answer):
        gold, answer = with_digits(gold), with_digits(answer)
    gold_measured, answer_measured = measured(gold), measured(answer)
    if gold_measured.unit or answer_measured.unit:
        return _compare_measured(gold_measured, answer_measured)
    return _compare_values(gold, answer)


def compare_quickly(gold: str, answer: str) -> CheckResult | None:
    """The verdict where text and exact numbers are enough (microseconds, no sympy), else None."""
    if max(len(gold), len(answer)) > MAX_CHARACTERS:
        return _unknown(f"answer not tried: longer than {MAX_CHARACTERS} characters")
    numbers = _compare_numbers(gold, answer)  # before the normal form, which costs ten times more
    if numbers is not None:
        return numbers
    gold, answer = _normal_gold(gold), normal_form(answer)
    if not gold or not answer:
        return _unknown("empty answer" if gold else "empty gold answer")
    return _CORRECT if gold == answer else _compare_numbers(gold, answer)


def _said_twice(one: str, other: str) -> CheckResult | None:
    """Correct where `other` gives one value in two forms (`0.35 or 35%`, `1/2 (0.5)`) and each is
    `one`; unknown where the second is the first in fewer places; else None.
    """
    found = _TWICE.fullmatch(other.strip().strip("$").strip())
    if found is None or _TWICE.fullmatch(one.strip()):
        return None
    first, second = (part.strip().strip("$").strip() for part in found.group("one", "two"))
    if compare(one, first).verdict is not Verdict.CORRECT:
        return None
    if compare(one, second).verdict is Verdict.CORRECT:
        return _CORRECT
    numbers = exact_number(normal_form(first)), exact_number(normal_form(second))
    if (
        numbers[0]
        and numbers[1]
        and abs(numbers[0].value - numbers[1].value) * 100 <= abs(numbers[0].value)
    ):
        return _unknown("a value and what may be the same rounded")
    return None


def _rounded_beside(one: str, other: str) -> bool:
    r"""Whether `other` is a number and its rounding, `2\sqrt{3} \approx 3.46`, and `one` either."""
    exact, sign, rounded = other.partition(r"\approx")
    number = exact_number(rounded.strip())
    if not sign or number is None or r"\approx" in one:
        return False
    if compare(one, exact).verdict is Verdict.CORRECT:
        return True
    if compare(one, rounded).verdict is not Verdict.CORRECT:
        return False
    try:
        gap = relative_gap(parsed(exact, True), parsed(rounded, True))
    except Exception:  # the grammar and sympy raise nearly anything
        return False
    return gap is not None and gap <= _MOST_ROUNDED


def _compare_numbers(gold: str, answer: str) -> CheckResult | None:
    gold_number, answer_number = exact_number(gold), exact_number(answer)
    if gold_number is None or answer_number is None:
        return None
    same = gold_number.value == answer_number.value
    if not same and gold_number.is_decimal != answer_number.is_decimal:
        return None  # 1/3 and 0.333333: one may be the other, rounded
    return _decided(same, "different numbers")


def _compare_measured(gold: Measured, answer: Measured) -> CheckResult:
    """Compares values with units; see the module's decisions."""
    values = _compare_values(gold.value, answer.value)
    same = values.verdict is Verdict.CORRECT
    if gold.unit == answer.unit:
        return values
    if gold.unit and answer.unit:
        if {gold.unit, answer.unit} == {"lb", "sterling"}:
            return values  # 20 pounds are money or a weight
        if {gold.unit.split("/")[0], answer.unit.split("/")[0]} == {"dollar"} and (
            "/" not in gold.unit or "/" not in answer.unit
        ):
            return values
        if same and gold.listed and answer.listed:
            return _decided(False, f"unit {answer.unit}, gold answer {gold.unit}")
        return _unknown(f"units {answer.unit} and {gold.unit} are not converted")
    only, other = (gold, answer) if gold.unit else (answer, gold)
    if only.unit == "%":
        return _compare_percent(only, other, same)
    if same and only.doubtful:
        return _unknown(f"{only.unit} may be a unit or a variable")
    if not same and _may_be_converted(only, other):
        return _unknown(f"one answer is in {only.unit}, the other does not say")
    return values


def _may_be_converted(only: Measured, other: Measured) -> bool:
    r"""90^\circ may be \frac{\pi}{2}, 1101_2 may be 13 and 75 cents 0.75, as was asked for."""
    if only.unit == "degree":
        return r"\pi" in other.value
    if only.unit in ("cent", "dollar"):
        one, number = exact_number(only.value), exact_number(other.value)
        times = Fraction(1, 100) if only.unit == "cent" else 100
        return one is not None and number is not None and one.value * times == number.value
    in_base_ten = only.in_base_ten()
    return in_base_ten is not None and exact_number(other.value) == Exact(in_base_ten, True)


def _compare_percent(percent: Measured, other: Measured, same: bool) -> CheckResult:
    if same:
        number = exact_number(percent.value)
        if number is not None and abs(number.value) > 1:
            return _CORRECT
        return _unknown("percentage or share: only one answer says %")
    number, share = exact_number(percent.value), exact_number(other.value)
    if number and share:
        return _decided(number.value / 100 == share.value, "different numbers")
    return _compare_values(rf"\frac{{{percent.value}}}{{100}}", other.value)


def _compare_values(gold: str, answer: str) -> CheckResult:
    """Compares what has no unit: text, numbers, words, mathematics."""
    if gold == answer:
        return _CORRECT
    numbers = _compare_numbers(gold, answer)
    if numbers is not None:
        return numbers
    if "=" not in gold and (label := _LABEL.match(answer)):
        return _compare_values(gold, answer[label.end() :])
    if "=" not in answer and (label := _LABEL.match(gold)):
        return _compare_values(gold[label.end() :], answer)
    for one, other in ((gold, answer), (answer, gold)):
        if (listed := list_in_brackets(one)) and is_plain_list(other):
            same = _compare_values(listed, other)
            is_interval = same.verdict is Verdict.CORRECT and listed.count(",") == 1
            return _unknown("a list in brackets, or an interval") if is_interval else same
    by_notation = compare_notations(gold, answer)
    if isinstance(by_notation, CheckResult):
        return by_notation
    if by_notation != (gold, answer):
        return _compare_values(*by_notation)
    gold_words, answer_words = words_only(gold), words_only(answer)
    if (gold_words or answer_words) and gold.casefold() == answer.casefold():
        return _CORRECT  # Red is words, red might be a product
    if gold_words and answer_words:
        return compare_words(gold_words, answer_words)
    for whose, text in (("gold answer", gold), ("answer", answer)):
        if has_words(text):
            return _unknown(f"{whose} is prose, not a value")
    return _compare_mathematics(gold, answer)


def _compare_mathematics(gold: str, answer: str) -> CheckResult:
    from math_verify import verify
    from math_verify.grader import should_treat_as_complex

    # It warns that its time-outs are off, which is why checks run in worker processes.
    logging.getLogger("math_verify").setLevel(logging.ERROR)
    is_real = not any(should_treat_as_complex(x) or _IMAGINARY.search(x) for x in (gold, answer))
    stated = value_of_equation(gold, answer, is_real), value_of_equation(answer, gold, is_real)
    for side in stated:
        if isinstance(side, CheckResult):
            return side
    if stated != (gold, answer):
        return _compare_values(str(stated[0]), str(stated[1]))
    both = []
    for whose, text in (("gold answer", gold), ("answer", answer)):
        try:
            both.append(parsed(text, is_real))
        except Exception as error:  # the grammar raises bare Exception
            return _unknown(f"{whose} could not be parsed ({type(error).__name__})")
    try:
        same = verify(
            *both, timeout_seconds=None, raise_on_error=True, allow_set_relation_comp=True
        )
        gap = relative_gap(*both)
    except Exception as error:  # sympy raises nearly anything
        return _unknown(f"answers could not be compared ({type(error).__name__})")
    if not same and gap is not None and gap <= _EXACT and not is_real:
        same = True  # math-verify knows few rules for complex numbers; 20 digits agree
    if gap is not None and same != (gap <= _ROUNDING):
        return _unknown(f"symbols and numbers disagree (relative difference {gap:.1g})")
    brackets = {enclosing(text) for text in (gold, answer)}
    if same and r"\{" in brackets and brackets & {"(", "["}:
        return _unknown("one answer is a set, the other a tuple or an interval")
    return _decided(same, "not equal by math-verify")


@lru_cache(maxsize=4096)
def _normal_gold(gold: str) -> str:
    return normal_form(gold)


def _decided(same: bool, why_not: str) -> CheckResult:
    return _CORRECT if same else CheckResult(Verdict.WRONG, why_not)


def _unknown(reason: str) -> CheckResult:
    return CheckResult(Verdict.UNKNOWN, reason)


class MathChecker:
    """Checks mathematical answers; a check that hangs or kills its worker is unknown, alone."""

    def __init__(
        self, *, deadline_s: float = 5.0, n_workers: int = 2, max_bytes: int = 2 << 30
    ) -> None:
        """`deadline_s` holds for one check, `max_bytes` for the address space of one worker."""
        self._workers = KillableWorkers(
            compare,
            n_workers=n_workers,
            deadline_s=deadline_s,
            max_bytes=max_bytes,
            preload=("math_verify", __name__),
            warm_up=(r"x+\frac{1}{2}", r"\sqrt{2}"),
        )

    @property
    def fingerprint(self) -> str:
        """The rules' version and those of the libraries behind them."""
        libraries = ("math-verify", "latex2sympy2-extended", "sympy")
        return f"math_answer-{RULES_VERSION} " + " ".join(f"{n}-{version(n)}" for n in libraries)

    async def check(self, batch: Sequence[Check]) -> list[CheckResult]:
        """One reply per check, in order; equal pairs of a batch are compared once."""
        pairs = [(check.problem.gold_answer, check.answer) for check in batch]
        replies: dict[tuple[str | None, str], CheckResult] = {}
        slow: list[tuple[str, str]] = []
        for gold, answer in dict.fromkeys(pairs):
            if gold is None:
                replies[gold, answer] = _unknown("the problem has no gold answer")
            elif quick := compare_quickly(gold, answer):
                replies[gold, answer] = quick
            else:
                slow.append((gold, answer))
        for pair, reply in zip(slow, await self._workers.run(slow), strict=True):
            replies[pair] = _unknown(reply.reason) if isinstance(reply, Lost) else reply
        return [replies[pair] for pair in pairs]

    async def aclose(self) -> None:
        """Ends the worker processes; may be called twice."""
        await self._workers.aclose()
