"""SPARE: every step against a reference solution, in one generation (arXiv 2506.15498, AAAI 2026).

For each step the model names what it corresponds to (reference steps, sentences of the context,
other steps; one or several on either side), explains, lists error categories, and only then labels
it. Alignment, categories and explanation become the rationale. Later steps are labelled on their
own merit, also after an error.

Where we differ: a step without a label is unknown (the authors' code makes it wrong). Their last
step follows the answer check whatever the model said; here that is a setting, `last_step`, and the
version of the evidence ends in `+outcome` where it is on. Prompt and exemplars are ours, for theirs
are not public. Does not cover problems without a reference solution: all unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Final, Literal

from pydantic import Field

from labeler.driver.conversation import Conversation
from labeler.driver.requests import Reply, Sample, Samples
from labeler.labelers.base import Findings, Policy
from labeler.labelers.method import Method, Prompted
from labeler.labelers.shared.verdict_evidence import (
    AggregatedVerdict,
    TokenUsage,
    correctness_evidence,
    read_completion,
    unread,
    usage_of,
)
from labeler.prompts import Task, prompts_sha
from labeler.records import Asks, Evidence, Problem, Sampling, Solution, Verdict
from labeler.seeds import derive_seed

NAME: Final = "spare"
VERSION = "2"


class Spare(Prompted):
    """Every step against the reference solution, in one generation.

    `n_exemplars` worked examples are drawn for each problem (the paper: 5 per instance).
    """

    kind: Literal["spare"] = NAME
    n_exemplars: Annotated[int, Field(ge=0)] = 5
    last_step: Literal["annotator", "outcome"] = "annotator"


def spare_task(settings: Spare) -> Task:
    """The prompt; raises `ConfigError` where the prompt set has none that shows the reference."""
    return settings.prompt_set.task("annotate", "problem", "reference", "steps")


def spare(
    problem: Problem, solutions: tuple[Solution, ...], settings: Spare, policy: Policy
) -> Conversation[Findings]:
    """Evidence on every step of every solution; one call per solution."""
    task = spare_task(settings)
    version = f"{VERSION}+{prompts_sha([task])}"
    if settings.last_step == "outcome":
        version += "+outcome"
    replies: Sequence[Reply | None] = [None] * len(solutions)
    if problem.reference_solution and solutions:
        asked = [_request(problem, s, task, settings, policy.run_seed) for s in solutions]
        replies = yield [*asked]
    evidence: list[Evidence] = []
    of_solutions: dict[str, tuple[Evidence, ...]] = {}
    for solution, reply in zip(solutions, replies, strict=True):
        opinions = _opinions(solution, reply, task)
        if settings.last_step == "outcome":
            opinions[-1] = _by_outcome(solution, opinions[-1])
        model = reply.model if isinstance(reply, Samples) else ""
        spent = TokenUsage() if reply is None else usage_of(reply)
        said = correctness_evidence(NAME, version, problem, solution, opinions, model, spent)
        if settings.last_step == "outcome" and solution.outcome is not Verdict.UNKNOWN:
            # How this solution ends says nothing of one that goes on from here.
            of_solutions[solution.solution_id] = said[-1:]
        evidence += said
    statistics = {
        "solutions": len(solutions),
        "steps": len(evidence),
        "unknown": sum(e.verdict is Verdict.UNKNOWN for e in evidence),
    }
    return Findings(tuple(evidence), statistics=statistics, of_solutions=of_solutions)


def _request(
    problem: Problem, solution: Solution, task: Task, settings: Spare, run_seed: int
) -> Sample:
    # Drawn per problem, not per solution: a server computes the examples once.
    shown = task.draw(
        settings.n_exemplars, derive_seed(run_seed, NAME, "exemplars", problem.problem_id)
    )
    prompt = task.prompt(
        shown=shown,
        problem=problem.text,
        context=problem.context,
        reference=problem.reference_solution,
        steps=solution.steps,
    )
    return Sample(
        prompt,
        1,
        Sampling(temperature=settings.temperature, max_tokens=settings.max_tokens),
        derive_seed(run_seed, NAME, problem.problem_id, *solution.steps),
        schema=task.schema if settings.structured else "",
        model=settings.model,
        requester=NAME,
    )


def _opinions(solution: Solution, reply: Reply | None, task: Task) -> list[AggregatedVerdict]:
    n = len(solution.steps)
    if reply is None:
        return [
            AggregatedVerdict(Verdict.UNKNOWN, reason="the problem has no reference solution")
        ] * n
    if not isinstance(reply, Samples):
        return [AggregatedVerdict.of(reading) for reading in unread(reply, n)]
    readings = read_completion(reply.completions[0], solution.steps, task)
    return [AggregatedVerdict.of(reading) for reading in readings]


def _by_outcome(solution: Solution, said: AggregatedVerdict) -> AggregatedVerdict:
    """The last step by its answer, where that was decided; what the annotator said is kept."""
    if solution.outcome is Verdict.UNKNOWN:
        return said
    before = f"{said.verdict.value} {said.reason}".strip()
    rationale = f"by the answer check; the annotator: {before}. {said.rationale}".strip()
    right = solution.outcome is Verdict.CORRECT
    return replace(
        said, verdict=solution.outcome, n=1, n_correct=int(right), rationale=rationale, reason=""
    )


SPARE = Method(
    name=NAME,
    version=VERSION,
    settings=Spare,
    conversation=spare,
    asks=frozenset({Asks.CORRECTNESS}),
    asks_model=True,
    rolls_out=False,
    runs_programs=False,
    writes_solutions=False,
    is_tool=False,
    may_say_right=True,
    of_whole_answers=False,
    backs_values_up=False,
    needs_reference=True,
    only_of_wrong_answers=False,
    by_place=False,
    prompts=lambda settings: (spare_task(settings),),
)
