"""Program: a reference program's statements, changed one by one and judged by the tests (PRLCoder).

Every statement of a reference that passes its tests is right. A mutated statement whose program
fails a test is wrong; one whose program passes is neutral, for tests prove nothing right; a
refactored statement whose program passes is right. A statement that no test reaches is never called
wrong: its mutants are not even run, and its own evidence says that it was not covered. Mutants that
are equivalent by normal form are discarded. Only the changed statement is judged: those before it
are the reference's, those after it stay without evidence.

Each variant is a solution of its own, with the whole changed program; it shares its prefix, and so
the evidence on it, with the reference. A step is a statement by the syntax tree.
What the paper leaves open (the neutral class, the operators, how many variants) is decided here as
specs of this kind advise; the paper's mutants come from a teacher model, these from AST operators.

Needs a reference solution and tests. Not covered: a teacher model, several changes at once.
Source: Ye et al., PRLCoder (arXiv 2502.01715), section on mutation and refactoring of statements.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Final, Literal

from pydantic import Field

from labeler.checking.code_tests import run_of, verdict, whole_program
from labeler.driver.conversation import Conversation
from labeler.driver.requests import CheckResult, Limits, Reply, Run, RunResult, TestStatus
from labeler.labelers.base import Findings, Policy
from labeler.labelers.method import Method, MethodSettings, no_prompts
from labeler.programs.mutation import Variant, mutants, refactorings
from labeler.programs.statements import statements
from labeler.records import (
    Asks,
    Evidence,
    Generator,
    Problem,
    Sampling,
    Solution,
    Verdict,
    prefix_id,
    prefix_ids,
    short_hash,
)
from labeler.seeds import derive_seed

NAME: Final = "program"
VERSION = "1"
SURVIVED = "survived: the changed program passes every test, which proves nothing"


class Program(MethodSettings):
    """Statements of reference programs, changed one by one and judged by the tests.

    At most so many variants per statement, chosen by a seed derived from the run's and the problem.
    `cpu_s` is the processor time that one program may use, in seconds.
    """

    kind: Literal["program"] = NAME
    mutants: Annotated[int, Field(ge=0)] = 3
    refactorings: Annotated[int, Field(ge=0)] = 1
    cpu_s: Annotated[float, Field(gt=0)] = 1.0


def program(
    problem: Problem, solutions: tuple[Solution, ...], settings: Program, policy: Policy
) -> Conversation[Findings]:
    """Evidence on the reference's statements and on variants of them, which are new solutions."""
    if not problem.tests or not problem.reference_solution:
        return Findings(statistics={"without_reference_or_tests": 1})
    limits = Limits(cpu_s=settings.cpu_s)
    whole = whole_program(problem, "".join(problem.reference_solution))
    start = len(whole) - len("".join(problem.reference_solution))
    try:
        places = statements(whole, start)
        changed = [
            *_chosen(mutants(whole, start), settings.mutants, problem, policy.run_seed),
            *_chosen(refactorings(whole, start), settings.refactorings, problem, policy.run_seed),
        ]
    except SyntaxError:
        return Findings(statistics={"unparsed": 1})
    steps = tuple(whole[one.start : one.end] for one in places)
    [reply] = yield [_run(problem, steps, limits, coverage=True)]
    judged = verdict(reply, _run(problem, steps, limits))
    if not isinstance(reply, RunResult) or judged.verdict is not Verdict.CORRECT:
        return _without(problem, steps, judged)
    lines = set(reply.covered)
    covered = [not lines.isdisjoint(one.lines) for one in places]
    tried = [variant for variant in changed if covered[variant.statement]]
    runs = [_run(problem, variant.steps, limits) for variant in tried]
    replies: Sequence[Reply] = (yield list(runs)) if runs else []
    counts: Counter[str] = Counter(
        statements=len(steps),
        covered=sum(covered),
        uncovered_variants=len(changed) - len(tried),
    )
    evidence = [_original(problem, steps, t, covered[t], reply) for t in range(len(steps))]
    written = [_solution(problem, steps, judged)]
    for variant, run, answer in zip(tried, runs, replies, strict=True):
        outcome = verdict(answer, run)
        counts[_count(variant, outcome)] += 1
        if variant.refactored and outcome.verdict is not Verdict.CORRECT:
            continue  # an operator that broke the program says nothing about the statement
        evidence.append(_variant(problem, variant, outcome, answer))
        written.append(_solution(problem, variant.steps, outcome))
    return Findings(tuple(evidence), tuple(written), dict(counts))


def _chosen(
    variants: Sequence[Variant], most: int, problem: Problem, run_seed: int
) -> list[Variant]:
    """At most `most` per statement, by hash, so that no operator comes first by its place."""

    def place(variant: Variant) -> tuple[int, int]:
        order = derive_seed(run_seed, NAME, problem.problem_id, variant.text)
        return variant.statement, order

    taken: Counter[int] = Counter()
    chosen = []
    for variant in sorted(variants, key=place):
        if taken[variant.statement] < most:
            taken[variant.statement] += 1
            chosen.append(variant)
    return chosen


def _run(
    problem: Problem, steps: tuple[str, ...], limits: Limits, *, coverage: bool = False
) -> Run:
    run = run_of(problem, "".join(steps), limits)
    return Run(
        run.program, run.tests, run.entries, limits=limits, coverage=coverage, requester=NAME
    )


def _solution(problem: Problem, steps: tuple[str, ...], outcome: CheckResult) -> Solution:
    return Solution(
        solution_id=short_hash(problem.problem_id, *steps),
        problem_id=problem.problem_id,
        steps=steps,
        final_answer="".join(steps),
        outcome=outcome.verdict,
        outcome_reason=outcome.reason,
        generator=Generator(NAME, VERSION, Sampling(), 0, ""),
    )


def _without(problem: Problem, steps: tuple[str, ...], judged: CheckResult) -> Findings:
    """Unknown on every statement of a reference that could not be confirmed."""
    reason = f"reference not confirmed: {judged.reason}"
    pieces = tuple(
        Evidence(
            prefix,
            NAME,
            VERSION,
            Asks.CORRECTNESS,
            Verdict.UNKNOWN,
            reason=reason,
        )
        for prefix in prefix_ids(problem.problem_id, steps)
    )
    counts = {"statements": len(steps), "reference_unconfirmed": 1}
    return Findings(pieces, (_solution(problem, steps, judged),), counts)


def _original(
    problem: Problem, steps: tuple[str, ...], t: int, covered: bool, reply: RunResult
) -> Evidence:
    """The reference's own statement t: right, with or without a test that reaches it."""
    return Evidence(
        prefix_id(problem.problem_id, steps[: t + 1]),
        NAME,
        VERSION,
        Asks.CORRECTNESS,
        Verdict.CORRECT,
        score=1.0,
        n=len(reply.tests) if covered else 0,
        n_correct=len(reply.tests) if covered else 0,
        rationale="the reference's" if covered else "the reference's; not covered by the tests",
        model=reply.isolation,
        calls=1,
    )


def _variant(problem: Problem, variant: Variant, outcome: CheckResult, reply: Reply) -> Evidence:
    """A changed statement: wrong if its program fails, else right only where it was meant to be."""
    found, score, reason = outcome.verdict, None, outcome.reason
    if found is Verdict.WRONG:
        score = 0.0
        reason = ""
    elif found is Verdict.CORRECT and variant.refactored:
        score = 1.0
    elif found is Verdict.CORRECT:
        found, score, reason = Verdict.UNKNOWN, 0.5, SURVIVED
    tests = reply.tests if isinstance(reply, RunResult) else ()
    said = f"; {outcome.reason}" if outcome.verdict is Verdict.WRONG else ""
    kind = "refactored" if variant.refactored else "mutated"
    return Evidence(
        prefix_id(problem.problem_id, variant.steps[: variant.statement + 1]),
        NAME,
        VERSION,
        Asks.CORRECTNESS,
        found,
        score=score,
        n=len(tests),
        n_correct=sum(tested.result is TestStatus.PASSED for tested in tests),
        rationale=f"{kind}, {variant.operator}: {variant.change}; covered{said}",
        model=reply.isolation if isinstance(reply, RunResult) else "",
        calls=1,
        reason=reason,
    )


def _count(variant: Variant, outcome: CheckResult) -> str:
    kind = "refactored" if variant.refactored else "mutants"
    name = {Verdict.CORRECT: "survived", Verdict.WRONG: "failed", Verdict.UNKNOWN: "undecided"}
    return f"{kind}_{name[outcome.verdict]}"


PROGRAM = Method(
    name=NAME,
    version=VERSION,
    settings=Program,
    conversation=program,
    asks=frozenset({Asks.CORRECTNESS}),
    asks_model=False,
    rolls_out=False,
    runs_programs=True,
    writes_solutions=True,
    is_tool=True,
    may_say_right=True,
    of_whole_answers=False,
    backs_values_up=False,
    needs_reference=True,
    only_of_wrong_answers=False,
    by_place=False,
    prompts=no_prompts,
)
