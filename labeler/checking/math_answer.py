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
- Words are compared without case; where one answer's words contain the other's it is unknown.

Not covered: pulling the answer out of a solution (`extract`), numbers in words, unit conversion.
Sources: Math-Verify (gold first: its comparison is not symmetric; issues 25 and 60), whose `parse`
is not used because it accepts a fragment of what it cannot read, and whose time-outs use SIGALRM.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from labeler.checking.answer_bounds import MAX_CHARACTERS, refusal
from labeler.checking.answer_equations import value_of_equation
from labeler.checking.answer_forms import decided_by_form
from labeler.checking.answer_parsing import parsed
from labeler.checking.answer_sets import sets_equal
from labeler.checking.answer_text import (
    Exact,
    choice_letter,
    chosen_letter,
    exact_number,
    has_words,
    normal_form,
    words_only,
)
from labeler.checking.answer_units import Measured, measured
from labeler.checking.workers import KillableWorkers, Lost
from labeler.driver.requests import Check, CheckResult
from labeler.records import Verdict

RULES_VERSION = 2
"""Raised whenever a verdict may change; part of the journal's keys."""

_CORRECT = CheckResult(Verdict.CORRECT)
_EXACT = 1e-15
_LABEL = re.compile(
    r"(?:\\text\{[A-Za-z ]{1,60}\}|[A-Z][a-z]{3,20}(?: [a-z]{1,20}){0,5}) ?= ?(?=[^=]+$)"
)
_IMAGINARY = re.compile(r"(?<![A-Za-z\\])i(?![A-Za-z])")
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
    if letter := choice_letter(gold):
        chosen = chosen_letter(answer)
        if chosen is None:
            return _unknown(f"gold answer is choice {letter}, the answer names no choice")
        return _decided(chosen == letter, f"choice {chosen}, gold answer {letter}")
    same_set = sets_equal(*written)
    if same_set is not None:
        return _decided(same_set, "different sets of numbers")
    if (by_form := decided_by_form(gold, answer)) is not None:
        return by_form
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
    r"""90^\circ may be \frac{\pi}{2}, and 1101_2 may be 13, whatever the problem asked for."""
    if only.unit == "degree":
        return r"\pi" in other.value
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
    gold_words, answer_words = words_only(gold), words_only(answer)
    if gold_words and answer_words:
        if gold_words == answer_words:
            return _CORRECT
        if set(gold_words) <= set(answer_words) or set(gold_words) >= set(answer_words):
            return _unknown("one answer's words contain the other's")
        return _decided(False, "different words")
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
        gap = _relative_gap(*both)
    except Exception as error:  # sympy raises nearly anything
        return _unknown(f"answers could not be compared ({type(error).__name__})")
    if not same and gap is not None and gap <= _EXACT and not is_real:
        same = True  # math-verify knows few rules for complex numbers; 20 digits agree
    if gap is not None and same != (gap <= _ROUNDING):
        return _unknown(f"symbols and numbers disagree (relative difference {gap:.1g})")
    brackets = {text[0] if text[0] in "([" else text[:2] for text in (gold, answer)}
    if same and r"\{" in brackets and brackets & {"(", "["}:
        return _unknown("one answer is a set, the other a tuple or an interval")
    return _decided(same, "not equal by math-verify")


def _relative_gap(gold: Any, answer: Any) -> float | None:
    """Largest relative difference at two fixed points; None where these are no two plain numbers.

    A second opinion, for math-verify takes failures inside sympy as "different" and, by rounding to
    six places, 1e-9 and 2e-9 as equal.
    """
    from sympy import Expr, I, Rational

    if not (isinstance(gold, Expr) and isinstance(answer, Expr)):
        return None
    names = sorted({str(symbol) for symbol in gold.free_symbols | answer.free_symbols})
    gaps = []
    for point in (Rational(37, 29), Rational(83, 41)):
        values = []
        for expression in (gold, answer):
            at = {s: point + names.index(str(s)) / Rational(7) for s in expression.free_symbols}
            at |= {s: I for s in at if str(s) == "i"}
            values.append(expression.subs(at).doit().evalf(20))
        if not all(value.is_number and value.is_finite for value in values):
            return None
        left, right = values
        scale = max(abs(left).evalf(20), abs(right).evalf(20))  # no float: 2^{2005} overflows one
        gaps.append(float(abs(left - right) / scale) if scale else 0.0)
    return max(gaps)


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
