"""Solutions whose truth the oracle knows, for labelers to be compared on.

`sampled` are written by the policy, one per problem; `searched` are those that a labeler wrote
itself (OmegaPRM: the rollouts it bisected, all of them wrong, and the right rollouts of the root).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias, TypeVar

from labeler.driver.conversation import Conversation
from labeler.driver.cost import Cost
from labeler.driver.driver import Driver
from labeler.evaluation.compare import Examined
from labeler.labelers.base import Findings, Policy, roll_out, steps_of
from labeler.labelers.method import Labeler
from labeler.oracle.agents.oracle import grade_turns
from labeler.oracle.agents.questions import Question
from labeler.oracle.free_text import grade_text
from labeler.oracle.graph import OracleProblem
from labeler.oracle.oracle import grade
from labeler.problems.solved import SolutionRecord
from labeler.records import Problem, Solution
from labeler.seeds import derive_seed
from labeler.turns.step import turn_steps, turns_among


class Asked(Protocol):
    """A problem with what is known of it: a graph of computation, a world of facts."""

    @property
    def problem(self) -> Problem: ...


A = TypeVar("A", bound=Asked)
Truth: TypeAlias = Callable[[A, Sequence[str]], int | None]
"""Says where a solution's first error is, -1 for none, None where that is not known. Steps of an
agent come with their turns (`labeler.turns.step`)."""


def first_error(problem: OracleProblem, steps: Sequence[str]) -> int | None:
    """Of a solution in the embedded policy's form, where all is decided."""
    return grade(problem, steps).first_error


def first_error_in_text(problem: OracleProblem, steps: Sequence[str]) -> int | None:
    """Of a reply that a real model wrote; None where the oracle cannot tell (`free_text`)."""
    return grade_text(problem, steps).first_error


def first_error_of_agent(question: Question, steps: Sequence[str]) -> int:
    """Of a trajectory, whatever its policy."""
    return grade_turns(question, turns_among(steps) or ()).first_error


async def sampled(
    problems: Sequence[A],
    policy: Policy,
    driver: Driver,
    costs: dict[str, Cost],
    n: int = 1,
    truth: Truth[A] = first_error,  # type: ignore[assignment]
    logprobs: bool = False,
) -> list[SolutionRecord]:
    """`n` solutions per problem, distinct ones, with their truth; none that was cut off. Those
    whose truth is None are among them, for `compare` leaves them out and they are to be counted.
    `logprobs`: they keep the log-probabilities that they were sampled with.
    """
    asked = ((p.problem.problem_id, _solve(p, policy, n, truth, logprobs)) for p in problems)
    found: dict[str, list[SolutionRecord]] = {}
    async for problem_id, solved in driver.run(asked, costs):
        found[problem_id] = solved
    return [solved for p in problems for solved in found[p.problem.problem_id]]


def _solve(
    oracle_problem: A, policy: Policy, n: int, truth: Truth[A], logprobs: bool
) -> Conversation[list[SolutionRecord]]:
    problem = oracle_problem.problem
    seed = derive_seed(policy.run_seed, "solve", problem.problem_id)
    [rollouts] = yield from roll_out(
        policy, problem, [()], n, [seed], "solve", token_texts=logprobs
    )
    solutions: dict[str, Solution] = {}
    for rollout in rollouts.rollouts:
        steps = steps_of(policy, (), rollout)
        if steps and rollout.completion.finish != "length":
            solution = policy.solution(problem, steps, rollout.outcome, seed, rollout.completion)
            solutions.setdefault(solution.solution_id, solution)
    return [_graded(oracle_problem, solution, truth) for solution in solutions.values()]


async def searched(
    problems: Sequence[A],
    name: str,
    labeler: Labeler,
    driver: Driver,
    costs: dict[str, Cost],
    on_problem: Callable[[], None],
    truth: Truth[A] = first_error,  # type: ignore[assignment]
) -> list[Examined]:
    """What a labeler that writes its own solutions found on them."""
    asked = ((p.problem.problem_id, labeler(p.problem, ())) for p in problems)
    found: dict[str, Findings] = {}
    async for problem_id, findings in driver.run(asked, costs):
        found[problem_id] = findings
        on_problem()
    return [
        Examined(_graded(p, solution, truth), {name: found[p.problem.problem_id].evidence})
        for p in problems
        for solution in found[p.problem.problem_id].solutions
    ]


def _graded(problem: A, solution: Solution, truth: Truth[A]) -> SolutionRecord:
    return SolutionRecord(problem.problem, solution, truth(problem, turn_steps(solution)))
