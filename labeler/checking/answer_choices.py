r"""Which of several choices an answer picks: B, (b), B) 12, option B. Arguments are normal forms.

Not covered: several letters, and a choice against what it may stand for, which stays unknown.
"""

from __future__ import annotations

import re

from labeler.driver.requests import CheckResult
from labeler.records import Verdict

_CHOICE_WORD = re.compile(
    r"^(?:the )?(?:(?:correct|right|best) )?(?:option|choice|answer)"
    r"(?: is)?:? ?(?=\(?[A-Ja-j](?![A-Za-z]))",
    re.IGNORECASE,
)
_CHOICE = re.compile(r"\(?([A-J])\)?")
_CHOSEN = re.compile(
    r"\(([A-Ja-j])\)|([A-Ja-j])|\(?([A-J])(?:\)|[.:](?=\s|[A-Z\\0-9$-]|[a-z]{3})).+"
)


def compare_choices(gold: str, answer: str) -> CheckResult | None:
    """Where the gold answer is a letter, or the answer is one and the gold answer a whole choice
    (`B) 12`).
    """
    letter, chosen = choice_letter(gold), chosen_letter(answer)
    if letter is None:
        is_whole = re.match(r"\(?[A-J][).:]|\\text", gold) and chosen is not None
        letter = chosen_letter(gold) if is_whole else None
    if letter is None:
        return None
    if chosen is None:
        reason = f"gold answer is choice {letter}, the answer names no choice"
        return CheckResult(Verdict.UNKNOWN, reason)
    if chosen == letter:
        return CheckResult(Verdict.CORRECT)
    return CheckResult(Verdict.WRONG, f"choice {chosen}, gold answer {letter}")


def choice_letter(text: str) -> str | None:
    """The letter of a gold answer that names one of several choices: B or (B)."""
    found = _CHOICE.fullmatch(_CHOICE_WORD.sub("", text))
    return found[1] if found else None


def chosen_letter(text: str) -> str | None:
    """The letter an answer picks, with or without the choice's text: b, (B), B) 12, (B) 12."""
    plain = re.sub(r"\\text\{([^{}]*)\}", r"\1 ", text).strip()
    found = _CHOSEN.fullmatch(_CHOICE_WORD.sub("", plain))
    return next(letter for letter in found.groups() if letter).upper() if found else None
