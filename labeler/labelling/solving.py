"""Where the solutions of a problem come from: sampled from the policy, or written before.

Solutions are distinct and decided; what is not used is a `Rejection` with its reason. A problem may
be refused as too easy or too hard (OmegaPRM, appendix A), and is then not labelled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from labeler.checking.extract import answer_in
from labeler.driver.conversation import Conversation, together
from labeler.driver.requests import Check, CheckResult
from labeler.labelers.base import Policy, Rollout, Rollouts, roll_out, steps_of
from labeler.records import Problem, ProblemSamples, Rejection, Solution, Verdict
from labeler.seeds import derive_seed

NO_ANSWER = CheckResult(Verdict.UNKNOWN, "no final answer that the answer check could read")
"""Of a sample whose answer a method of whole answers decides."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Problems whose share of right samples is not strictly between the bounds are rejected."""

    samples: int
    above: float
    below: float


@dataclass(frozen=True, slots=True)
class SampledSolutions:
    """The solutions of a problem, and what was drawn for them, if anything was.

    `refused` tells that the problem itself is not to be labelled; `rejections` say why.
    """

    solutions: tuple[Solution, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    samples: ProblemSamples | None = None
    refused: bool = False


def solve(
    problem: Problem,
    policy: Policy,
    n_solutions: int,
    bounds: Filter | None,
    decided_later: bool = False,
) -> Conversation[SampledSolutions]:
    """Samples solutions, as many as the filter needs to know; the first `n_solutions` are used.

    `decided_later`: a method decides whole answers, so a sample that marks no answer for the answer
    check is not wrong for it; it stays, its outcome unknown until that method has looked.
    """
    seed = derive_seed(policy.run_seed, "solve", problem.problem_id)
    n_samples = max(n_solutions, bounds.samples if bounds else 0)
    if not n_samples:
        return SampledSolutions()
    [sampled] = yield from roll_out(policy, problem, [()], n_samples, [seed], "solve")
    if sampled.failure:
        return _refused(problem, "solve", sampled.failure)
    drawn = sampled.rollouts
    if decided_later:
        drawn = tuple(_undecided_without_answer(problem, rollout) for rollout in drawn)
    if too := _difficulty(drawn, bounds):
        return _refused(problem, "difficulty", too)
    counted = Rollouts(drawn)
    samples = ProblemSamples(seed, len(drawn), counted.n, counted.n_correct)
    solutions, rejections = _solutions(problem, policy, drawn[:n_solutions], seed)
    known = tuple(replace(solution, samples=samples) for solution in solutions)
    return SampledSolutions(known, tuple(rejections), samples)


def existing_solutions(
    problem: Problem, solutions: Sequence[Solution]
) -> Conversation[SampledSolutions]:
    """Solutions that exist already, each under an id of its own, with the outcomes checked where
    that is possible.
    """
    checks = yield from together([checked(problem, solution) for solution in solutions])
    # Solutions of a dataset bring along what their run had drawn.
    samples = next((one.samples for one in checks if one.samples is not None), None)
    return SampledSolutions(tuple(checks), samples=samples)


def checked(problem: Problem, solution: Solution) -> Conversation[Solution]:
    """The solution with its outcome, where it is not known and can be checked."""
    answer = solution.final_answer or answer_in(problem.domain, "".join(solution.steps))
    known = solution.outcome is not Verdict.UNKNOWN
    checkable = problem.gold_answer is not None or problem.tests
    if known or not checkable or answer is None:
        return solution
    [reply] = yield [Check(problem, answer, "outcome")]
    if not isinstance(reply, CheckResult):
        return solution
    return replace(
        solution, final_answer=answer, outcome=reply.verdict, outcome_reason=reply.reason
    )


def _undecided_without_answer(problem: Problem, rollout: Rollout) -> Rollout:
    is_cut_off = rollout.completion.finish == "length"
    if is_cut_off or answer_in(problem.domain, rollout.completion.text) is not None:
        return rollout
    return replace(rollout, outcome=NO_ANSWER)


def _refused(problem: Problem, stage: str, reason: str) -> SampledSolutions:
    return SampledSolutions(
        rejections=(Rejection(stage, problem.problem_id, reason),), refused=True
    )


def _difficulty(rollouts: Sequence[Rollout], bounds: Filter | None) -> str:
    """Why a problem is too easy or too hard, "" if it is neither."""
    if bounds is None:
        return ""
    decided = [r for r in rollouts if r.outcome.verdict is not Verdict.UNKNOWN]
    right = sum(r.outcome.verdict is Verdict.CORRECT for r in decided)
    if not decided:
        return "no sample could be decided"
    if right / len(decided) <= bounds.above:
        return f"too hard: {right} of {len(decided)} samples right"
    if right / len(decided) >= bounds.below:
        return f"too easy: {right} of {len(decided)} samples right"
    return ""


def _solutions(
    problem: Problem, policy: Policy, rollouts: Sequence[Rollout], seed: int
) -> tuple[list[Solution], list[Rejection]]:
    """The distinct, decided solutions among samples, and why the others are not used."""
    solutions: dict[str, Solution] = {}
    rejections: list[Rejection] = []
    for index, rollout in enumerate(rollouts):
        name = f"{problem.problem_id}/{index}"
        steps = steps_of(policy, (), rollout.completion.text)
        solution = policy.solution(problem, steps, rollout.outcome, seed)
        if not steps:
            rejections.append(Rejection("solve", name, "empty text"))
        elif rollout.outcome.verdict is Verdict.UNKNOWN and rollout.outcome is not NO_ANSWER:
            rejections.append(Rejection("solve", name, rollout.outcome.reason))
        elif solution.solution_id in solutions:
            rejections.append(Rejection("solve", name, "same text as another sample"))
        else:
            solutions[solution.solution_id] = solution
    return list(solutions.values()), rejections
