"""Trace: the recorder in a sandbox, predicted traces against real ones, and the labeler's talk."""

import asyncio
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeler.checking.python_value import LiteralChecker, same_value
from labeler.driver.requests import Check, CheckResult, Failed, Limits, RunResult
from labeler.labelers.base import Policy
from labeler.labelers.trace.compare import compare
from labeler.labelers.trace.run import Trace, trace_in, trace_run
from labeler.labelers.trace.trace import TraceSettings, trace
from labeler.problems.cruxeval import read_cruxeval
from labeler.records import Evidence, Problem, Sampling, Source, Verdict, prefix_id
from labeler.sandbox.bubblewrap import Bubblewrap
from tests.labelers.talking import NOBODY, finish

DATA = Path(os.environ.get("LABELER_SHARED_DATA", "../shared/data"))
PROGRAM = "def f(xs):\n    out = []\n    for n in xs:\n        out.append(n)\n    return out\n"
PROBLEM = Problem("p", "trace", "Predict f([7]).", "[7]", context=(PROGRAM, "f([7])"))
POLICY = Policy("coder", "1", "{problem}", "", Sampling(), "\n", run_seed=0)
RECORDED = {
    "frames": [{"xs": "[7]"}],
    "events": [
        [0, 2, {"out": "[]"}], [0, 3, {"n": "7"}], [0, 4, {"out": "[7]"}], [0, 3, {}], [0, 5, {}],
    ],
    "value": "[7]",
}  # fmt: skip
RIGHT = (
    "2: out = []  # out = []\n",
    "3: for n in xs:  # n = 7\n",
    "4: out.append(n)  # out = [7]\n",
    "3: for n in xs:\n",
    "5: return out\n",
    "Answer: [7]",
)


def ran(content, ended="exited"):
    stdout = content if isinstance(content, str) else json.dumps(content)
    return RunResult(ended, 0, stdout, "", (), (), 0, 0.0, 0.0, "held")


def real(program=PROGRAM, content=RECORDED):
    return trace_in(ran(content), program)


def talk(*steps, problem=PROBLEM):
    solution = POLICY.solution(problem, steps, CheckResult(Verdict.CORRECT), 0)
    return trace(problem, (solution,), TraceSettings(), NOBODY)


def verdicts(*steps):
    _, found = finish(talk(*steps), [ran(RECORDED)])
    return [(e.verdict.value, e.n, e.n_correct, e.rationale or e.reason) for e in found.evidence]


def recorded(program, call, most=50):
    """What the recorder says in a real sandbox."""

    async def work():
        sandbox = Bubblewrap(1)
        try:
            if why := await sandbox.ready():
                pytest.skip(why)
            [reply] = await sandbox.run([trace_run(program, call, most, Limits(), "test")])
            return trace_in(reply, program)
        finally:
            await sandbox.aclose()

    return asyncio.run(work())


def test_the_call_is_run_once_and_each_line_gets_evidence():
    asked, found = finish(talk(*RIGHT), [ran(RECORDED)])
    [[run]] = asked
    assert (run.requester, run.tests, run.packages) == ("trace", (), False)
    assert PROGRAM in run.program.replace("\\n", "\n")
    assert found.evidence[1] == Evidence(
        prefix_id("p", RIGHT[:2]), "trace", "1", "correctness", Verdict.CORRECT,
        score=1.0, n=2, n_correct=2, model="held", calls=1,
    )  # fmt: skip
    assert [(e.verdict, e.score) for e in found.evidence] == [(Verdict.CORRECT, 1.0)] * 6
    assert found.statistics == {"statements_run": 5, "questions": 9, "right": 9}


def test_the_first_line_may_be_wrong():
    assert verdicts("2: out = []  # out = ()\n")[0] == (
        "wrong", 2, 1, "out is [], not ()",
    )  # fmt: skip


def test_a_wrong_value_is_wrong_and_later_lines_are_judged_on():
    said = verdicts(*RIGHT[:1], "3: for n in xs:  # n = '7'\n", *RIGHT[2:])
    assert said[1] == ("wrong", 2, 1, "n is 7, not '7'")
    assert [v for v, *_ in said] == ["correct", "wrong", "correct", "correct", "correct", "correct"]


def test_another_statement_is_wrong_and_positions_after_it_mean_nothing():
    said = verdicts(*RIGHT[:3], "5: return out\n", "Answer: [7]")
    assert said[3:] == [
        ("wrong", 1, 0, "line 3 runs next: for n in xs:"),
        ("correct", 1, 1, ""),
    ]
    said = verdicts("3: for n in xs:  # n = 7\n", *RIGHT[2:])
    assert said[1] == ("unknown", 0, 0, "the trace left the real one before")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("2: out = []\n", ("unknown", 2, 1, "says nothing of out")),
        ("2: out = []  # an empty list\n", ("unknown", 2, 1, "values that cannot be read")),
        ("2: out = []  # out = list()\n", ("unknown", 2, 1, "out is given as no literal")),
        ("2: out = []  # out = []; xs = [7]\n", ("correct", 3, 3, "")),
        ("2: out = []  # out = []; xs = [8]\n", ("wrong", 3, 2, "xs is [7], not [8]")),
        ("2: out = []  # out = []; y = 1\n", ("wrong", 3, 2, "y has no value here")),
        ("2: out=[]  # out = []\n", ("wrong", 1, 0, "line 2 runs next: out = []")),
        ("First, a list is made.\n", ("unknown", 0, 0, "answers no question about the trace")),
    ],
)
def test_what_a_line_may_say(line, said):
    assert verdicts(line)[0] == said


def test_what_runs_after_the_return_is_wrong():
    assert verdicts(*RIGHT[:5], "2: out = []\n")[5] == (
        "wrong", 1, 0, "nothing runs after the return, not line 2",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("steps", "reward"),
    [
        (RIGHT, 2.0),
        ((*RIGHT[:5], "Answer: [8]"), 0.0),
        (RIGHT[:5], 0.0),
        ((*RIGHT[:5], "Answer: seven"), 0.0),
        (("Answer: [7]",), 1.0),
        ((*RIGHT[:1], "3: for n in xs:  # n = 8\n", *RIGHT[2:]), 2 * (0.5 + 0.5 * 7 / 8)),
    ],
)
def test_the_papers_reward(steps, reward):
    assert compare(steps, real()).reward == pytest.approx(reward)
    _, found = finish(talk(*steps), [ran(RECORDED)])
    if steps[-1].startswith("Answer"):
        assert found.evidence[-1].score == pytest.approx(reward / 2)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Failed("no sandbox: no bwrap"), "no sandbox: no bwrap"),
        (ran({"cut": 200}), "the call runs more than 200 statements"),
        (ran({"raised": "ValueError"}), "the call raises ValueError"),
        (ran("", "cpu"), "the call was not traced: cpu"),
        (ran(RECORDED | {"value": "[8]"}), "the call returns [8], not the gold answer"),
    ],
)
def test_an_error_is_no_label(reply, reason):
    _, found = finish(talk(*RIGHT), [reply])
    assert {(e.verdict, e.n, e.score, e.reason) for e in found.evidence} == {
        (Verdict.UNKNOWN, 0, None, reason)
    }
    assert len(found.evidence) == len(RIGHT)


def test_a_problem_without_program_and_call_is_not_run():
    asked, found = finish(talk("x", problem=Problem("p", "math", "1 + 1?", "2")))
    assert (asked, found.evidence, found.statistics) == ([], (), {"without_program_and_call": 1})


def test_a_recorded_loop_has_a_line_for_every_round():
    assert recorded(PROGRAM, "f([7])") == real()


def test_a_caller_gets_its_value_once_the_callee_is_done_and_comprehensions_are_one_statement():
    program = (
        "def g(y):\n    print('noise')\n    return y * 2\n"
        "def f(x):\n    a = g(\n        x)\n    return [b\n            for b in (a, a)]\n"
    )
    found = recorded(program, "f(3)")
    assert [(e.line, e.changed, e.values) for e in found.events] == [
        (5, ("a",), {"x": "3", "a": "6"}),
        (2, (), {"y": "3"}),
        (3, (), {"y": "3"}),
        (7, (), {"x": "3", "a": "6"}),
    ]
    assert found.events[0].lines == ("a = g(", "x)")
    assert found.value == "[6, 6]"


def test_a_trace_that_is_too_long_is_cut_even_where_the_program_catches_everything():
    endless = "        while True:\n            x = 1\n"
    program = f"def f():\n    try:\n{endless}    except:\n        return 1\n"
    assert recorded(program, "f()", most=9) == "the call runs more than 9 statements"


def test_cruxeval_problems_are_traced_and_a_perfect_prediction_is_right():
    file = DATA / "cruxeval" / "cruxeval.jsonl"
    if not file.exists():
        pytest.skip(f"no {file}; set LABELER_SHARED_DATA")
    for problem in list(read_cruxeval(file))[:5]:
        found = recorded(*problem.context, most=200)
        assert isinstance(found, Trace)
        steps = [_line(event) for event in found.events] + [f"Answer: {problem.gold_answer}"]
        compared = compare(steps, found)
        assert compared.reward == 2.0
        assert all(judged.n == judged.right > 0 for judged in compared.steps)


def _line(event):
    values = "; ".join(f"{name} = {event.values[name]}" for name in event.changed)
    return f"{event.line}: {event.lines[0]}  # {values}\n"


def test_a_cruxeval_record_shows_the_program_with_its_lines_and_the_call(tmp_path):
    path = tmp_path / "c.jsonl"
    records = [
        {"code": "def f(a):\n    return a", "input": "1, ", "output": "1", "id": "sample_0"},
        {"code": "def f(a:\n", "input": "1", "output": "1", "id": "sample_1"},
    ]
    path.write_text("".join(json.dumps(one) + "\n" for one in records))
    problem, rejection = read_cruxeval(path, Source("s"))
    assert problem.text.endswith("\n  1  def f(a):\n  2      return a\n\nf(1, )\n")
    assert (problem.problem_id, problem.domain) == ("cruxeval/sample_0", "trace")
    assert (problem.gold_answer, problem.context[1]) == ("1", "f(1, )")
    assert rejection.reason.startswith("code, input or output is no Python")


@pytest.mark.parametrize(
    ("gold", "answer", "verdict"),
    [
        ("[1]", "[ 1 ]", Verdict.CORRECT),
        ("{1, 2}", "{2, 1}", Verdict.CORRECT),
        ("{'a': 1, 'b': 2}", "{'b': 2, 'a': 1}", Verdict.CORRECT),
        ("1", "1.0", Verdict.WRONG),
        ("1", "True", Verdict.WRONG),
        ("{1}", "{True}", Verdict.WRONG),
        ("{1: 2}", "{True: 2}", Verdict.WRONG),
        ("(1, [2])", "(1, (2,))", Verdict.WRONG),
        ("[1]", "list((1,))", Verdict.UNKNOWN),
    ],
)
def test_values_are_the_same_in_type_and_value(gold, answer, verdict):
    check = Check(Problem("p", "trace", "?", gold), answer)
    [checked] = asyncio.run(LiteralChecker().check([check]))
    assert checked.verdict is verdict


LITERALS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.integers(), inner, max_size=3),
    max_leaves=6,
)


@given(LITERALS, LITERALS)
def test_two_values_are_the_same_exactly_when_they_look_the_same(one, other):
    assert same_value(one, one)
    if same_value(one, other):
        assert one == other
