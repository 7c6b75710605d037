"""Statement Monte Carlo, talked to with literal replies, and once with real tests in a sandbox."""

import asyncio
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeler.checking.code_tests import CodeChecker
from labeler.driver.requests import Check, CheckResult, Completion, Failed, Sample, Samples
from labeler.labelers.base import Policy
from labeler.labelers.shared.resplit import resplit_by_statement
from labeler.labelers.statement_monte_carlo import StatementMonteCarlo, statement_monte_carlo
from labeler.problems.humaneval import read_humaneval
from labeler.records import Asks, Evidence, Problem, Sampling, Verdict, prefix_id
from labeler.sandbox.bubblewrap import Bubblewrap
from tests.labelers.talking import finish

DATA = Path(os.environ.get("LABELER_SHARED_DATA", "../shared/data"))
POLICY = Policy("coder", "1", "{problem}", "", Sampling(), "\n\n", run_seed=0)
PROBLEM = Problem("p", "code", "Larger of two.", None, (), ("assert f(1, 2) == 2",))
STEPS = ("def f(a, b):\n", "    if a > b:\n", "        return a\n", "    return b\n")
RIGHT, WRONG = CheckResult(Verdict.CORRECT), CheckResult(Verdict.WRONG)


def solution(*steps, problem=PROBLEM):
    return POLICY.solution(problem, steps, CheckResult(Verdict.CORRECT), 0)


def samples(*texts, ended="stop"):
    return Samples(tuple(Completion(text, 4, ended) for text in texts), 10, "coder")


def evidence(prefix, **fields):
    base = {
        "prefix_id": prefix_id("p", prefix), "labeler": "statement_monte_carlo",
        "labeler_version": "1", "asks": Asks.VALUE, "model": "coder", "calls": 1,
        "prompt_tokens": 10, "completion_tokens": 8,
    }  # fmt: skip
    return Evidence(**base | fields)


def talk(*solutions, problem=PROBLEM, k=2):
    return statement_monte_carlo(problem, solutions, StatementMonteCarlo(k=k), POLICY)


def test_every_statement_but_the_last_is_completed_and_each_program_tested_once():
    asked, found = finish(
        talk(solution(*STEPS)),
        [
            samples("    return max(a, b)\n", "    return a\n"),
            samples("        return a\n    return b\n", "        return a\n    return b\n"),
            samples("    return a\n", "    return 0\n"),
        ],
        [WRONG, WRONG, RIGHT, WRONG, RIGHT],
    )
    first, second = asked
    assert [(type(one), one.prompt.prefix, one.n) for one in first] == [
        (Sample, "".join(STEPS[:1]), 2),
        (Sample, "".join(STEPS[:2]), 2),
        (Sample, "".join(STEPS[:3]), 2),
    ]
    assert len({one.seed for one in first}) == 3
    programs = [
        "".join((*STEPS[:3], "    return 0\n")),
        "".join((*STEPS[:3], "    return a\n")),
        "".join(STEPS),
        STEPS[0] + "    return a\n",
        STEPS[0] + "    return max(a, b)\n",
    ]
    assert second == [Check(PROBLEM, one, "statement_monte_carlo") for one in programs]
    assert found.evidence == (
        evidence(STEPS[:1], verdict=Verdict.CORRECT, score=0.5, n=2, n_correct=1),
        evidence(STEPS[:2], verdict=Verdict.CORRECT, score=1.0, n=2, n_correct=2),
        evidence(STEPS[:3], verdict=Verdict.WRONG, score=0.0, n=2, n_correct=0),
    )
    assert (found.solutions, found.statistics) == (
        (), {"prefixes": 3, "unparsed": 0, "replies": 6, "unread": 0},
    )  # fmt: skip


def test_a_solution_split_by_text_comes_back_split_by_statements():
    _, found = finish(
        talk(solution("".join(STEPS)), k=1),
        [samples("x"), samples("x"), samples("x")],
        [WRONG] * 3,
    )
    assert [one.steps for one in found.solutions] == [STEPS]
    assert [one.outcome for one in found.solutions] == [Verdict.CORRECT]
    assert {e.prefix_id for e in found.evidence} == {
        prefix_id("p", STEPS[: t + 1]) for t in range(3)
    }


def test_what_surrounds_the_program_of_a_chat_goes_to_its_first_and_last_statement():
    text = "Compare them.\n```python\n" + "".join(STEPS) + "```\nDone.\n"
    split = resplit_by_statement(PROBLEM, solution(text))
    assert split.steps == (
        "Compare them.\n```python\n" + STEPS[0], *STEPS[1:3], STEPS[3] + "```\nDone.\n",
    )  # fmt: skip


def test_the_body_of_a_function_whose_head_is_the_problem():
    problem = Problem(
        "p", "code", 'def f(a):\n    """One more."""\n', None, (), ("assert f(1) == 2",)
    )
    split = resplit_by_statement(
        problem, solution("    b = a + 1\n    return b\n", problem=problem)
    )
    assert split.steps == ("    b = a + 1\n", "    return b\n")


def test_a_completion_that_was_cut_off_says_nothing_and_a_lost_sandbox_neither():
    one_line = solution("a = 1\n", "b = 2\n")
    _, cut = finish(talk(one_line, k=1), [samples("b =", ended="length")])
    assert [(e.verdict, e.reason) for e in cut.evidence] == [
        (Verdict.UNKNOWN, "cut off before its end: 1")
    ]
    _, lost = finish(talk(one_line, k=1), [samples("b = 2")], [Failed("no sandbox: no bwrap")])
    assert [(e.verdict, e.n, e.reason) for e in lost.evidence] == [
        (Verdict.UNKNOWN, 0, "no sandbox: no bwrap: 1")
    ]


@pytest.mark.parametrize("text", ["def f(:\n", "\x00", "(" * 3000])
def test_a_solution_that_is_no_python_is_counted_and_not_asked_about(text):
    asked, found = finish(talk(solution(text)))
    assert (asked, found.evidence, found.solutions) == ([], (), ())
    assert found.statistics == {"prefixes": 0, "unparsed": 1}


def test_a_problem_without_tests_is_not_asked_about():
    problem = Problem("p", "code", "Write something.", None)
    asked, found = finish(talk(solution("a = 1\n", "b = 2\n"), problem=problem))
    assert (asked, found.evidence, found.statistics) == ([], (), {"without_tests": 1})


LINES = st.lists(
    st.sampled_from(["a = 1\n", "if a:\n    b = 2\n", "\n", "# why\n", "x = '''\n\n'''\n"]),
    min_size=1,
)


@given(LINES, st.sampled_from(["", "So:\n"]))
def test_splitting_anew_keeps_the_text(lines, words):
    text = f"{words}```\n{''.join(lines)}```\n" if words else "".join(lines)
    split = resplit_by_statement(PROBLEM, solution(text))
    if split is not None:
        assert "".join(split.steps) == text
        assert resplit_by_statement(PROBLEM, split) == split


def test_completions_of_a_humaneval_problem_are_judged_by_its_tests_in_the_sandbox():
    file = DATA / "humaneval" / "HumanEval.jsonl.gz"
    if not file.exists():
        pytest.skip(f"no {file}; set LABELER_SHARED_DATA")
    problem = next(iter(read_humaneval(file)))
    right = "".join(problem.reference_solution)
    conversation = talk(solution(right, problem=problem), problem=problem, k=2)
    prefixes = [one.prompt.prefix for one in next(conversation)]
    assert prefixes and all(right.startswith(prefix) for prefix in prefixes)
    # One completion is the reference's own rest, the other gives up at once.
    replies = [samples(right[len(prefix) :], "  pass\n") for prefix in prefixes]
    checks = conversation.send(replies)
    with pytest.raises(StopIteration) as stop:
        conversation.send(asyncio.run(_checked(checks)))
    assert [(e.n, e.n_correct, e.verdict) for e in stop.value.value.evidence] == [
        (2, 1, Verdict.CORRECT)
    ] * len(prefixes)


async def _checked(checks):
    sandbox = Bubblewrap(1)
    try:
        if why := await sandbox.ready():
            pytest.skip(why)
        return await CodeChecker(sandbox).check(checks)
    finally:
        await sandbox.aclose()
