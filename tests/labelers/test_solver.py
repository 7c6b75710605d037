"""Optimisation models in code, solved by HiGHS (StepORLM): literal replies, and real runs."""

import json
from dataclasses import replace

import pytest

from labeler.driver.requests import Failed
from labeler.labelers.solver.solver import Solver, last_number, model_in, solver
from labeler.records import Asks, Evidence, Verdict, prefix_id
from tests.labelers.playing import in_sandbox, play, printed
from tests.labelers.talking import NOBODY, PROBLEM, solution

MODEL = "from scipy.optimize import milp\nr = milp([-3, -2])\nprint('objective', -r.fun)\n"
STEPS = ("Let x be tables.\n", f"```python\n{MODEL}```\n", "So it is 12.")
PLAN = replace(PROBLEM, gold_answer="12")
KNAPSACK = """import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
rows = LinearConstraint(np.array([[2, 1], [1, 3]]), -np.inf, [7, 9])
found = milp([-3, -2], constraints=rows, bounds=Bounds(0, np.inf), integrality=[1, 1])
print("x", found.x)
print(f"objective: {-found.fun:,.2f}")
"""
INFEASIBLE = """from scipy import optimize
optimize.linprog([1], A_ub=[[1]], b_ub=[-1], bounds=(0, None))
"""


def solved(text, status=0):
    calls = [{"status": status}]
    return printed(json.dumps({"printed": text, "calls": calls}) + "\n")


def talk(reply, *, problem=PLAN, steps=STEPS, settings=Solver()):  # noqa: B008, frozen
    answer = reply if callable(reply) else lambda request: reply
    found, asked = play(solver(problem, (solution(*steps),), settings, NOBODY), answer)
    [said] = found.evidence
    return said, asked, found.statistics


def test_the_objective_is_evidence_on_the_last_step():
    said, [run], statistics = talk(solved("objective 12.0\n"))
    assert said == Evidence(
        prefix_id("p", STEPS), "solver", "1", Asks.VALUE, Verdict.CORRECT, 1.0, 1, 1,
        "HiGHS: optimal; the model's objective 12, right is 12", "held", 1,
    )  # fmt: skip
    assert (run.files, run.packages, run.limits.cpu_s) == ((("model.py", MODEL),), True, 20.0)
    assert statistics == {"correct": 1}


@pytest.mark.parametrize(
    ("gold", "reply", "verdict", "said"),
    [
        ("12", solved("13"), Verdict.WRONG,
         "HiGHS: optimal; the model's objective 13, right is 12"),
        ("1,200.5", solved("x: 3\nobjective: $1,200.50"), Verdict.CORRECT,
         "HiGHS: optimal; the model's objective 1200.5, right is 1200.5"),
        ("12", solved("", status=2), Verdict.WRONG,
         "HiGHS: infeasible; right is 12"),
        ("Infeasible", solved("", status=2), Verdict.CORRECT,
         "HiGHS: infeasible; right is infeasible"),
        ("unbounded", solved("12"), Verdict.WRONG, "HiGHS: optimal; right is unbounded"),
        ("12", printed("", exit_code=1, stderr="Traceback\nNameError: name 'x'\n"), Verdict.WRONG,
         "the model failed: NameError: name 'x'"),
    ],
)  # fmt: skip
def test_right_and_wrong(gold, reply, verdict, said):
    found, *_ = talk(reply, problem=replace(PLAN, gold_answer=gold))
    assert (found.verdict, found.score, found.n, found.rationale) == (
        verdict, float(verdict is Verdict.CORRECT), 1, said,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Failed("no sandbox: bwrap missing"), "no sandbox: bwrap missing"),
        (printed("", ended="cpu"), "the model was ended: cpu"),
        (printed("", exit_code=1, stderr="ModuleNotFoundError: No module named 'gurobipy'\n"),
         "the model failed: ModuleNotFoundError: No module named 'gurobipy'"),
        (printed("", exit_code=1, stderr="Traceback ...\nKeyboardInterrupt\n"),
         "the model failed: KeyboardInterrupt"),
        (printed("", exit_code=1, stderr="Traceback ...\nMemoryError\n"),
         "the model failed: MemoryError"),
        (printed('{"printed": "12", "calls": []}'), "nothing was solved by HiGHS"),
        (solved("12", status=1), "HiGHS did not finish: limit"),
        (solved("done"), "the model prints no objective"),
    ],
)  # fmt: skip
def test_what_proves_nothing_is_unknown(reply, reason):
    said, *_ = talk(reply)
    assert (said.verdict, said.score, said.n, said.reason) == (Verdict.UNKNOWN, None, 0, reason)


def test_without_a_model_or_a_gold_objective_nothing_is_run():
    said, asked, _ = talk(None, steps=("Just 12.",))
    assert (said.reason, asked) == ("no model in code in the solution", [])
    for gold in (None, "two tables", ""):
        said, asked, _ = talk(None, problem=replace(PLAN, gold_answer=gold))
        assert (said.verdict, said.reason, asked) == (
            Verdict.UNKNOWN, "the gold answer is no objective", [],
        )  # fmt: skip


@pytest.mark.parametrize(("tolerance", "right"), [(1e-4, False), (1e-2, True)])
def test_the_tolerance_is_relative(tolerance, right):
    said, *_ = talk(solved("12.05"), settings=Solver(tolerance=tolerance))
    assert (said.verdict is Verdict.CORRECT) is right


@pytest.mark.parametrize(
    ("text", "number"),
    [("a 1, b 2.50.", 2.5), ("-3", -3.0), ("1,250", 1250.0), ("1e3", 1000.0), ("none", None)],
)
def test_the_last_number(text, number):
    assert last_number(text) == number


def test_the_last_block_is_the_model():
    assert model_in("```python\na\n```\nbetter:\n```\nb\n```\n") == "b\n"
    assert model_in("no block") == ""


def test_equal_models_are_solved_once():
    pair = (solution(*STEPS), solution("Other words.\n", *STEPS[1:]))
    found, asked = play(solver(PLAN, pair, Solver(), NOBODY), lambda request: solved("12"))
    assert (len(asked), len(found.evidence)) == (1, 2)


@pytest.mark.parametrize(
    ("model", "gold", "verdict", "said"),
    [
        (KNAPSACK, "11", Verdict.CORRECT, "HiGHS: optimal; the model's objective 11, right is 11"),
        (KNAPSACK.replace("[1, 1])", "[0, 0])"), "11", Verdict.WRONG,
         "HiGHS: optimal; the model's objective 11.6, right is 11"),
        (KNAPSACK + "raise SystemExit", "11", Verdict.CORRECT,
         "HiGHS: optimal; the model's objective 11, right is 11"),
        ("import os\nos._exit(0)", "11", Verdict.UNKNOWN, "the model ended without a result"),
        (INFEASIBLE, "infeasible", Verdict.CORRECT, "HiGHS: infeasible; right is infeasible"),
        ("print(12)", "12", Verdict.UNKNOWN, "nothing was solved by HiGHS"),
    ],
)  # fmt: skip
def test_models_are_really_solved_in_the_sandbox(model, gold, verdict, said):
    found, *_ = talk(
        in_sandbox(lambda request: None),
        problem=replace(PLAN, gold_answer=gold),
        steps=(f"```python\n{model}\n```\n",),
    )
    assert (found.verdict, found.rationale or found.reason) == (verdict, said)
