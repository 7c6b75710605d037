"""From what a model replied to evidence on steps: shared by annotators and judges.

The version in their evidence is `CODE+PROMPT`: the code's own version, then 8 hex digits over the
prompts it asked with, so labels made with other words are told apart. What the calls on a solution
cost stands on its first piece of evidence only: costs are summed over evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from labeler.driver.requests import Completion, Failed, Reply, Samples
from labeler.labelers.shared.replies.base import StepVerdict
from labeler.labelers.shared.replies.read import read_reply
from labeler.prompts import Task
from labeler.records import Asks, Evidence, Problem, Solution, Verdict, prefix_id


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """What was asked for: calls, and tokens as the backend counts them."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, other: TokenUsage) -> TokenUsage:
        return TokenUsage(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
        )


def usage_of(reply: Reply) -> TokenUsage:
    """One call, with its tokens where it was answered."""
    if isinstance(reply, Samples):
        return TokenUsage(1, reply.prompt_tokens, reply.completion_tokens)
    return TokenUsage(1)


@dataclass(frozen=True, slots=True)
class AggregatedVerdict:
    """What a labeler ends up saying of one step; `n_correct` of `n` votes call it right."""

    verdict: Verdict
    n: int = 0
    n_correct: int = 0
    rationale: str = ""
    reason: str = ""

    @classmethod
    def of(cls, step_verdict: StepVerdict) -> AggregatedVerdict:
        """That of a single reply; what is unknown is no vote."""
        decided = step_verdict.verdict is not Verdict.UNKNOWN
        said = "; ".join(part for part in (step_verdict.notes, step_verdict.rationale) if part)
        right = step_verdict.verdict is Verdict.CORRECT
        return cls(step_verdict.verdict, int(decided), int(right), said, step_verdict.reason)


def read_completion(
    completion: Completion, steps: Sequence[str], task: Task
) -> tuple[StepVerdict, ...]:
    """What a reply to a task's prompt says of each step."""
    return read_reply(
        completion.text,
        steps,
        cut_off=completion.finish == "length",
        first_number=task.first_number,
        by_heads="first_number" not in task.variables,
    )


def unread(reply: Reply, n_steps: int) -> tuple[StepVerdict, ...]:
    """Every step unknown, for a reply that is none."""
    reason = reply.reason if isinstance(reply, Failed) else "no samples"
    return (StepVerdict(Verdict.UNKNOWN, reason),) * n_steps


def correctness_evidence(
    labeler: str,
    version: str,
    problem: Problem,
    solution: Solution,
    opinions: Sequence[AggregatedVerdict],
    model: str,
    spent: TokenUsage,
) -> tuple[Evidence, ...]:
    """Evidence on the first `len(opinions)` steps; later ones were not spoken about."""
    nothing = TokenUsage()
    return tuple(
        opinion_evidence(
            labeler,
            version,
            prefix_id(problem.problem_id, solution.steps[: t + 1]),
            opinion,
            model,
            spent if t == 0 else nothing,
        )
        for t, opinion in enumerate(opinions)
    )


def opinion_evidence(
    labeler: str,
    version: str,
    prefix: str,
    opinion: AggregatedVerdict,
    model: str,
    spent: TokenUsage,
) -> Evidence:
    """An opinion of the last step of the prefix with this id."""
    return Evidence(
        prefix_id=prefix,
        labeler=labeler,
        labeler_version=version,
        asks=Asks.CORRECTNESS,
        verdict=opinion.verdict,
        score=opinion.n_correct / opinion.n if opinion.n else None,
        n=opinion.n,
        n_correct=opinion.n_correct,
        rationale=opinion.rationale,
        model=model,
        calls=spent.calls,
        prompt_tokens=spent.prompt_tokens,
        completion_tokens=spent.completion_tokens,
        reason=opinion.reason,
    )
