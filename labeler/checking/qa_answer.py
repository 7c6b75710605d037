"""Whether an answer in words is the gold one, or an alias: correct, wrong or unknown.

In this order, each a case in tests/checking/test_qa_answer.py:
- equal in normal form to the gold answer or an alias: correct;
- gold yes or no: what the answer begins with decides; anything else is unknown;
- both dates: equal or not; where one gives less (a year alone), unknown unless a part differs;
- gold a number (with a unit): the answer's one number and no other word than the unit decides;
- word F1 of at least `f1_right`, where that is set: correct (Search-R1 and others take 0.8 or so);
- no word in common, and neither spelled alike nor initials of the other: wrong;
- anything between is unknown, with the F1 in its reason: "Tacoma, Washington" may be "Tacoma".
An empty answer, and a problem without a gold answer, are unknown. A gold answer that is the letter
of a choice or a formula is the mathematical checker's.

Does not cover paraphrases (a judge's matter) or lists of answers in one text.
Sources: SQuAD and HotpotQA evaluation (exact match, F1), whose 0 for a near miss is unknown here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from importlib.metadata import version

from labeler.checking.base import Checker
from labeler.checking.words import (
    date_in,
    normal_words,
    numbers_in,
    rest_of_number,
    word_f1,
    yes_or_no,
)
from labeler.driver.requests import Check, CheckResult
from labeler.records import Verdict

RULES_VERSION = 2
"""Raised whenever a verdict may change; part of the journal's keys."""

MOST_CHARACTERS = 2000
SPELLED_ALIKE = 0.8
"""difflib's ratio from which two answers without a word in common may be one (Dostoevsky,
Dostoyevsky)."""
_CHOICE = re.compile(r"\s*\(?[A-Z]\)?\s*")
_CORRECT = CheckResult(Verdict.CORRECT)


def compare_words(golds: Sequence[str], answer: str, f1_right: float | None = None) -> CheckResult:
    """The verdict on an answer against answers that are all right."""
    if not normal_words(answer) and not numbers_in(answer):
        return _unknown("no answer")
    if len(answer) > MOST_CHARACTERS:
        return _unknown(f"answer not tried: longer than {MOST_CHARACTERS} characters")
    found = [_against(gold, answer, f1_right) for gold in golds if gold.strip()]
    if not found:
        return _unknown("the problem has no gold answer")
    # Right by any alias is right; wrong only if none leaves it open.
    for verdict in (Verdict.CORRECT, Verdict.UNKNOWN):
        for one in found:
            if one.verdict is verdict:
                return one
    return found[0]


def _against(gold: str, answer: str, f1_right: float | None) -> CheckResult:
    one, other = normal_words(gold), normal_words(answer)
    if one == other and one:
        return _CORRECT
    said = yes_or_no(gold)
    if said is not None and one in ("yes", "no", "true", "false"):
        replied = yes_or_no(answer)
        if replied is None:
            return _unknown("neither yes nor no")
        return _decided(replied is said, f"says {'yes' if replied else 'no'}")
    by_kind = _dates(gold, answer) or _numbers(gold, answer)
    if by_kind is not None:
        return by_kind
    f1 = word_f1(one, other)
    if f1_right is not None and f1 >= f1_right:
        return CheckResult(Verdict.CORRECT, f"word F1 {f1:.2f}")
    if f1 == 0 and not _alike(one, other):
        return _decided(False, "no word in common with the gold answer")
    return _unknown(f"word F1 {f1:.2f} with the gold answer")


def _dates(gold: str, answer: str) -> CheckResult | None:
    one, other = date_in(gold), date_in(answer)
    if one is None or other is None:
        return None
    known = [(a, b) for a, b in zip(one, other, strict=True) if a is not None and b is not None]
    if any(a != b for a, b in known):
        return _decided(False, "another date")
    if (None in one) == (None in other) and len(known) == sum(part is not None for part in one):
        return _CORRECT
    return _unknown("one date says less than the other")


def _numbers(gold: str, answer: str) -> CheckResult | None:
    """None where the gold answer is not one number, or the answer's words are other ones."""
    one, other = numbers_in(gold), numbers_in(answer)
    if len(one) != 1 or not other:
        return None
    unit, their_unit = rest_of_number(gold), rest_of_number(answer)
    if unit and their_unit and unit != their_unit:
        return None
    if len(other) > 1:
        return _unknown("the answer holds several numbers")
    if one[0] == other[0]:
        if not unit or not their_unit or unit == their_unit:
            short = len(their_unit.split()) <= 2
            return _CORRECT if short else _unknown("the number stands among other words")
        return None
    if len(their_unit.split()) <= 2:
        return _decided(False, f"{other[0]} is not {one[0]}")
    return _unknown("the number stands among other words")


def _alike(one: str, other: str) -> bool:
    if initials(one) == other.replace(" ", "") or initials(other) == one.replace(" ", ""):
        return True
    return SequenceMatcher(None, one, other).ratio() >= SPELLED_ALIKE


def initials(words: str) -> str:
    """First letters of several words: "us" of "united states"; "" for a single word."""
    parts = words.split()
    return "".join(part[0] for part in parts) if len(parts) > 1 else ""


def _decided(is_right: bool, reason: str) -> CheckResult:
    return _CORRECT if is_right else CheckResult(Verdict.WRONG, reason)


def _unknown(reason: str) -> CheckResult:
    return CheckResult(Verdict.UNKNOWN, reason)


class QAChecker:
    """Checks answers in words; letters of choices and formulas go to `otherwise`, not owned."""

    def __init__(self, otherwise: Checker, f1_right: float | None = None) -> None:
        self._otherwise = otherwise
        self._f1_right = f1_right

    @property
    def fingerprint(self) -> str:
        """Rules, threshold, and the reader of dates."""
        right = "" if self._f1_right is None else f"-f1-{self._f1_right:g}"
        return f"qa_answer-{RULES_VERSION}{right} dateutil-{version('python-dateutil')}"

    async def check(self, batch: Sequence[Check]) -> list[CheckResult]:
        """One reply per check, in order."""
        theirs = [i for i, check in enumerate(batch) if _is_formal(check.problem.gold_answer)]
        replies = dict(
            zip(theirs, await self._otherwise.check([batch[i] for i in theirs]), strict=True)
        )
        return [replies.get(i) or self._judged(check) for i, check in enumerate(batch)]

    def _judged(self, check: Check) -> CheckResult:
        known = check.problem.known
        golds = [check.problem.gold_answer or "", *(known.aliases if known else ())]
        return compare_words(golds, check.answer, self._f1_right)

    async def aclose(self) -> None:
        """Owns nothing."""


def _is_formal(gold: str | None) -> bool:
    """Whether a gold answer is the letter of a choice, or a formula."""
    return gold is not None and (bool(_CHOICE.fullmatch(gold)) or "\\" in gold or "=" in gold)
