"""Where the solutions of a problem come from: sampled from the policy, or written before.

Solutions are distinct and decided; what is not used is a `Rejection` with its reason. A problem may
be refused as too easy or too hard (OmegaPRM, appendix A), and is then not labelled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from labeler.checking.answers.base import UNREAD, Reading
from labeler.checking.answers.readers import BY_DEFAULT
from labeler.checking.extract import answer_in
from labeler.driver.conversation import Conversation, together
from labeler.driver.requests import Check, CheckResult
from labeler.labelers.base import Policy, Rollout, Rollouts, roll_out, steps_of
from labeler.records import Problem, Rejection, Solution, Verdict
from labeler.seeds import derive_seed


@dataclass(frozen=True, slots=True)
class Filter:
    """Problems whose share of right samples is not strictly between the bounds are rejected."""

    samples: int
    above: float
    below: float


@dataclass(frozen=True, slots=True)
class SampledSolutions:
    """The solutions of a problem; `n_samples` were drawn for them, `n_right` of these are right.

    Of `n_replies`, drawn or given, `n_unread` have no readable answer.

    `refused` tells that the problem itself is not to be labelled; `rejections` say why.
    """

    solutions: tuple[Solution, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    n_samples: int = 0
    n_right: int = 0
    n_replies: int = 0
    n_unread: int = 0
    refused: bool = False


def solve(
    problem: Problem, policy: Policy, n_solutions: int, bounds: Filter | None
) -> Conversation[SampledSolutions]:
    """Samples solutions, as many as the filter needs to know; the first `n_solutions` are used."""
    seed = derive_seed(policy.run_seed, "solve", problem.problem_id)
    n_samples = max(n_solutions, bounds.samples if bounds else 0)
    if not n_samples:
        return SampledSolutions()
    [sampled] = yield from roll_out(policy, problem, [()], n_samples, [seed], "solve")
    if sampled.failure:
        return _refused(problem, "solve", sampled.failure)
    drawn = sampled.rollouts
    right = sum(r.outcome.verdict is Verdict.CORRECT for r in drawn)
    counts = len(drawn), right, len(drawn), sampled.n_unread
    if too := _difficulty(sampled, bounds):
        return _refused(problem, "difficulty", too, counts)
    solutions, rejections = _solutions(problem, policy, drawn[:n_solutions], seed)
    return SampledSolutions(tuple(solutions), tuple(rejections), *counts)


def existing_solutions(
    problem: Problem, solutions: Sequence[Solution], reading: Reading = BY_DEFAULT
) -> Conversation[SampledSolutions]:
    """Solutions that exist already, each under an id of its own, with the outcomes checked where
    that is possible.
    """
    checks = yield from together([checked(problem, one, reading) for one in solutions])
    unread = sum(one.outcome_reason == UNREAD for one in checks)
    return SampledSolutions(tuple(checks), n_replies=len(checks), n_unread=unread)


def checked(
    problem: Problem, solution: Solution, reading: Reading = BY_DEFAULT
) -> Conversation[Solution]:
    """The solution with its outcome, where it is not known and can be checked.

    One that is known, and that the answer contradicts, is unknown; tests are not run for that.
    """
    known = solution.outcome is not Verdict.UNKNOWN
    checkable = problem.gold_answer is not None or problem.tests
    if not checkable or (known and problem.tests):
        return solution
    text = "".join(solution.steps)
    answer = solution.final_answer or answer_in(problem.domain, text, reading.reader)
    if answer is None and known:
        return solution
    if answer is None:
        unread = reading.unread()
        return replace(solution, outcome=unread.verdict, outcome_reason=unread.reason)
    [reply] = yield [Check(problem, answer, "outcome")]
    if not isinstance(reply, CheckResult):
        return solution
    if known:
        said, found = solution.outcome, reply.verdict
        if found in (said, Verdict.UNKNOWN):
            return solution
        reason = f"it was said to be {said}, but its answer {answer[:40]!r} is {found}"
        return replace(solution, outcome=Verdict.UNKNOWN, outcome_reason=reason)
    return replace(
        solution, final_answer=answer, outcome=reply.verdict, outcome_reason=reply.reason
    )


def _refused(
    problem: Problem, stage: str, reason: str, counts: tuple[int, int, int, int] = (0, 0, 0, 0)
) -> SampledSolutions:
    rejections = (Rejection(stage, problem.problem_id, reason),)
    return SampledSolutions((), rejections, *counts, refused=True)


def _difficulty(sampled: Rollouts, bounds: Filter | None) -> str:
    """Why a problem is too easy or too hard, "" if it is neither."""
    if bounds is None:
        return ""
    rollouts = sampled.rollouts
    if sampled.too_many_unread:
        return f"{sampled.n_unread} of {len(rollouts)} samples have {UNREAD}"
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
            text = rollout.completion.text
            rejections.append(Rejection("solve", name, "empty text", text))
        elif rollout.outcome.verdict is Verdict.UNKNOWN:
            text = rollout.completion.text
            rejections.append(Rejection("solve", name, rollout.outcome.reason, text))
        elif solution.solution_id in solutions:
            rejections.append(Rejection("solve", name, "same text as another sample"))
        else:
            solutions[solution.solution_id] = solution
    return list(solutions.values()), rejections
