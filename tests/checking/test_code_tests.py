"""Programs by their tests: right, wrong, and what nobody can tell."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from labeler.checking.code_tests import CodeChecker, entries, run_of, verdict, whole_program
from labeler.checking.domains import DomainChecker
from labeler.driver.requests import (
    Check,
    CheckResult,
    Failed,
    Run,
    RunResult,
    TestResult,
    TestStatus,
)
from labeler.records import Problem, Verdict
from labeler.sandbox.unsafe import Unsafe

PROBLEM = Problem("p", "code", "Add.", None, ("def add(a, b):\n", "    return a + b\n"),
                  ("assert add(1, 2) == 3", "assert add(0, 0) == 0"))  # fmt: skip
BEGUN = Problem("q", "code", 'import math\n\ndef root(x):\n    """Root."""\n', None, (), ("root",))
PASSED, FAILED = TestResult(TestStatus.PASSED), TestResult(TestStatus.FAILED, "AssertionError")
UNTESTED = TestResult(TestStatus.UNTESTED, "a test's function cannot be sent")


def ran(ended: str, *trials: TestResult, isolation: str = "held") -> RunResult:
    return RunResult(ended, 0, "", "", trials, (), 0, 0.0, 30.0, isolation)


@pytest.mark.parametrize(
    ("reply", "decided"),
    [
        (ran("finished", PASSED, PASSED), CheckResult(Verdict.CORRECT)),
        (ran("finished", PASSED, FAILED),
         CheckResult(Verdict.WRONG, "1 of 2 tests passed; AssertionError")),
        (ran("cpu", FAILED), CheckResult(Verdict.WRONG, "0 of 2 tests passed; AssertionError")),
        (ran("memory"), CheckResult(Verdict.WRONG, "0 of 2 tests passed; out of memory")),
        (ran("wall", PASSED, FAILED),
         CheckResult(Verdict.UNKNOWN, "1 of 2 tests passed; not done in 30.0 s")),
        (ran("finished", PASSED, UNTESTED),
         CheckResult(Verdict.UNKNOWN, "1 of 2 tests passed; a test's function cannot be sent")),
        (ran("finished", FAILED, UNTESTED),
         CheckResult(Verdict.WRONG, "0 of 2 tests passed; AssertionError")),
        (ran("exited", PASSED, PASSED),
         CheckResult(Verdict.UNKNOWN, "2 of 2 tests passed; exited")),
        (Failed("no sandbox: not installed"),
         CheckResult(Verdict.UNKNOWN, "no sandbox: not installed")),
        (ran("finished", PASSED, PASSED, isolation="none (unsafe)"),
         CheckResult(Verdict.CORRECT, "ran without isolation")),
    ],
)  # fmt: skip
def test_verdicts(reply: RunResult | Failed, decided: CheckResult) -> None:
    assert verdict(reply, Run("", PROBLEM.tests)) == decided


def test_an_answer_goes_on_where_the_text_begins_a_program() -> None:
    assert whole_program(BEGUN, "    return math.sqrt(x)\n") == (
        'import math\n\ndef root(x):\n    """Root."""\n    return math.sqrt(x)\n'
    )
    assert whole_program(PROBLEM, "def add(): pass") == "def add(): pass"


def test_names_of_python_that_the_reference_defines_are_the_programs() -> None:
    problem = Problem(
        "p", "code", "Sum.", None, ("def sum(a): pass\n", "def other(): pass"), ("t",)
    )
    assert entries(problem) == ("sum",)
    assert run_of(problem, "x").entries == ("sum",)


def test_the_checker_judges_a_batch_and_names_what_has_no_tests() -> None:
    bare = Problem("r", "code", "Nothing.", "x")
    batch = [
        Check(PROBLEM, "def add(a, b): return a + b"),
        Check(bare, "x"),
        Check(PROBLEM, "def add(a, b): return 3"),
    ]
    assert asyncio.run(CodeChecker(Unsafe()).check(batch)) == [
        CheckResult(Verdict.CORRECT, "ran without isolation"),
        CheckResult(Verdict.UNKNOWN, "the problem has no tests"),
        CheckResult(Verdict.WRONG, "1 of 2 tests passed; AssertionError; ran without isolation"),
    ]


def test_each_domain_has_its_checker_and_replies_keep_their_order() -> None:
    class Says:
        def __init__(self, word: str) -> None:
            self.fingerprint = word

        async def check(self, batch: Sequence[Check]) -> list[CheckResult]:
            return [CheckResult(Verdict.UNKNOWN, f"{self.fingerprint} {c.answer}") for c in batch]

        async def aclose(self) -> None:
            self.fingerprint = "closed"

    other = Says("other")
    checker = DomainChecker({"code": Says("code")}, other)
    math = Problem("m", "math", "1+1", "2")
    batch = [Check(math, "1"), Check(PROBLEM, "2"), Check(math, "3")]
    reasons = [checked.reason for checked in asyncio.run(checker.check(batch))]
    assert reasons == ["other 1", "code 2", "other 3"]
    assert checker.fingerprint == "code:code;other"
    asyncio.run(checker.aclose())
    assert other.fingerprint == "closed"
