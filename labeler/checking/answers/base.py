"""What a reader of answers is, and how a run reads those of its policy.

A reader takes the text of a solution and gives its final answer, or None where it finds none. None
is no wrong answer: what it means is the run's to say (`unreadable`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from labeler.driver.requests import CheckResult
from labeler.records import Verdict

UNREAD = "no readable answer"


@dataclass(frozen=True, slots=True)
class AnswerReader:
    """One way to find the final answer of a text.

    `version` is raised whenever it may read another answer; `pattern` is what a reader made by a
    regular expression looks for.
    """

    name: str
    summary: str
    version: int
    read: Callable[[str], str | None]
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a run reads answers, and what a reply without a readable one is held for."""

    reader: AnswerReader
    unreadable: Verdict = Verdict.UNKNOWN

    @property
    def fingerprint(self) -> str:
        """What of it decides labels; part of a run's identity."""
        pattern = f"({self.reader.pattern})" if self.reader.pattern else ""
        return f"answers-{self.reader.name}{pattern}-{self.reader.version}-{self.unreadable.value}"

    def unread(self) -> CheckResult:
        """The outcome of a reply without a readable answer."""
        return CheckResult(self.unreadable, UNREAD)
