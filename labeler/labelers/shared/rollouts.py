"""Rollouts from a prefix: continuations that the policy samples, each decided by its answer.

(specs: Math-Shepherd section 3, OmegaPRM section 3.1.) One that was cut off, or whose answer cannot
be read or decided, says nothing: it is left out of the counts instead of counting as wrong. Where
more than `MOST_UNREAD` of a prefix's rollouts cannot be read, the readable ones say nothing either:
a policy writes the form it knows best where it is right. A policy that calls tools acts
(`labeler.labelers.shared.acting`): its rollouts are trajectories, whose answer is read in their
last turn only, and one that still calls in the last turn there is has no readable answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from labeler.checking.answers.base import Reading
from labeler.checking.extract import answer_in, answer_of_agent
from labeler.driver.conversation import Conversation
from labeler.driver.requests import (
    Check,
    CheckResult,
    Completion,
    Failed,
    Reply,
    Sample,
    Samples,
)
from labeler.labelers.shared.acting import CUT_OFF, ActedOut, Acting, Written, act_out
from labeler.records import Problem, Verdict

if TYPE_CHECKING:
    from labeler.labelers.base import Policy

MOST_UNREAD = Fraction(1, 5)
"""So large a share of a prefix's rollouts may have no readable answer and the prefix a value."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """A continuation of a prefix and the verdict on its answer; `unread` where it has none.

    `turns` are its steps where it is an agent's, observations among them; `is_lost` where a model
    or a tool did not reply, so that nobody knows what it would have come to.
    """

    completion: Completion
    outcome: CheckResult
    unread: bool = False
    turns: tuple[str, ...] | None = None
    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class Rollouts:
    """Continuations of one prefix, with what they cost; `failure` says why there are none.

    `missing` were asked for and did not come, although the sampler answered.
    """

    rollouts: tuple[Rollout, ...]
    prompt_tokens: int = 0
    completion_tokens: int = 0
    failure: str = ""
    missing: int = 0
    more_calls: int = 0
    """Requests to the model beside the first of each question: an agent's later turns."""

    def __add__(self, more: Rollouts) -> Rollouts:
        """These and more rollouts of the same prefix."""
        return Rollouts(
            self.rollouts + more.rollouts,
            self.prompt_tokens + more.prompt_tokens,
            self.completion_tokens + more.completion_tokens,
            more.failure or self.failure,
            self.missing + more.missing,
            self.more_calls + more.more_calls,
        )

    @property
    def n(self) -> int:
        """How many were decided."""
        return sum(r.outcome.verdict is not Verdict.UNKNOWN for r in self.rollouts)

    @property
    def n_correct(self) -> int:
        return sum(r.outcome.verdict is Verdict.CORRECT for r in self.rollouts)

    @property
    def n_unread(self) -> int:
        """How many have no readable answer, whatever the run holds them for."""
        return sum(r.unread for r in self.rollouts)

    @property
    def too_many_unread(self) -> bool:
        """Whether so many are undecided for want of an answer that the others say nothing."""
        undecided = sum(r.unread and r.outcome.verdict is Verdict.UNKNOWN for r in self.rollouts)
        return undecided > MOST_UNREAD * len(self.rollouts)

    @property
    def counts(self) -> tuple[int, int]:
        """How many were decided and how many of them are right; (0, 0) where they say nothing."""
        return (0, 0) if self.too_many_unread else (self.n, self.n_correct)

    @property
    def value(self) -> float | None:
        """MC of the prefix, None where no rollout was decided.

        None, too, where none is right and some did not come: one of them may have been; and where
        too many cannot be read.
        """
        is_short = self.missing or any(r.is_lost for r in self.rollouts)
        if not self.n or (is_short and not self.n_correct) or self.too_many_unread:
            return None
        return self.n_correct / self.n


def reading_counts(found: Iterable[Rollouts]) -> dict[str, int]:
    """How many replies a labeler asked for answers, and how many of them have no readable one."""
    replies = unread = 0
    for rollouts in found:
        replies += len(rollouts.rollouts)
        unread += rollouts.n_unread
    return {"replies": replies, "unread": unread} if replies else {}


def roll_out(
    policy: Policy,
    problem: Problem,
    prefixes: Sequence[tuple[str, ...]],
    n: int,
    seeds: Sequence[int],
    requester: str,
    *,
    token_texts: bool = False,
) -> Conversation[list[Rollouts]]:
    """Samples `n` rollouts from each prefix at once, then checks each distinct answer once.

    A policy that calls tools acts (`labeler.labelers.shared.acting`).
    """
    if policy.acting is not None:
        return (
            yield from _act_out(
                policy, policy.acting, problem, prefixes, n, seeds, requester, token_texts
            )
        )
    replies = yield [
        Sample(
            policy.prompt(problem, prefix),
            n,
            policy.sampling,
            seed,
            token_texts,
            requester=requester,
        )
        for prefix, seed in zip(prefixes, seeds, strict=True)
    ]
    answers = [
        [_answer(policy.reading, problem, prefix, c) for c in reply.completions]
        if isinstance(reply, Samples)
        else []
        for prefix, reply in zip(prefixes, replies, strict=True)
    ]
    outcomes = yield from _judged(policy, problem, answers, requester)
    return [_rollouts(reply, row, n) for reply, row in zip(replies, outcomes, strict=True)]


_Answer: TypeAlias = str | CheckResult | None
_Outcome: TypeAlias = tuple[CheckResult, bool]


def _judged(
    policy: Policy, problem: Problem, answers: Sequence[Sequence[_Answer]], requester: str
) -> Conversation[list[list[_Outcome]]]:
    """The verdict on each answer, and whether it could not be read; each distinct one is checked
    once.
    """
    distinct = sorted({a for row in answers for a in row if isinstance(a, str)})
    checks: list[Reply] = []
    if distinct:
        checks = yield [Check(problem, answer, requester) for answer in distinct]
    verdicts = {a: _checked(reply) for a, reply in zip(distinct, checks, strict=True)}
    return [[_outcome(a, verdicts, policy.reading) for a in row] for row in answers]


def _act_out(
    policy: Policy,
    acting: Acting,
    problem: Problem,
    prefixes: Sequence[tuple[str, ...]],
    n: int,
    seeds: Sequence[int],
    requester: str,
    token_texts: bool,
) -> Conversation[list[Rollouts]]:
    """The rollouts of a policy that calls tools, each with its turns."""
    prompt = partial(policy.prompt, problem)
    acted = yield from act_out(
        acting, policy.sampling, prompt, prefixes, n, seeds, requester, token_texts=token_texts
    )
    answers = [[_answer_of(policy.reading, problem, w) for w in one.written] for one in acted]
    outcomes = yield from _judged(policy, problem, answers, requester)
    return [_acted_rollouts(one, row) for one, row in zip(acted, outcomes, strict=True)]


def _answer_of(reading: Reading, problem: Problem, written: Written) -> _Answer:
    """The answer in the last turn of a rollout, which calls nothing; see `_answer`."""
    if written.is_unanswered:
        return None
    if written.why:
        return CheckResult(Verdict.UNKNOWN, written.why)
    last = written.steps[-1].turn.thought if written.steps else ""
    return answer_of_agent(problem.domain, last, reading.reader)


def _acted_rollouts(acted: ActedOut, outcomes: list[_Outcome]) -> Rollouts:
    return Rollouts(
        tuple(
            Rollout(w.completion, outcome, unread, w.steps, w.is_lost)
            for w, (outcome, unread) in zip(acted.written, outcomes, strict=True)
        ),
        acted.prompt_tokens,
        acted.completion_tokens,
        acted.failure,
        more_calls=acted.calls - 1,
    )


def _answer(
    reading: Reading, problem: Problem, prefix: tuple[str, ...], completion: Completion
) -> _Answer:
    """The final answer, the verdict where it does not matter, None where it cannot be read."""
    if completion.finish == "length":
        return CheckResult(Verdict.UNKNOWN, CUT_OFF)
    return answer_in(problem.domain, "".join(prefix) + completion.text, reading.reader)


def _outcome(answer: _Answer, verdicts: Mapping[str, CheckResult], reading: Reading) -> _Outcome:
    """The verdict on a rollout, and whether its answer could not be read."""
    if answer is None:
        return reading.unread(), True
    return (verdicts[answer] if isinstance(answer, str) else answer), False


def _checked(reply: Reply) -> CheckResult:
    if isinstance(reply, CheckResult):
        return reply
    reason = reply.reason if isinstance(reply, Failed) else "no verdict"
    return CheckResult(Verdict.UNKNOWN, reason)


def _rollouts(reply: Reply, outcomes: list[_Outcome], n: int) -> Rollouts:
    if not isinstance(reply, Samples):
        return Rollouts((), failure=reply.reason if isinstance(reply, Failed) else "no samples")
    return Rollouts(
        tuple(Rollout(c, *o) for c, o in zip(reply.completions, outcomes, strict=True)),
        reply.prompt_tokens,
        reply.completion_tokens,
        missing=max(0, n - len(reply.completions)),
    )
