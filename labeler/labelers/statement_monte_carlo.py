"""Statement Monte Carlo: k rollouts from every prefix of a program, decided by its tests.

The steps are statements of the syntax tree, so that no prefix ends within one; the policy completes
the program from there, and what comes of it is run against the problem's tests in the sandbox (a
`Check`). Otherwise as `monte_carlo`: hard and soft estimates from the same counts, the last
statement is left to `outcome`, a completion that was cut off says nothing. One that is no program
or does not load failed its tests.

A solution whose steps are not its statements is split anew and handed back as a solution of its
own. Not covered: problems without tests, and solutions that are no Python; they are counted.
Sources: Math-Shepherd (arXiv 2312.08935, section 3) for the estimate; outcome by tests and
statements in place of lines as PRLCoder (arXiv 2502.01715) judges partial programs.
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Final, Literal

from pydantic import Field

from labeler.driver.conversation import Conversation
from labeler.labelers.base import Findings, Policy, reading_counts, roll_out, value_evidence
from labeler.labelers.method import AsksPolicy, Method, no_prompts
from labeler.labelers.shared.resplit import resplit_by_statement
from labeler.records import Asks, Domain, Problem, Solution
from labeler.seeds import derive_seed

NAME: Final = "statement_monte_carlo"
VERSION = "1"


class StatementMonteCarlo(AsksPolicy):
    """k rollouts from every prefix of a program, by statements, decided by the tests."""

    kind: Literal["statement_monte_carlo"] = NAME
    k: Annotated[int, Field(ge=1)] = 8


def statement_monte_carlo(
    problem: Problem,
    solutions: tuple[Solution, ...],
    settings: StatementMonteCarlo,
    policy: Policy,
) -> Conversation[Findings]:
    """Evidence on every statement but the last; shared prefixes are asked once."""
    if problem.domain != Domain.CODE or not problem.tests:
        return Findings(statistics={"without_tests": 1})
    split = [resplit_by_statement(problem, solution) for solution in solutions]
    programs = [program for program in split if program is not None]
    prefixes = list(
        dict.fromkeys(p.steps[: t + 1] for p in programs for t in range(len(p.steps) - 1))
    )
    counts = Counter(prefixes=len(prefixes), unparsed=split.count(None))
    if not prefixes:
        return Findings(solutions=_anew(solutions, programs), statistics=dict(counts))
    seeds = [derive_seed(policy.run_seed, NAME, problem.problem_id, "".join(p)) for p in prefixes]
    found = yield from roll_out(policy, problem, prefixes, settings.k, seeds, NAME)
    evidence = tuple(
        value_evidence(NAME, VERSION, policy, problem, prefix, rollouts)
        for prefix, rollouts in zip(prefixes, found, strict=True)
    )
    return Findings(evidence, _anew(solutions, programs), counts | reading_counts(found))


def _anew(solutions: tuple[Solution, ...], programs: list[Solution]) -> tuple[Solution, ...]:
    """The solutions that had other steps."""
    known = {solution.solution_id for solution in solutions}
    return tuple(program for program in programs if program.solution_id not in known)


STATEMENT_MONTE_CARLO = Method(
    name=NAME,
    version=VERSION,
    settings=StatementMonteCarlo,
    conversation=statement_monte_carlo,
    asks=frozenset({Asks.VALUE}),
    asks_model=True,
    rolls_out=True,
    runs_programs=False,
    writes_solutions=False,
    is_tool=False,
    may_say_right=True,
    of_whole_answers=False,
    backs_values_up=False,
    needs_reference=False,
    only_of_wrong_answers=False,
    by_place=False,
    prompts=no_prompts,
)
