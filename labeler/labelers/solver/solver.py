"""Solver: a solution's optimisation model, solved by HiGHS, its objective against the right one.

The model is the last fenced block of a solution; it is a Python program that calls scipy's `milp`
or `linprog` and prints its objective last. Right: HiGHS found an optimum and the last number
printed is the gold answer, within `tolerance` (relative; absolute near 0). Where the gold answer is
`infeasible` or `unbounded`, that is what HiGHS must say. Wrong: another objective or status, or a
program that fails by its own fault. Unknown: no program, no call of HiGHS (a number that nobody
solved for proves nothing), a library that is not there, a limit that was reached (time, memory,
threads), no sandbox, no number as gold answer.

Evidence on the last step, on value: the outcome of the whole. The paper's critique of single steps
is the labeler `judge`; its pairs by outcome are made where preferences are exported.
Does not cover other solvers and non-linear models.
Source: StepORLM (arXiv 2509.22558, ICLR 2026): the solver's success or failure of a trajectory.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from labeler.driver.conversation import Conversation
from labeler.driver.requests import Failed, Limits, Reply, Run, RunResult
from labeler.labelers.base import Findings, Policy
from labeler.labelers.method import Method, MethodSettings, no_prompts
from labeler.labelers.shared.tool_use import failure_of
from labeler.records import Asks, Evidence, Problem, Solution, Verdict, prefix_id

NAME: Final = "solver"
VERSION = "1"
OPTIMAL = 0
NOT_ITS_FAULT = (
    "ModuleNotFoundError",
    "ImportError",
    "MemoryError",
    "KeyboardInterrupt",
    "RuntimeError: can't start new thread",
)
"""Errors that tell of the place a program ran in: a library, memory, or threads it did not get."""
STATUS = {0: "optimal", 1: "limit", 2: "infeasible", 3: "unbounded", 4: "undecided"}
_FENCED = re.compile(r"^```[^\n`]*\n(.*?)^```[ \t]*$", re.DOTALL | re.MULTILINE)
_NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+|(?<=\d)\.?)(?:[eE][-+]?\d+)?")


class Solver(MethodSettings):
    """The outcome of an optimisation model in code, solved by HiGHS (StepORLM); asks no model.

    `tolerance` is relative to the gold objective; `cpu_s` processor seconds per model.
    """

    kind: Literal["solver"] = NAME
    tolerance: Annotated[float, Field(gt=0, lt=1)] = 1e-4
    cpu_s: Annotated[float, Field(gt=0)] = 20.0


@dataclass(frozen=True, slots=True)
class _Said:
    verdict: Verdict
    text: str


def solver(
    problem: Problem, solutions: tuple[Solution, ...], settings: Solver, policy: Policy
) -> Conversation[Findings]:
    """Evidence on the last step of every solution; equal models are solved once."""
    models = {s.solution_id: model_in("".join(s.steps)) for s in solutions}
    distinct = list(dict.fromkeys(model for model in models.values() if model))
    limits = Limits(cpu_s=settings.cpu_s, wall_s=3 * settings.cpu_s)
    answered: dict[str, Reply] = dict.fromkeys(distinct, Failed("the gold answer is no objective"))
    if distinct and _gold(problem) is not None:
        found = yield [
            Run(_runner(), files=(("model.py", m),), limits=limits, packages=True, requester=NAME)
            for m in distinct
        ]
        answered = dict(zip(distinct, found, strict=True))
    evidence: dict[str, Evidence] = {}
    counts: Counter[str] = Counter()
    for solution in solutions:
        reply = answered.get(models[solution.solution_id])
        said = _said(problem, reply, settings.tolerance)
        piece = _evidence(problem, solution, said, reply)
        evidence.setdefault(piece.prefix_id, piece)
        counts[said.verdict.value] += 1
    return Findings(tuple(evidence.values()), statistics=dict(counts))


def model_in(text: str) -> str:
    """The last fenced block; "" without one."""
    blocks = _FENCED.findall(text)
    return blocks[-1] if blocks else ""


def last_number(text: str) -> float | None:
    """The last number of a text."""
    found = [m.group().replace(",", "") for m in _NUMBER.finditer(text)]
    numbers = [value for value in found if any(c.isdigit() for c in value)]
    return float(numbers[-1]) if numbers else None


def _gold(problem: Problem) -> float | str | None:
    """The right objective, or the status that is right; None where it is neither."""
    gold = (problem.gold_answer or "").strip().lower()
    if gold in ("infeasible", "unbounded"):
        return gold
    match = _NUMBER.fullmatch(gold.lstrip("$€£ "))
    return float(match.group().replace(",", "")) if match and gold else None


def _said(problem: Problem, reply: Reply | None, tolerance: float) -> _Said:
    if reply is None:
        return _Said(Verdict.UNKNOWN, "no model in code in the solution")
    if not isinstance(reply, RunResult):
        return _Said(Verdict.UNKNOWN, reply.reason if isinstance(reply, Failed) else "no run")
    if reply.ended != "exited":
        return _Said(Verdict.UNKNOWN, f"the model was ended: {reply.ended}")
    if reply.exit_code:
        failure = failure_of(reply)
        is_its_fault = not failure.startswith(NOT_ITS_FAULT)
        return _Said(
            Verdict.WRONG if is_its_fault else Verdict.UNKNOWN, f"the model failed: {failure}"
        )
    try:
        result = json.loads(reply.stdout.splitlines()[-1])
        printed, calls = str(result["printed"]), [int(call["status"]) for call in result["calls"]]
    except (ValueError, IndexError, KeyError, TypeError):
        return _Said(Verdict.UNKNOWN, "the model ended without a result")
    return _compared(printed, calls, _gold(problem), tolerance)


def _compared(printed: str, calls: list[int], gold: float | str | None, tolerance: float) -> _Said:
    """`calls` are the statuses with which HiGHS ended."""
    if not calls:
        return _Said(Verdict.UNKNOWN, "nothing was solved by HiGHS")
    status = calls[-1]
    name = STATUS.get(status, str(status))
    if name in ("limit", "undecided"):
        return _Said(Verdict.UNKNOWN, f"HiGHS did not finish: {name}")
    if isinstance(gold, str):
        verdict = Verdict.CORRECT if name == gold else Verdict.WRONG
        return _Said(verdict, f"HiGHS: {name}; right is {gold}")
    if status != OPTIMAL:
        return _Said(Verdict.WRONG, f"HiGHS: {name}; right is {gold:g}")
    objective = last_number(printed)
    if objective is None or gold is None:
        return _Said(Verdict.UNKNOWN, "the model prints no objective")
    is_right = math.isclose(objective, gold, rel_tol=tolerance, abs_tol=tolerance)
    verdict = Verdict.CORRECT if is_right else Verdict.WRONG
    return _Said(verdict, f"HiGHS: optimal; the model's objective {objective:g}, right is {gold:g}")


def _evidence(problem: Problem, solution: Solution, said: _Said, reply: Reply | None) -> Evidence:
    isolation = reply.isolation if isinstance(reply, RunResult) else ""
    is_unknown = said.verdict is Verdict.UNKNOWN
    right = int(said.verdict is Verdict.CORRECT)
    return Evidence(
        prefix_id=prefix_id(problem.problem_id, solution.steps),
        labeler=NAME,
        labeler_version=VERSION,
        asks=Asks.VALUE,
        verdict=said.verdict,
        score=None if is_unknown else float(right),
        n=int(not is_unknown),
        n_correct=right,
        rationale="" if is_unknown else said.text,
        model=isolation,
        calls=int(isinstance(reply, RunResult)),
        reason=said.text if is_unknown else "",
    )


def _runner() -> str:
    return Path(__file__).with_name("runner.py").read_text(encoding="utf-8")


SOLVER = Method(
    name=NAME,
    version=VERSION,
    settings=Solver,
    conversation=solver,
    asks=frozenset({Asks.VALUE}),
    asks_model=False,
    rolls_out=False,
    runs_programs=True,
    writes_solutions=False,
    is_tool=False,
    may_say_right=True,
    of_whole_answers=True,
    backs_values_up=False,
    needs_reference=False,
    only_of_wrong_answers=False,
    by_place=False,
    prompts=no_prompts,
)
