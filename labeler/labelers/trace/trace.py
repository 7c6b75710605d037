"""Trace: a predicted execution trace, judged step by step by the real one (ExecVerify).

A problem of domain `trace` shows a program and a call, which also stand in its `context`; a
solution is the trace that a model predicts (the form: `predicted_trace`). The call is run once in
the sandbox, statement by statement, and each line of a solution answers questions whose answers are
known exactly: which statement runs next, what is each variable once it is done, what does the call
return. All answers of a step right: correct. One wrong: wrong. A variable left out, a value that is
no literal, words that answer nothing, lines after the trace has left the real one: unknown, with
the reason. The step with what is returned bears ExecVerify's reward, halved, as its score.

Unlike the paper, which asks about chosen places of the trace, the whole trace is asked for, so no
run is needed to pose a problem. Not covered: traces of threads, of C code, of programs nobody
trusts not to forge them; order of sets is that of hash seed 0.
Source: ExecVerify (its public code), questions, comparison and reward.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from labeler.checking.python_value import NoLiteral, literal, same_value
from labeler.driver.conversation import Conversation
from labeler.driver.requests import Limits, RunResult
from labeler.labelers.base import Findings, Policy
from labeler.labelers.method import Method, MethodSettings, no_prompts
from labeler.labelers.trace.compare import Comparison, TraceVerdict, compare
from labeler.labelers.trace.run import Trace, trace_in, trace_run
from labeler.records import Asks, Domain, Evidence, Problem, Solution, Verdict, prefix_ids

NAME: Final = "trace"
VERSION = "1"

SHOWN = 3
"""Wrong or missing answers of one step that are named."""


class TraceSettings(MethodSettings):
    """Predicted execution traces, judged line by line by the real one; asks no model.

    `most_statements` that a call may run; `cpu_s` is processor time of the traced run.
    """

    kind: Literal["trace"] = NAME
    most_statements: Annotated[int, Field(ge=1, le=10_000)] = 200
    cpu_s: Annotated[float, Field(gt=0)] = 2.0


def trace(
    problem: Problem, solutions: tuple[Solution, ...], settings: TraceSettings, policy: Policy
) -> Conversation[Findings]:
    """Evidence on every step of every solution; the call is run once."""
    if problem.domain != Domain.TRACE or len(problem.context) != 2:
        return Findings(statistics={"without_program_and_call": 1})
    program, call = problem.context
    limits = Limits(cpu_s=settings.cpu_s, output_bytes=4 << 20)
    try:
        run = trace_run(program, call, settings.most_statements, limits, NAME)
    except (SyntaxError, ValueError):
        return _unknown(problem, solutions, "the program is no Python")
    [reply] = yield [run]
    real = trace_in(reply, program)
    if isinstance(real, str):
        return _unknown(problem, solutions, real)
    if not _as_recorded(problem, real):
        return _unknown(problem, solutions, f"the call returns {real.value}, not the gold answer")
    by = reply.isolation if isinstance(reply, RunResult) else ""
    evidence: dict[str, Evidence] = {}
    for solution in solutions:
        compared = compare(solution.steps, real)
        prefixes = prefix_ids(problem.problem_id, solution.steps)
        for prefix, judged in zip(prefixes, compared.steps, strict=False):
            evidence.setdefault(prefix, _evidence(prefix, judged, compared, by))
    counts = {
        "statements_run": len(real.events),
        "questions": sum(one.n for one in evidence.values()),
        "right": sum(one.n_correct for one in evidence.values()),
    }
    return Findings(tuple(evidence.values()), statistics=counts)


def _as_recorded(problem: Problem, real: Trace) -> bool:
    """Whether the run returned what the data set says; true where that cannot be compared."""
    if problem.gold_answer is None:
        return True
    try:
        return same_value(literal(problem.gold_answer), literal(real.value))
    except NoLiteral:
        return True


def _evidence(prefix: str, judged: TraceVerdict, compared: Comparison, by: str) -> Evidence:
    if judged.wrong:
        verdict, reason = Verdict.WRONG, ""
    elif judged.n == 0:
        verdict = Verdict.UNKNOWN
        reason = judged.after or "answers no question about the trace"
    elif judged.missing:
        verdict, reason = Verdict.UNKNOWN, "; ".join(judged.missing[:SHOWN])
    else:
        verdict, reason = Verdict.CORRECT, ""
    score = judged.right / judged.n if judged.n else None
    return Evidence(
        prefix_id=prefix,
        labeler=NAME,
        labeler_version=VERSION,
        asks=Asks.CORRECTNESS,
        verdict=verdict,
        score=compared.reward / 2 if judged.answers else score,
        n=judged.n,
        n_correct=judged.right,
        rationale="; ".join(judged.wrong[:SHOWN]),
        model=by,
        calls=1,
        reason=reason,
    )


def _unknown(problem: Problem, solutions: tuple[Solution, ...], reason: str) -> Findings:
    pieces = {
        prefix: Evidence(prefix, NAME, VERSION, Asks.CORRECTNESS, Verdict.UNKNOWN, reason=reason)
        for s in solutions
        for prefix in prefix_ids(problem.problem_id, s.steps)
    }
    return Findings(tuple(pieces.values()), statistics={"untraced": 1})


TRACE = Method(
    name=NAME,
    version=VERSION,
    settings=TraceSettings,
    conversation=trace,
    asks=frozenset({Asks.CORRECTNESS}),
    asks_model=False,
    rolls_out=False,
    runs_programs=True,
    writes_solutions=False,
    is_tool=True,
    may_say_right=True,
    of_whole_answers=False,
    backs_values_up=False,
    needs_reference=False,
    only_of_wrong_answers=False,
    by_place=False,
    prompts=no_prompts,
)
