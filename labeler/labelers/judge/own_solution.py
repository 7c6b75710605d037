"""Solve first: the judge's own solution of the problem, written without the other in sight (S2J).

A judge that reads a solution before it has computed anything copies what it reads; its own result
beside it makes a slip visible. With the gold answer, only an own solution that reaches it serves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from labeler.checking.extract import final_answer
from labeler.driver.conversation import Conversation
from labeler.driver.requests import Check, CheckResult, Completion, Failed, Sample, Samples
from labeler.labelers.judge.settings import Judge
from labeler.labelers.shared.verdict_evidence import TokenUsage, usage_of
from labeler.prompts import Task
from labeler.records import Problem, Sampling, Verdict
from labeler.seeds import derive_seed


@dataclass(frozen=True, slots=True)
class OwnSolution:
    """Its text, or why there is none, and what it cost."""

    text: str
    missing: str = ""
    spent: TokenUsage = field(default_factory=TokenUsage)


def solve(
    problem: Problem, settings: Judge, task: Task, model: str, run_seed: int, requester: str
) -> Conversation[OwnSolution]:
    """One own solution: the right one with the gold answer, else the most frequent answer's."""
    prompt = task.prompt(problem=problem.text, context=problem.context)
    seed = derive_seed(run_seed, requester, "solve", problem.problem_id)
    greedy = Sampling(temperature=0.0, max_tokens=settings.max_tokens)
    warm = Sampling(temperature=1.0, max_tokens=settings.max_tokens)
    asked = [Sample(prompt, 1, greedy, seed, model=model, requester=requester)]
    if settings.solve_tries > 1:
        more = settings.solve_tries - 1
        asked.append(Sample(prompt, more, warm, seed, model=model, requester=requester))
    replies = yield [*asked]
    spent = sum((usage_of(reply) for reply in replies), TokenUsage())
    written = [c for r in replies if isinstance(r, Samples) for c in r.completions]
    whole = [c for c in written if c.finish != "length"]
    if not whole:
        failed = next((r.reason for r in replies if isinstance(r, Failed)), "it was cut off")
        return OwnSolution("", f"the judge has no own solution: {failed}", spent)
    if not settings.with_gold or problem.gold_answer is None:
        return OwnSolution(_most_frequent(whole), "", spent)
    answers = {a: None for c in whole if (a := final_answer(c.text)) is not None}
    checks = (yield [Check(problem, answer, requester) for answer in answers]) if answers else []
    right = {
        answer
        for answer, reply in zip(answers, checks, strict=True)
        if isinstance(reply, CheckResult) and reply.verdict is Verdict.CORRECT
    }
    for completion in whole:
        if final_answer(completion.text) in right:
            return OwnSolution(completion.text, "", spent)
    return OwnSolution("", "none of the judge's own solutions reaches the right answer", spent)


def _most_frequent(written: Sequence[Completion]) -> str:
    """The first solution with the answer that most of them give."""
    answers = Counter(final_answer(c.text) for c in written)
    return max(written, key=lambda c: answers[final_answer(c.text)]).text
