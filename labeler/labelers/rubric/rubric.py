"""Steps against a rubric that a model wrote for their problem (RRM, arXiv 2510.07774).

One generation per problem writes the rubric, from the problem and its reference solution where
there is one, before any solution is seen; one more per solution holds every step against it and
against principles for all problems (PPR, 2509.25598). What criteria are, and when a verdict counts:
`labeler.labelers.rubric.criteria`. Right answers by wrong ways are flagged: `rationale` begins with
`false positive: KIND`, and kinds are counted (`labeler.labelers.rubric.false_positives`). Such a
piece of evidence is about its own solution only: another that shares the step has another answer.

Where we differ: RRM and PPR train with a score in [0, 1] of the whole or of a turn; here every step
gets a verdict, one vote, and the share of criteria it meets stands in the rationale, for a step
that meets three of four is not right with 0.75. The judge is not told whether the answer is right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from labeler.driver.conversation import Conversation
from labeler.driver.requests import Reply, Sample, Samples
from labeler.errors import ConfigError
from labeler.labelers.base import Findings, Policy
from labeler.labelers.method import Method, Prompted
from labeler.labelers.rubric.criteria import Criteria, Scored, hold, principles_of, read_rubric
from labeler.labelers.rubric.false_positives import count_false_positives, flagged, kinds_of
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
from labeler.turns.shown import shown_steps

NAME: Final = "rubric"
VERSION = "2"


class Rubric(Prompted):
    """Every step against a rubric that a model wrote for the problem, and against principles.

    `writer` is the model that writes rubrics, None for `model`, which judges by them. Without
    `problem_specific` steps are held against the principles only (PPR), at one call less per
    problem.
    """

    kind: Literal["rubric"] = NAME
    writer: str | None = None
    problem_specific: bool = True

    @property
    def models(self) -> tuple[str, ...]:
        writes = [self.writer] if self.problem_specific and self.writer else []
        return tuple(dict.fromkeys((self.model, *writes)))


@dataclass(frozen=True, slots=True)
class Tasks:
    """The prompts: what writes the rubric, if any, and what judges by it."""

    write: Task | None
    judge: Task

    @property
    def all(self) -> tuple[Task, ...]:
        return (*([self.write] if self.write else []), self.judge)

    @property
    def sha(self) -> str:
        """8 hex digits over both."""
        return prompts_sha(self.all)


def rubric_tasks(settings: Rubric) -> Tasks:
    """Raises `ConfigError` where the prompt set has no place for what the settings ask for."""
    prompts = settings.prompt_set
    if settings.problem_specific:
        write = prompts.task("rubric", "problem", "reference")
        return Tasks(write, prompts.task("rubric_judge", "problem", "rubric", "steps"))
    judge = prompts.task("rubric_judge", "problem", "steps")
    if not principles_of(judge):
        raise ConfigError(
            f"prompts: {prompts.folder}/rubric_judge.yaml has no principles; "
            "add lines such as `P1: ...`, or set problem_specific: true"
        )
    return Tasks(None, judge)


def rubric(
    problem: Problem, solutions: tuple[Solution, ...], settings: Rubric, policy: Policy
) -> Conversation[Findings]:
    """Evidence on every step of every solution; one call per problem, one per solution."""
    tasks = rubric_tasks(settings)
    if not solutions:
        return Findings()
    work = _Work(problem, settings, tasks, policy.run_seed)
    written, spent = Criteria({}), TokenUsage()
    if tasks.write is not None:
        [reply] = yield [work.writing(tasks.write)]
        written, spent = read_rubric(reply), usage_of(reply)
    counts = Counter(
        solutions=len(solutions),
        criteria=len(written.texts),
        criteria_refused=written.refused,
        without_rubric=int(bool(written.missing)),
    )
    if written.missing:
        unknown = AggregatedVerdict(Verdict.UNKNOWN, reason=f"no rubric: {written.missing}")
        judged = [([Scored(unknown)] * len(s.steps), "", TokenUsage()) for s in solutions]
    else:
        replies = yield [work.judging(solution, written) for solution in solutions]
        criteria = {**principles_of(tasks.judge), **written.texts}
        judged = [
            work.scored(solution, reply, criteria)
            for solution, reply in zip(solutions, replies, strict=True)
        ]
    evidence: list[Evidence] = []
    of_solutions: dict[str, tuple[Evidence, ...]] = {}
    for i, (solution, (steps, model, cost)) in enumerate(zip(solutions, judged, strict=True)):
        kinds = kinds_of(solution, steps)
        opinions = [step.opinion for step in flagged(steps, kinds)]
        # What the rubric cost stands on the first solution, for costs are summed over evidence.
        total = cost + spent if i == 0 else cost
        version = f"{VERSION}+{tasks.sha}"
        said = correctness_evidence(NAME, version, problem, solution, opinions, model, total)
        # That an answer is right by a wrong way is no matter of others that share a beginning.
        of_solutions[solution.solution_id] = tuple(
            piece for piece, kind in zip(said, kinds, strict=True) if kind
        )
        evidence += said
        counts.update(count_false_positives(solution, steps, kinds))
        counts.update(_counted(steps))
    statistics = {name: n for name, n in counts.items() if n}
    return Findings(tuple(evidence), statistics=statistics, of_solutions=of_solutions)


def _counted(steps: list[Scored]) -> dict[str, int]:
    return {
        "steps": len(steps),
        "unknown": sum(step.opinion.verdict is Verdict.UNKNOWN for step in steps),
        "criteria_met": sum(len(step.met) for step in steps),
        "criteria_violated": sum(len(step.violated) for step in steps),
    }


@dataclass(frozen=True, slots=True)
class _Work:
    """What is asked about one problem."""

    problem: Problem
    settings: Rubric
    tasks: Tasks
    run_seed: int

    def writing(self, task: Task) -> Sample:
        problem = self.problem
        values = {"reference": problem.reference_solution, "gold_answer": problem.gold_answer}
        model = self.settings.writer or self.settings.model
        return self._asked(task, values, model, "write")

    def judging(self, solution: Solution, written: Criteria) -> Sample:
        values = {"rubric": written.shown, "steps": shown_steps(solution)}
        return self._asked(self.tasks.judge, values, self.settings.model, "judge", *solution.steps)

    def scored(
        self, solution: Solution, reply: Reply, criteria: Mapping[str, str]
    ) -> tuple[list[Scored], str, TokenUsage]:
        """Every step, which model said it, and what it cost."""
        if isinstance(reply, Samples):
            readings = read_completion(reply.completions[0], solution.steps, self.tasks.judge)
            scored = [hold(reading, criteria) for reading in readings]
            return scored, reply.model, usage_of(reply)
        unknown = [Scored(AggregatedVerdict.of(one)) for one in unread(reply, len(solution.steps))]
        return unknown, "", usage_of(reply)

    def _asked(self, task: Task, values: Mapping[str, Any], model: str, *path: str) -> Sample:
        settings, problem = self.settings, self.problem
        return Sample(
            task.prompt(problem=problem.text, context=problem.context, **values),
            1,
            Sampling(temperature=settings.temperature, max_tokens=settings.max_tokens),
            derive_seed(self.run_seed, NAME, problem.problem_id, *path),
            schema=task.schema if settings.structured else "",
            model=model,
            requester=NAME,
        )


RUBRIC = Method(
    name=NAME,
    version=VERSION,
    settings=Rubric,
    conversation=rubric,
    asks=frozenset({Asks.CORRECTNESS}),
    asks_model=True,
    rolls_out=False,
    runs_programs=False,
    writes_solutions=False,
    is_tool=False,
    may_say_right=True,
    of_whole_answers=False,
    backs_values_up=False,
    needs_reference=False,
    only_of_wrong_answers=False,
    by_place=False,
    prompts=lambda settings: rubric_tasks(settings).all,
)
