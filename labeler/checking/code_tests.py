"""Outcome of a program by its problem's tests, in the sandbox: correct, wrong or unknown.

Correct: every test passed. Wrong: a test failed, or the program did not load, ended itself, or used
more processor time or memory than it may. Unknown: no sandbox, one that gave no result, a wall
clock that ran out (a sleeping program, or a machine too busy), a test that cannot be decided
because a value cannot be carried from one process to the other. How many passed is in the reason.

Not covered: languages other than Python, and programs that read stdin (a `Run` without tests).
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Sequence
from functools import lru_cache

from labeler.driver.requests import (
    Check,
    CheckResult,
    Failed,
    Limits,
    Reply,
    Run,
    RunResult,
    TestStatus,
)
from labeler.programs.statements import parse
from labeler.records import Problem, Verdict
from labeler.sandbox.base import Sandbox

RULES_VERSION = 1
"""Raised whenever a verdict may change; part of the journal's keys."""

TAKEN = frozenset(dir(builtins)) | sys.stdlib_module_names


class CodeChecker:
    """Judges answers that are programs. The sandbox is the caller's to close."""

    def __init__(self, sandbox: Sandbox, limits: Limits | None = None) -> None:
        self._sandbox = sandbox
        self._limits = limits or Limits()

    @property
    def fingerprint(self) -> str:
        return f"code-tests-{RULES_VERSION}-{self._sandbox.fingerprint}-{self._limits}"

    async def check(self, batch: Sequence[Check]) -> list[CheckResult]:
        runs = {i: run_of(c.problem, c.answer, self._limits) for i, c in enumerate(batch)}
        testable = {i: run for i, run in runs.items() if run.tests}
        replies = await self._sandbox.run(list(testable.values()))
        verdicts = dict(zip(testable, replies, strict=True))
        nothing = CheckResult(Verdict.UNKNOWN, "the problem has no tests")
        return [verdict(verdicts[i], runs[i]) if i in verdicts else nothing for i in runs]

    async def aclose(self) -> None:
        return None


def run_of(problem: Problem, answer: str, limits: Limits | None = None) -> Run:
    """The run that decides an answer: a program, or what follows a text that is one itself."""
    limits = limits or Limits()
    return Run(whole_program(problem, answer), problem.tests, entries(problem), limits=limits)


def whole_program(problem: Problem, answer: str) -> str:
    """The answer behind the problem's text where that begins a program (HumanEval).

    An answer that writes the function anew overrides the beginning, and has its imports.
    """
    if not _begins_program(problem.text):
        return answer
    gap = "" if problem.text.endswith("\n") else "\n"
    return problem.text + gap + answer


def entries(problem: Problem) -> tuple[str, ...]:
    """Names of Python's own that the reference solution defines: tests mean the program's."""
    reference = whole_program(problem, "".join(problem.reference_solution))
    try:
        body = parse(reference).body
    except SyntaxError:
        return ()
    defined = {
        node.name
        for node in body
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    }
    return tuple(sorted(defined & TAKEN))


def verdict(reply: Reply, run: Run) -> CheckResult:
    """What a run says of its program."""
    if not isinstance(reply, RunResult):
        reason = reply.reason if isinstance(reply, Failed) else "no run"
        return CheckResult(Verdict.UNKNOWN, reason)
    decided = _verdict(reply, len(run.tests))
    if reply.isolation.startswith("none"):
        reason = "; ".join(part for part in (decided.reason, "ran without isolation") if part)
        return CheckResult(decided.verdict, reason)
    return decided


def _verdict(reply: RunResult, n_tests: int) -> CheckResult:
    results = [tested.result for tested in reply.tests]
    n_passed = results.count(TestStatus.PASSED)
    if reply.ended == "finished" and n_passed == n_tests:
        return CheckResult(Verdict.CORRECT)
    count = f"{n_passed} of {n_tests} tests passed"
    if reply.ended == "wall":
        return CheckResult(Verdict.UNKNOWN, f"{count}; not done in {reply.wall_s:.1f} s")
    for tested in reply.tests:
        if tested.result is TestStatus.FAILED:
            return CheckResult(Verdict.WRONG, f"{count}; {tested.reason}")
    if reply.ended == "memory":
        return CheckResult(Verdict.WRONG, f"{count}; out of memory")
    undecided = next(
        (t.reason for t in reply.tests if t.result is TestStatus.UNTESTED), reply.ended
    )
    return CheckResult(Verdict.UNKNOWN, f"{count}; {undecided}")


@lru_cache(maxsize=4096)
def _begins_program(text: str) -> bool:
    try:
        body = parse(text).body
    except (SyntaxError, ValueError):
        return False
    return any(isinstance(node, ast.FunctionDef) for node in body)
