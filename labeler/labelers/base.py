"""What labelers share: how the policy is asked, what a labeler returns, evidence of rollouts.

What rollouts are, and how they are drawn: `labeler.labelers.shared.rollouts`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from labeler.checking.answers.base import Reading
from labeler.checking.answers.readers import BY_DEFAULT
from labeler.checking.extract import answer_in, answer_of_agent
from labeler.driver.pieces import logprobs_by_piece
from labeler.driver.requests import (
    CheckResult,
    Completion,
    Message,
    Prompt,
)
from labeler.first_error.model import Array
from labeler.first_error.signals import Signals
from labeler.labelers.shared.acting import Acting
from labeler.labelers.shared.rollouts import (
    MOST_UNREAD,
    Rollout,
    Rollouts,
    reading_counts,
    roll_out,
)
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
from labeler.turns.step import as_messages, logprobs_among, turns_among

__all__ = [
    "MOST_UNREAD", "Findings", "Policy", "Rollout", "Rollouts", "logprobs_of", "reading_counts",
    "roll_out", "steps_of", "value_evidence",
]  # fmt: skip


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
        asked = (*system, Message("user", self.template.replace("{problem}", problem.text)))
        if self.acting is None or not self.acting.in_messages:
            return Prompt(asked, "".join(prefix))
        said, begun = as_messages(prefix)
        return Prompt((*asked, *(Message(one.role, one.text) for one in said)), begun)

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


def logprobs_of(written: Completion, steps: Sequence[str]) -> tuple[tuple[float, ...], ...] | None:
    """What a completion's tokens were worth to the model, step by step; None where unknown."""
    return logprobs_among(steps) or logprobs_by_piece(written.tokens, written.logprobs, steps)
