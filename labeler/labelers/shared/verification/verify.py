"""One step verified with a tool: a program for it, its run, then a judgement (GroundedPRM).

The judge answers in the order of the authors' instructions: is the step sound under its conditions,
is the tool's output about this step at all, and only if so, does it agree. An irrelevant output or
a tool that failed leaves the judgement to the context alone, and the rationale says so.

Where we differ: the tool is a Python program (with sympy) in the sandbox instead of a Wolfram
query; the conditions are the problem and the steps before, as they are written, instead of boxed
results; and numbers agree where rounding explains their difference instead of within 0.1.
A step that uses a wrong result of an earlier one is judged as if that were given.
Source: GroundedPRM (arXiv 2510.14942) as its released code has it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from labeler.driver.conversation import Conversation
from labeler.driver.requests import Failed, Reply, Sample, Samples
from labeler.labelers.shared.replies.json_form import text_under
from labeler.labelers.shared.replies.read import read_reply
from labeler.labelers.shared.tool_use import Read, ToolReturn, python_program, use_tool
from labeler.labelers.shared.verdict_evidence import (
    AggregatedVerdict,
    TokenUsage,
    opinion_evidence,
    usage_of,
)
from labeler.labelers.shared.verification.settings import Tasks, Verifier
from labeler.prompts import Task
from labeler.records import Evidence, Problem, Verdict, prefix_id
from labeler.seeds import derive_seed

NAME: Final = "grounded"
"""The verifier's own evidence bears this name, whoever had it verify."""
VERSION = "1"


Decide = Callable[[AggregatedVerdict, ToolReturn, tuple[str, ...]], AggregatedVerdict]
"""What is made of a judge's opinion that took a relevant output into account."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What the verifier says of the last step of a prefix."""

    prefix: tuple[str, ...]
    opinion: AggregatedVerdict
    tool: ToolReturn
    model: str
    spent: TokenUsage

    def evidence(self, problem: Problem, labeler: str, version: str) -> Evidence:
        """As evidence of a labeler."""
        prefix = prefix_id(problem.problem_id, self.prefix)
        return opinion_evidence(labeler, version, prefix, self.opinion, self.model, self.spent)


@dataclass(frozen=True, slots=True)
class Verification:
    """A verifier at work on one problem.

    `read` finds the tool's call in a query; `decide` may hold the judge to the tool's output.
    """

    problem: Problem
    verifier: Verifier
    tasks: Tasks
    run_seed: int
    requester: str = NAME
    read: Read = python_program
    decide: Decide | None = None

    def verified(self, prefix: tuple[str, ...]) -> Conversation[Verified]:
        """Query, run, and as many judgements as it takes to read one (`tries` at most)."""
        query = self._sample(self.tasks.query, prefix)
        tool = yield from use_tool(query, self.verifier.limits, self.read)
        spent, model, said, relevance = (
            tool.spent,
            tool.model,
            AggregatedVerdict(Verdict.UNKNOWN),
            "",
        )
        for attempt in range(self.verifier.tries):
            values: dict[str, Any] = {
                "tool_program": tool.program,
                "tool_output": tool.output,
                "tool_failed": tool.failed,
            }
            [reply] = yield [self._sample(self.tasks.judge, prefix, attempt, **values)]
            spent += usage_of(reply)
            model = reply.model if isinstance(reply, Samples) else model
            said, relevance = _read(reply, prefix)
            # Asking once more helps against a reply that cannot be read, not against a dead server.
            if said.verdict is not Verdict.UNKNOWN or isinstance(reply, Failed):
                break
        if self.decide is not None and relevance == "relevant" and tool.output:
            said = self.decide(said, tool, prefix)
        # On one line, so that the mark of the note cannot stand in it.
        rationale = " ".join(said.rationale.split())
        said = replace(said, rationale=rationale + tool.note(relevance))
        return Verified(prefix, said, tool, model, spent)

    def _sample(
        self, task: Task, prefix: tuple[str, ...], attempt: int = 0, **values: Any
    ) -> Sample:
        path = (NAME, task.name, self.problem.problem_id, "".join(prefix), str(attempt))
        prompt = task.prompt(
            problem=self.problem.text, context=self.problem.context, steps=prefix, **values
        )
        return Sample(
            prompt,
            1,
            self.verifier.sampling,
            derive_seed(self.run_seed, *path),
            schema=task.schema if self.verifier.structured else "",
            model=self.verifier.model,
            requester=self.requester,
        )


def _read(reply: Reply, prefix: tuple[str, ...]) -> tuple[AggregatedVerdict, str]:
    """The judge's opinion, and whether it calls the tool's output relevant."""
    if not isinstance(reply, Samples):
        reason = reply.reason if isinstance(reply, Failed) else "no samples"
        return AggregatedVerdict(Verdict.UNKNOWN, reason=reason), ""
    completion = reply.completions[0]
    is_cut = completion.finish == "length"
    # The whole prefix counts as the one step that is judged: nothing in it may speak to the judge.
    [reading] = read_reply(completion.text, ["".join(prefix)], cut_off=is_cut)
    relevance = text_under(completion.text, ("relevance",)).strip().lower()
    return AggregatedVerdict.of(reading), relevance


def counted(found: Sequence[Verified]) -> dict[str, int]:
    """How often there was something to compute, the tool failed, and nothing could be read."""
    counts = Counter(steps=len(found))
    for one in found:
        counts["tool_failed"] += bool(one.tool.failed)
        counts["tool_used"] += bool(one.tool.output)
        counts["unknown"] += one.opinion.verdict is Verdict.UNKNOWN
    return {name: n for name, n in counts.items() if n}
