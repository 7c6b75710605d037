"""Surprise of a step: how unlikely the policy held its least likely token.

    s_t = min over the tokens of step t of log pi(token | problem, everything before)

at temperature 1 (specs: log-probabilities as evidence; our own signal). Solutions that the run
sampled itself keep their log-probabilities (`Solution.logprobs`), so it costs nothing; one that was
given costs one prefill. Higher is better: 0 is a step of which the policy was certain.

Limits: another model's solution is scored by what this policy would have written, so a mere turn of
phrase surprises, too. What it is worth is learned on each run (`labeler.first_error.signals`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from labeler.driver.conversation import Conversation
from labeler.driver.pieces import logprobs_by_piece
from labeler.driver.requests import Failed, Reply, Score, Scores
from labeler.labelers.base import Policy
from labeler.records import Problem, Solution
from labeler.turns.observed import own_and_observed

NAME: Final = "surprise"


@dataclass(frozen=True, slots=True)
class Surprise:
    """s_t of each step of a solution, None for one without a token; `failure` says why there are
    none. `calls` and `prompt_tokens` are what it took.
    """

    values: tuple[float | None, ...] = ()
    failure: str = ""
    calls: int = 0
    prompt_tokens: int = 0


def surprise_of(logprobs: Sequence[Sequence[float]]) -> tuple[float | None, ...]:
    """s_t from the natural logarithms of each step's tokens."""
    return tuple(min(step, default=None) for step in logprobs)


def ask_surprise(
    problem: Problem, solutions: Sequence[Solution], policy: Policy, requester: str
) -> Conversation[list[Surprise]]:
    """Of each solution; asks for those that were not sampled with log-probabilities."""
    unknown = [one for one in solutions if _kept(one) is None]
    replies: list[Reply] = []
    if unknown:
        prompt = policy.prompt(problem)
        replies = yield [Score(prompt, "".join(s.steps), requester=requester) for s in unknown]
    asked = {s.solution_id: _read(s, r) for s, r in zip(unknown, replies, strict=True)}
    return [
        asked[one.solution_id] if kept is None else Surprise(surprise_of(kept))
        for one, kept in ((one, _kept(one)) for one in solutions)
    ]


def _kept(solution: Solution) -> tuple[tuple[float, ...], ...] | None:
    known = solution.logprobs
    return known if known is not None and len(known) == len(solution.steps) else None


def _read(solution: Solution, reply: Reply) -> Surprise:
    if not isinstance(reply, Scores):
        return Surprise(
            failure=reply.reason if isinstance(reply, Failed) else "no log-probabilities", calls=1
        )
    # Of an agent, a tool's words surprise nobody.
    told = logprobs_by_piece(reply.tokens, reply.logprobs, own_and_observed(solution))
    read = reply.prompt_tokens + len(reply.logprobs)
    if told is None:
        return Surprise(failure="the tokens are not those of the text", calls=1, prompt_tokens=read)
    return Surprise(surprise_of(told[::2]), calls=1, prompt_tokens=read)
