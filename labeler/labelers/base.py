"""What labelers share: how the policy is asked, what a labeler returns, rollouts from a prefix.

Rollouts are continuations that the policy samples from a prefix; each is decided by its answer
(specs: Math-Shepherd section 3, OmegaPRM section 3.1). One that was cut off, or whose answer cannot
be read or decided, says nothing: it is left out of the counts instead of counting as wrong. Where
more than `MOST_UNREAD` of a prefix's rollouts cannot be read, the readable ones say nothing either:
a policy writes the form it knows best where it is right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

from labeler.checking.answers.base import Reading
from labeler.checking.answers.readers import BY_DEFAULT
from labeler.checking.extract import answer_in, answer_of_agent
from labeler.driver.conversation import Conversation
from labeler.driver.pieces import logprobs_by_piece
from labeler.driver.requests import (
    Check,
    CheckResult,
    Completion,
    Failed,
    Message,
    Prompt,
    Reply,
    Sample,
    Samples,
)
from labeler.first_error.model import Array
from labeler.first_error.signals import Signals
from labeler.labelers.shared.acting import CUT_OFF, ActedOut, Acting, Written, act_out
from labeler.records import (
    Asks,
    Evidence,
    Generator,
    Problem,
    Said,
    Sampling,
    Solution,
    Trajectory,
    Turn,
    Verdict,
    prefix_id,
    short_hash,
)
from labeler.steps import splitter_named
from labeler.turns.step import logprobs_among, turns_among


@dataclass(frozen=True, slots=True)
class Policy:
    """The model whose solutions are labelled, and how it is asked for one.

    `template` holds `{problem}` once; `model` is name and revision; `splitter` names a way to split
    (`labeler.steps`), `delimiter` what ends a step where the splitter asks for it; `reading` is how
    the answers of its solutions are read.
    """

    model: str
    revision: str
    template: str
    system: str
    sampling: Sampling
    delimiter: str
    run_seed: int
    splitter: str = "delimiter"
    reading: Reading = BY_DEFAULT
    signals: Signals | None = None
    """What the run has learned of its scores without a verdict, for searches to begin with; None
    where the run has no such scores."""
    pilot: Mapping[str, Signals] = field(default_factory=dict)
    """What was known when the problems were searched that `signals` were learned on, by their id.
    """
    acting: Acting | None = None
    """How it calls the run's tools; None where there are none. Its rollouts are then trajectories,
    and `sampling` is that of a turn."""

    def log_prior(
        self, problem: Problem, values: Mapping[str, Sequence[float | None]]
    ) -> Array | None:
        """log P(first error = t), but for a constant, by scores of a solution's steps."""
        known = self.pilot.get(problem.problem_id, self.signals)
        return known.log_prior(values) if known else None

    def prompt(self, problem: Problem, prefix: Sequence[str] = ()) -> Prompt:
        """Asks for a solution that begins with the steps of `prefix`."""
        system = (Message("system", self.system),) if self.system else ()
        text = self.template.replace("{problem}", problem.text)
        return Prompt((*system, Message("user", text)), "".join(prefix))

    def split(self, text: str, prefix: Sequence[str] = ()) -> tuple[str, ...]:
        """The steps of a text that goes on from the steps of `prefix`."""
        before = prefix[-1] if prefix else ""
        return splitter_named(self.splitter).split(text, self.delimiter, before)

    def steps(self, rollout: Rollout, prefix: Sequence[str] = ()) -> tuple[str, ...]:
        """The steps of a rollout that goes on from the steps of `prefix`."""
        if rollout.turns is not None:
            return rollout.turns
        return self.split(rollout.completion.text, prefix)

    def is_whole(self, step: str) -> bool:
        """Whether a step that nothing follows has come to its end."""
        return splitter_named(self.splitter).is_whole(step, self.delimiter)

    def solution(
        self,
        problem: Problem,
        steps: tuple[str, ...],
        outcome: CheckResult,
        seed: int,
        whole: Completion | None = None,
    ) -> Solution:
        """The record of a solution that this policy wrote; `whole` is the completion that it is, if
        it is one, and whose log-probabilities it keeps.
        """
        turns = turns_among(steps)
        if turns is None:
            answer = answer_in(problem.domain, "".join(steps), self.reading.reader)
        else:
            said = "" if turns[-1].calls else turns[-1].thought
            answer = answer_of_agent(problem.domain, said, self.reading.reader)
        return Solution(
            solution_id=short_hash(problem.problem_id, *steps),
            problem_id=problem.problem_id,
            steps=tuple(map(str, steps)),
            final_answer=answer,
            outcome=outcome.verdict,
            outcome_reason=outcome.reason,
            generator=Generator(
                self.model, self.revision, self.sampling, seed, self.prompt_sha(problem)
            ),
            logprobs=logprobs_of(whole, steps) if whole else None,
            trajectory=self._trajectory(problem, turns) if turns else None,
        )

    def _trajectory(self, problem: Problem, turns: tuple[Turn, ...]) -> Trajectory:
        opening = tuple(Said(m.role, m.content) for m in self.prompt(problem).messages)
        return Trajectory(turns, opening, self.acting.tools if self.acting else "")

    def prompt_sha(self, problem: Problem) -> str:
        messages = self.prompt(problem).messages
        return short_hash(*(part for m in messages for part in (m.role, m.content)))


@dataclass(frozen=True, slots=True)
class Findings:
    """What a labeler found: evidence, and solutions of its own where it wrote some.

    `evidence` on a prefix goes to every solution through it, but what of it rests on how one
    solution ends: that is listed in `of_solutions`, by solution id, and goes to that one only.
    `statistics` are counts about the search itself, summed over problems in the run's summary.
    """

    evidence: tuple[Evidence, ...] = ()
    solutions: tuple[Solution, ...] = ()
    statistics: dict[str, int] = field(default_factory=dict)
    of_solutions: Mapping[str, tuple[Evidence, ...]] = field(default_factory=dict)

    @property
    def shared(self) -> tuple[Evidence, ...]:
        """The evidence that goes to every solution through its prefix."""
        own = {piece for pieces in self.of_solutions.values() for piece in pieces}
        return tuple(piece for piece in self.evidence if piece not in own)

    def about(self, solution: Solution) -> tuple[Evidence, ...]:
        """The evidence that goes to this solution only."""
        return self.of_solutions.get(solution.solution_id, ())


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
            yield from _act_out(policy, policy.acting, problem, prefixes, n, seeds, requester,
                                token_texts)
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
    prompts = [(policy.prompt(problem, prefix), len(prefix)) for prefix in prefixes]
    acted = yield from act_out(
        acting, policy.sampling, prompts, n, seeds, requester, token_texts=token_texts
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


def _outcome(
    answer: _Answer, verdicts: Mapping[str, CheckResult], reading: Reading
) -> _Outcome:
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


def value_evidence(
    labeler: str,
    version: str,
    policy: Policy,
    problem: Problem,
    prefix: tuple[str, ...],
    rollouts: Rollouts,
    calls: int = 1,
) -> Evidence:
    """Evidence on a prefix: alive if any rollout is right (hard), MC as score (soft)."""
    value = rollouts.value
    reason = ""
    if value is None:
        undecided = [r.outcome for r in rollouts.rollouts if r.outcome.verdict is Verdict.UNKNOWN]
        reasons = Counter(outcome.reason for outcome in undecided)
        if rollouts.missing:
            reasons["completions that did not come"] = rollouts.missing
        if rollouts.too_many_unread and rollouts.n:
            reasons[f"right of the {rollouts.n} that were decided"] = rollouts.n_correct
        reason = rollouts.failure or "; ".join(f"{k}: {v}" for k, v in sorted(reasons.items()))
        verdict = Verdict.UNKNOWN
    else:
        verdict = Verdict.CORRECT if value > 0 else Verdict.WRONG
    return Evidence(
        prefix_id=prefix_id(problem.problem_id, prefix),
        labeler=labeler,
        labeler_version=version,
        asks=Asks.VALUE,
        verdict=verdict,
        score=value,
        n=rollouts.n,
        n_correct=rollouts.n_correct,
        model=policy.model,
        calls=calls + rollouts.more_calls,
        prompt_tokens=rollouts.prompt_tokens,
        completion_tokens=rollouts.completion_tokens,
        reason=reason,
    )


def steps_of(policy: Policy, prefix: tuple[str, ...], rollout: Rollout) -> tuple[str, ...]:
    """A solution's steps: those of the prefix, then those of its continuation."""
    return (*prefix, *policy.steps(rollout, prefix))


def logprobs_of(
    written: Completion, steps: Sequence[str]
) -> tuple[tuple[float, ...], ...] | None:
    """What a completion's tokens were worth to the model, step by step; None where unknown."""
    return logprobs_among(steps) or logprobs_by_piece(written.tokens, written.logprobs, steps)
