"""A splitter, a form of answer and a domain, each added as docs/extending.md says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from labeler.checking.answers.base import AnswerReader, Reading
from labeler.checking.domains import DomainChecker
from labeler.checking.math_answer import MathChecker
from labeler.driver.requests import Check, CheckResult
from labeler.labelers.base import Policy
from labeler.records import Problem, Sampling, Verdict
from labeler.steps import splitters
from labeler.steps.splitters import Splitter


def policy(splitter: str = "delimiter") -> Policy:
    return Policy("m", "1", "{problem}", "", Sampling(), "\n", 0, splitter)


def test_a_splitter_is_one_record(monkeypatch) -> None:
    halves = Splitter(
        "halves",
        "in the middle",
        lambda text, delimiter, before: (text[: len(text) // 2], text[len(text) // 2 :]),
        lambda step, delimiter: True,
    )
    monkeypatch.setitem(splitters.SPLITTERS, halves.name, halves)
    assert policy("halves").split("one two ") == ("one ", "two ")


def test_a_form_of_answer_is_one_record() -> None:
    last_word = AnswerReader("last_word", "the last word", 1, lambda text: text.split()[-1])
    reading = Reading(last_word)
    assert reading.reader.read("it is blue") == "blue"
    assert reading.fingerprint == "answers-last_word-1-unknown"


class Exactly:
    """Answers in a domain whose answers are words."""

    fingerprint = "exactly-1"

    async def check(self, batch: Sequence[Check]) -> list[CheckResult]:
        return [
            CheckResult(Verdict.CORRECT if one.answer == one.problem.gold_answer else Verdict.WRONG)
            for one in batch
        ]

    async def aclose(self) -> None:
        pass


def test_a_domain_has_a_checker_of_its_own() -> None:
    async def verdicts() -> list[Verdict]:
        checker = DomainChecker({"colour": Exactly()}, MathChecker(n_workers=1))
        try:
            asked = [
                Check(Problem("a", "colour", "Which?", "blue"), "blue"),
                Check(Problem("b", "math", "1 + 1?", "2"), "2.0"),
                Check(Problem("c", "colour", "Which?", "1/2"), "0.5"),
            ]
            return [one.verdict for one in await checker.check(asked)]
        finally:
            await checker.aclose()

    assert asyncio.run(verdicts()) == [Verdict.CORRECT, Verdict.CORRECT, Verdict.WRONG]
