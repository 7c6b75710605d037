"""Program: a conversation about one reference, its mutants and refactorings."""

from __future__ import annotations

from dataclasses import replace

from labeler.consensus.each_step import EachStep
from labeler.consensus.label import by_prefix, label_solution
from labeler.driver.requests import Failed, Reply, Run, RunResult, TestResult, TestStatus
from labeler.labelers.base import Findings
from labeler.labelers.program import SURVIVED, Program, program
from labeler.records import Problem, Verdict, prefix_id
from tests.labelers.talking import NOBODY

STEPS = ("def f(x):\n", "    if x > 9:\n", "        return 1\n", "    return x + 2\n")
PROBLEM = Problem("p", "code", "Two more.", None, STEPS, ("assert f(1) == 3", "assert f(2) == 4"))
PASSED, FAILED = TestResult(TestStatus.PASSED), TestResult(TestStatus.FAILED, "AssertionError")
SETTINGS = Program(mutants=9, refactorings=9)


def reply(*trials: TestResult, covered: tuple[int, ...] = ()) -> RunResult:
    return RunResult("finished", 0, "", "", trials, covered, 0, 0.0, 0.0, "held")


def findings(
    answer: object, settings: Program = SETTINGS, run_seed: int = 0
) -> tuple[Findings, list[list[Run]]]:
    """Plays the sandbox: `answer` gives the reply to each run."""
    asked: list[list[Run]] = []
    talk = program(PROBLEM, (), settings, replace(NOBODY, run_seed=run_seed))
    try:
        requests = next(talk)
        while True:
            runs = [request for request in requests if isinstance(request, Run)]
            assert len(runs) == len(requests)
            asked.append(runs)
            assert callable(answer)
            requests = talk.send([answer(run) for run in runs])
    except StopIteration as stop:
        return stop.value, asked


def honest(run: Run) -> Reply:
    """Runs the tests for real; line 3 is never reached."""
    names: dict[str, object] = {}
    exec(run.program, names)
    trials = []
    for test in run.tests:
        try:
            exec(test, names)
            trials.append(PASSED)
        except (AssertionError, TypeError):
            trials.append(FAILED)
    return reply(*trials, covered=(1, 2, 4))


def test_the_reference_is_run_once_with_coverage_then_all_variants_together() -> None:
    _, asked = findings(honest)
    assert [run.program for run in asked[0]] == ["".join(STEPS)]
    assert [run.coverage for run in asked[0]] == [True]
    assert {run.program for run in asked[1]} >= {
        "".join((*STEPS[:3], "    return x - 2\n")),
        "".join((STEPS[0], "    if x < 9:\n", *STEPS[2:])),
    }
    assert all(run.requester == "program" for runs in asked for run in runs)


def test_failing_mutants_are_wrong_survivors_neutral_refactorings_right() -> None:
    found, _ = findings(honest)
    said = {piece.prefix_id: piece for piece in found.evidence}

    def of(*steps: str) -> tuple[Verdict, float | None, int, int, str]:
        piece = said[prefix_id("p", steps)]
        return piece.verdict, piece.score, piece.n, piece.n_correct, piece.reason

    assert of(*STEPS[:3], "    return x - 2\n") == (Verdict.WRONG, 0.0, 2, 0, "")
    assert of(STEPS[0], "    if x < 9:\n") == (Verdict.WRONG, 0.0, 2, 0, "")
    assert of(STEPS[0], "    if x > 10:\n") == (Verdict.UNKNOWN, 0.5, 2, 2, SURVIVED)
    assert of(*STEPS[:3], "    return (x + 2)\n") == (Verdict.CORRECT, 1.0, 2, 2, "")
    assert of(*STEPS) == (Verdict.CORRECT, 1.0, 2, 2, "")


def test_an_uncovered_statement_is_never_wrong_and_its_mutants_are_not_run() -> None:
    found, asked = findings(honest)
    assert not any("return 2" in run.program or "return (0)" in run.program for run in asked[1])
    [piece] = [e for e in found.evidence if e.prefix_id == prefix_id("p", STEPS[:3])]
    assert (piece.verdict, piece.n, piece.rationale) == (
        Verdict.CORRECT, 0, "the reference's; not covered by the tests",
    )  # fmt: skip
    assert found.statistics["uncovered_variants"] == 4
    assert found.statistics["covered"] == 3


def test_labels_of_a_variant() -> None:
    found, _ = findings(honest)
    evidence = by_prefix(found.evidence)
    rows = {
        "".join(s.steps): label_solution(PROBLEM, s, evidence, EachStep()) for s in found.solutions
    }
    wrong = rows["".join((STEPS[0], "    if x < 9:\n", *STEPS[2:]))]
    neutral = rows["".join((STEPS[0], "    if x > 10:\n", *STEPS[2:]))]
    right = rows["".join(STEPS)]
    labels = [[step.label for step in row.steps] for row in (wrong, neutral, right)]
    assert labels == [[1, -1, None, None], [1, 0, None, None], [1, 1, 1, 1]]
    assert [row.first_error for row in (wrong, neutral, right)] == [1, None, -1]
    assert [row.consensus.kept for row in (wrong, neutral, right)] == [True, True, True]


def test_an_error_of_the_sandbox_is_no_label() -> None:
    def lost(run: Run) -> Reply:
        return honest(run) if run.coverage else Failed("sandbox lost")

    found, _ = findings(lost)
    original = {prefix_id("p", STEPS[: t + 1]) for t in range(4)}
    others = [piece for piece in found.evidence if piece.prefix_id not in original]
    assert others
    assert {(e.verdict, e.score, e.reason) for e in others} == {
        (Verdict.UNKNOWN, None, "sandbox lost")
    }


def test_a_reference_that_fails_its_tests_labels_nothing() -> None:
    found, asked = findings(lambda run: reply(PASSED, FAILED, covered=(1, 2, 3, 4)))
    assert len(asked) == 1
    assert {(e.verdict, e.reason) for e in found.evidence} == {
        (Verdict.UNKNOWN, "reference not confirmed: 1 of 2 tests passed; AssertionError")
    }


def test_at_most_so_many_variants_per_statement_and_always_the_same() -> None:
    few = Program(mutants=1, refactorings=0)
    first, asked = findings(honest, few, run_seed=3)
    again, _ = findings(honest, few, run_seed=3)
    assert first == again
    assert len(asked[1]) == 2  # of the covered statements, two can be mutated
