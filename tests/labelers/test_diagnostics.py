"""Diagnostics: the reward, unfinished programs, the labeler's talk, and mypy in a real sandbox."""

import ast
import asyncio
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeler.checking.code_tests import whole_program
from labeler.driver.requests import CheckResult, Failed, RunResult
from labeler.labelers.base import Policy
from labeler.labelers.diagnostics.diagnostics import NOTHING_NEW, Diagnostics, diagnostics
from labeler.labelers.diagnostics.program_prefixes import unfinished
from labeler.labelers.diagnostics.reward import State, Weights, reward
from labeler.labelers.diagnostics.type_checker import Diagnostic, diagnostics_in, type_check_run
from labeler.problems.humaneval import read_humaneval
from labeler.records import Problem, Sampling, Verdict, prefix_id
from labeler.sandbox.bubblewrap import Bubblewrap
from tests.labelers.talking import NOBODY, finish

DATA = Path(os.environ.get("LABELER_SHARED_DATA", "../shared/data"))
POLICY = Policy("coder", "1", "{problem}", "", Sampling(), "\n", run_seed=0)
PROBLEM = Problem("p", "code", "Write it.", None, (), ("assert f(1) == 2",))
STEPS = ("a = 1\n", "b = a + c\n", "d = len(a)\n", "c = 3\n")
NO_C = ("name-defined", 'Name "c" is not defined')
NO_LEN = ("arg-type", 'Argument 1 to "len" has incompatible type "int"; expected "Sized"')


def mypy_says(*programs):
    """The reply in which the programs, in order, have these (code, message)s."""
    rows = [
        {"file": f"p{i}.py", "line": 1, "code": code, "message": message, "severity": "error"}
        for i, found in enumerate(programs)
        for code, message in found
    ]
    return RunResult("exited", 0, json.dumps(rows), "", (), (), 0, 0.0, 0.0, "held")


def talk(*steps, problem=PROBLEM):
    solution = POLICY.solution(problem, steps, CheckResult(Verdict.CORRECT), 0)
    return diagnostics(problem, (solution,), Diagnostics(), NOBODY)


def in_sandbox(*programs):
    """What mypy says of programs in a real sandbox."""

    async def work():
        sandbox = Bubblewrap(1)
        try:
            if why := await sandbox.ready():
                pytest.skip(why)
            [reply] = await sandbox.run([type_check_run(programs, "test")])
            return diagnostics_in(reply, len(programs))
        finally:
            await sandbox.aclose()

    return asyncio.run(work())


STATES = st.builds(
    State, st.integers(0, 9), st.booleans(), st.floats(0, 1, allow_nan=False, width=16)
)


@given(STATES, STATES)
def test_a_step_that_makes_nothing_worse_has_no_negative_reward(before, after):
    fewer = after.n_diagnostics <= before.n_diagnostics
    if fewer and after.confidence >= before.confidence and after.is_safe >= before.is_safe:
        assert reward(before, after, Weights()) >= 0


def test_the_papers_second_example():
    """D unchanged, S = 0, a = 0.62: as printed the formula gives -0.038, the text -0.438."""
    weights = Weights()
    as_printed = weights.alpha * 0 + weights.beta * 0 - weights.gamma * (1 - 0.62)
    assert as_printed == pytest.approx(-0.038)
    state = State(2, is_safe=False, confidence=0.62)
    assert reward(state, state, weights) == 0.0


@pytest.mark.parametrize(
    ("before", "after", "value"),
    [
        (State(0), State(0), 0.4),
        (State(0), State(1), -0.1),
        (State(1), State(0), 0.9),
        (State(0), State(7), -0.1),
        (State(7), State(0), 0.9),
        (State(7), State(0, is_safe=False), 0.0),
        (State(0), State(1, is_safe=False), -0.5),
        (State(0, confidence=0.5), State(0, confidence=1.0), 0.45),
    ],
)
def test_a_step_gains_one_diagnostic_at_most_and_nothing_by_suppressing_it(before, after, value):
    assert reward(before, after, Weights()) == pytest.approx(value)


def test_all_states_of_a_program_are_checked_in_one_run():
    asked, found = finish(talk(*STEPS), [mypy_says([], [], [NO_C], [NO_C, NO_LEN], [NO_LEN])])
    [[run]] = asked
    assert (run.packages, run.tests, run.requester) == (True, (), "diagnostics")
    assert [text for _, text in run.files] == [
        "\n", "a = 1\n", "a = 1\nb = a + c\n", "a = 1\nb = a + c\nd = len(a)\n",
        "a = 1\nb = a + c\nd = len(a)\nc = 3\n",
    ]  # fmt: skip
    assert [e.prefix_id for e in found.evidence] == [
        prefix_id("p", STEPS[: t + 1]) for t in range(4)
    ]
    assert [(e.verdict, e.n, e.n_correct, e.reason) for e in found.evidence] == [
        (Verdict.UNKNOWN, 1, 1, NOTHING_NEW),
        (Verdict.UNKNOWN, 1, 1, 'Name "c" is not defined [name-defined]'),
        (Verdict.WRONG, 1, 0, ""),
        (Verdict.UNKNOWN, 1, 1, NOTHING_NEW),
    ]
    assert [e.score for e in found.evidence] == pytest.approx([9 / 14, 4 / 14, 4 / 14, 1.0])
    assert found.evidence[2].rationale == (
        'Argument 1 to "len" has incompatible type "int"; expected "Sized" [arg-type]; '
        "r = -0.10: 1 diagnostics before, 2 after (alpha 0.5), safe (beta 0.4)"
    )
    assert found.statistics == {"unparsed": 0, "unknown": 3, "wrong": 1}


def test_the_first_statement_may_be_wrong_and_what_was_there_before_is_not_its_fault():
    said = [mypy_says([NO_LEN], [NO_LEN, NO_LEN])]
    _, found = finish(talk("d = len(1)\n"), said)
    assert [e.verdict for e in found.evidence] == [Verdict.WRONG]
    _, found = finish(talk("d = len(1)\n"), [mypy_says([NO_LEN], [NO_LEN])])
    assert [e.verdict for e in found.evidence] == [Verdict.UNKNOWN]


def test_a_comment_that_suppresses_is_not_seen_by_the_checker_and_not_rewarded():
    step = "b = len(1)  # type: ignore\n"
    asked, found = finish(talk("a = 1\n", step), [mypy_says([], [], [NO_LEN])])
    assert asked[0][0].files[2] == ("p2.py", "a = 1\nb = len(1)\n")
    piece = found.evidence[1]
    assert (piece.verdict, piece.score) == (Verdict.WRONG, 0.0)
    assert "suppresses" in piece.rationale


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Failed("no sandbox: no bwrap"), "no sandbox: no bwrap"),
        (
            RunResult(
                "exited", 1, "", "Traceback\nModuleNotFoundError: mypy\n", (), (), 0, 0, 0, "held"
            ),
            "the type checker did not run: ModuleNotFoundError: mypy",
        ),
        (
            RunResult("cpu", -9, "", "", (), (), 0, 0, 0, "held"),
            "the type checker did not run: cpu",
        ),
    ],
)
def test_an_error_is_no_label(reply, reason):
    _, found = finish(talk("a = 1\n"), [reply])
    assert [(e.verdict, e.n, e.score, e.reason) for e in found.evidence] == [
        (Verdict.UNKNOWN, 0, None, reason)
    ]


def test_a_program_that_the_checker_gives_up_on_is_unknown():
    rows = [{"file": "p1.py", "code": "blocked"}]
    reply = RunResult("exited", 0, json.dumps(rows), "", (), (), 0, 0.0, 0.0, "held")
    _, found = finish(talk("a = 1\n"), [reply])
    assert [(e.verdict, e.reason) for e in found.evidence] == [
        (Verdict.UNKNOWN, "the type checker gives up on it")
    ]


def test_solutions_without_statements_are_counted_and_split_ones_handed_back():
    asked, found = finish(talk("def f(:\n"))
    assert (asked, found.evidence, found.statistics) == ([], (), {"unparsed": 1})
    _, found = finish(talk("a = 1\nb = 2\n"), [mypy_says([], [], [])])
    assert [one.steps for one in found.solutions] == [("a = 1\n", "b = 2\n")]


def test_what_is_unfinished_is_made_whole():
    program = (
        "@cache\ndef f(x):\n    try:\n        y = 1  # why\n    except ValueError:\n"
        "        y = 2\n    else:\n        y = 3\n    match y:\n        case 1:\n"
        "            return x\n"
    )
    assert unfinished(program) == [
        "\n",
        "@cache\ndef f(x):\n    pass\n",
        "@cache\ndef f(x):\n    try:\n        pass\n    except BaseException:\n        pass\n",
        "@cache\ndef f(x):\n    try:\n        y = 1\n    except BaseException:\n        pass\n",
        "@cache\ndef f(x):\n    try:\n        y = 1\n    except ValueError:\n        y = 2\n",
        ast.unparse(ast.parse(program[: program.index("    match")])) + "\n",
        ast.unparse(ast.parse(program.replace("case 1:\n            return x", "case _: pass")))
        + "\n",
        ast.unparse(ast.parse(program)) + "\n",
    ]


def test_only_the_steps_of_a_solution_are_added_to_the_program_it_continues():
    head = "def f(a):\n"
    assert unfinished(head + "    b = a\n    return b\n", len(head)) == [
        "def f(a):\n    pass\n",
        "def f(a):\n    b = a\n",
        "def f(a):\n    b = a\n    return b\n",
    ]


BLOCKS = st.lists(
    st.sampled_from(
        [
            "x = 1\n",
            "if x:\n    y = 2\nelif y:\n    pass\nelse:\n    z = 1\n",
            "for i in x: y = i\n",
            "try:\n    x = 1\nfinally:\n    y = 1\n",
            "class A:\n    def g(self):\n        return 1\n",
            "with a as b:\n    x = 1; y = 2\n",
            "try:\n    x = 1\nexcept* E:\n    y = 1\n",
        ]
    ),
    min_size=1,
    max_size=3,
)


@given(BLOCKS)
def test_every_state_of_a_program_is_a_program_and_the_last_is_the_whole(blocks):
    program = "".join(blocks)
    states = unfinished(program)
    for state in states:
        compile(state, "<state>", "exec")
    assert states[-1] == ast.unparse(ast.parse(program)) + "\n"


def test_mypy_in_the_sandbox_sees_nothing_but_the_programs():
    assert in_sandbox(
        "import numpy\nx = undefined + 1\n",
        "def f(a: list[int]) -> int:\n    a = None\n    pass\n",
        "def f():\n    return len(3) + 'a'.foo()\n",
    ) == [
        (Diagnostic(2, "name-defined", 'Name "undefined" is not defined'),),
        (),
        (
            Diagnostic(2, *NO_LEN),
            Diagnostic(2, "attr-defined", '"str" has no attribute "foo"'),
        ),
    ]


def test_one_program_that_stops_mypy_does_not_stop_the_others():
    said = in_sandbox("x = undefined\n", "x: int = (\n", "y = len(3)\n")
    assert [one and [d.code for d in one] for one in said] == [["name-defined"], None, ["arg-type"]]


def test_humaneval_references_are_not_called_wrong():
    file = DATA / "humaneval" / "HumanEval.jsonl.gz"
    if not file.exists():
        pytest.skip(f"no {file}; set LABELER_SHARED_DATA")
    problems = list(read_humaneval(file))
    programs = [whole_program(p, "".join(p.reference_solution)) for p in problems]
    said = in_sandbox(*[unfinished(program)[-1] for program in programs])
    # Its result is annotated List[int] and gets floats.
    assert [p.problem_id for p, one in zip(problems, said, strict=True) if one] == ["HumanEval/130"]
