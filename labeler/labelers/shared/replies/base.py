"""What is read out of a reply, and the words that are verdicts.

Words are compared whole: `incorrect` is no `correct`, and `partly correct` is neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labeler.records import Verdict


@dataclass(frozen=True, slots=True)
class StepVerdict:
    """What a reply says of one step; `reason` says why the verdict is UNKNOWN.

    `notes` tells the rest of the entry in a line: alignment, error categories.
    """

    verdict: Verdict
    reason: str = ""
    rationale: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One verdict as the reply has it.

    `number` is the reply's own, None where it gave none; `index` (0-based) is set where the step is
    known by its head.
    """

    number: int | None
    step_verdict: StepVerdict
    index: int | None = None


@dataclass(frozen=True, slots=True)
class ParsedReply:
    """All that a reply holds, before it is laid onto the steps.

    `first_wrong` is the reply's own number of the first wrong step; `none_wrong` and `some_wrong`
    are what it concludes of the whole.
    """

    entries: tuple[Entry, ...] = ()
    first_wrong: int | None = None
    none_wrong: bool = False
    some_wrong: bool = False

    def __bool__(self) -> bool:
        return bool(self.entries or self.none_wrong or self.some_wrong)


RIGHT = frozenset(
    (
        "correct", "right", "true", "valid", "ok", "okay", "yes", "pass", "passed", "sound",
        "accurate", "good", "+", "+1", "1", "✓", "✔", "✅",
        "正确", "對", "对", "richtig", "korrekt", "correcto", "correcta", "верно", "правильно",
    )
)  # fmt: skip
WRONG = frozenset(
    (
        "incorrect", "wrong", "false", "invalid", "error", "no", "fail", "failed", "erroneous",
        "inaccurate", "unsound", "mistaken", "flawed", "bad", "-", "-1", "✗", "✘", "❌",
        "not_correct", "not_right",
        "not_valid", "错误", "錯誤", "错", "不正确", "falsch", "inkorrekt", "incorrecto",
        "incorrecta", "неверно", "неправильно",
    )
)  # fmt: skip
DECORATION = " \t\r\n*_`\"'.!()[]{}<>:;,"


def verdict_of(value: Any) -> StepVerdict:
    """The verdict that a value is. 0 is none: it means wrong to some and neutral to others."""
    if isinstance(value, bool):
        return StepVerdict(Verdict.CORRECT if value else Verdict.WRONG)
    if isinstance(value, str | int):
        word = str(value).strip(DECORATION).lower()
        word = "_".join(word.split()).replace("-_", "-")
        if word in RIGHT:
            return StepVerdict(Verdict.CORRECT)
        if word in WRONG:
            return StepVerdict(Verdict.WRONG)
    shown = " ".join(str(value).split())[:40]
    return StepVerdict(Verdict.UNKNOWN, f"no verdict: {shown!r}" if shown else "no verdict")


def first_of(record: Mapping[str, Any], names: tuple[str, ...]) -> tuple[str, Any]:
    """The first of these keys that the record has, with its value; ("", None) without one."""
    return next(((name, record[name]) for name in names if name in record), ("", None))
