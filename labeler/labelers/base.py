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

from labeler.checking.answers.base import Reading
from labeler.checking.answers.readers import BY_DEFAULT
from labeler.checking.extract import answer_in
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
from labeler.records import (
    Asks,
    Evidence,
    Generator,
    Problem,
    Sampling,
    Solution,
    Verdict,
    prefix_id,
    short_hash,
)
from labeler.steps import splitter_named


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
        text = "".join(steps)
        return Solution(
            solution_id=short_hash(problem.problem_id, *steps),
            problem_id=problem.problem_id,
            steps=steps,
            final_answer=answer_in(problem.domain, text, self.reading.reader),
            outcome=outcome.verdict,
            outcome_reason=outcome.reason,
            generator=Generator(
                self.model, self.revision, self.sampling, seed, self.prompt_sha(problem)
            ),
            logprobs=logprobs_by_piece(whole.tokens, whole.logprobs, steps) if whole else None,
        )

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
    """A continuation of a prefix and the verdict on its answer; `unread` where it has none."""

    completion: Completion
    outcome: CheckResult
    unread: bool = False


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

    def __add__(self, more: Rollouts) -> Rollouts:
        """These and more rollouts of the same prefix."""
        return Rollouts(
            self.rollouts + more.rollouts,
            self.prompt_tokens + more.prompt_tokens,
            self.completion_tokens + more.completion_tokens,
            more.failure or self.failure,
            self.missing + more.missing,
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
        if not self.n or (self.missing and not self.n_correct) or self.too_many_unread:
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
    """Samples `n` rollouts from each prefix at once, then checks each distinct answer once."""
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
    distinct = sorted({a for row in answers for a in row if isinstance(a, str)})
    checks: list[Reply] = []
    if distinct:
        checks = yield [Check(problem, answer, requester) for answer in distinct]
    verdicts = {a: _checked(reply) for a, reply in zip(distinct, checks, strict=True)}
    return [
        _rollouts(reply, [_outcome(a, verdicts, policy.reading) for a in row], n)
        for reply, row in zip(replies, answers, strict=True)
    ]


def _answer(
    reading: Reading, problem: Problem, prefix: tuple[str, ...], completion: Completion
) -> str | CheckResult | None:
    """The final answer, the verdict where it does not matter, None where it cannot be read."""
    if completion.finish == "length":
        return CheckResult(Verdict.UNKNOWN, "cut off before its end")
    return answer_in(problem.domain, "".join(prefix) + completion.text, reading.reader)


def _outcome(
    answer: str | CheckResult | None, verdicts: Mapping[str, CheckResult], reading: Reading
) -> tuple[CheckResult, bool]:
    """The verdict on a rollout, and whether its answer could not be read."""
    if answer is None:
        return reading.unread(), True
    return (verdicts[answer] if isinstance(answer, str) else answer), False


def _checked(reply: Reply) -> CheckResult:
    if isinstance(reply, CheckResult):
        return reply
    reason = reply.reason if isinstance(reply, Failed) else "no verdict"
    return CheckResult(Verdict.UNKNOWN, reason)


def _rollouts(reply: Reply, outcomes: list[tuple[CheckResult, bool]], n: int) -> Rollouts:
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
        calls=calls,
        prompt_tokens=rollouts.prompt_tokens,
        completion_tokens=rollouts.completion_tokens,
        reason=reason,
    )


def steps_of(policy: Policy, prefix: tuple[str, ...], text: str) -> tuple[str, ...]:
    """A solution's steps: those of the prefix, then those of its continuation."""
    return (*prefix, *policy.split(text, prefix))
