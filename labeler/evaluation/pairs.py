"""Pairs of next steps, one of which people held for better, and a judge asked in both orders.

A pair is two solutions of one problem whose steps are equal but for the last, one of which people
called right and the other wrong, whatever form they came from. A judge's model is shown both last
steps, once in each order, and answers 1, 2 or tie. What that scores: `pair_scores`.

Source: ToolComp (arXiv 2501.01290), inference/llm_as_judge_inference.py. The words are ours
(`prompts/default/pair.yaml`); a judge's votes, chain and own solution are for single solutions, and
not used.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from labeler.driver.conversation import Conversation
from labeler.driver.requests import Completion, Reply, Sample, Samples
from labeler.labelers.method import MethodSettings, Prompted
from labeler.labelers.shared.replies.base import DECORATION
from labeler.labelers.shared.replies.json_form import records
from labeler.problems.solved import SolutionRecord
from labeler.prompts import PAIR, Task
from labeler.seeds import derive_seed
from labeler.steps.thinking import without_thinking
from labeler.turns.shown import shown_steps

ASKED = "judge"
"""The method whose models are asked; others are read by the evidence that they give anyway."""
PLAN, STEP = "plan", "step"
ANSWERS = ("1", "2", "tie")
_KEYS = ("better", "better_step", "better_action_plan")
"""Ours, and those of ToolComp's prompts."""


class Choice(StrEnum):
    """What was made of a pair."""

    BETTER = "better"
    WORSE = "worse"
    TIE = "tie"
    """In both orders, or by equal evidence."""
    ALWAYS_FIRST = "always_first"
    ALWAYS_SECOND = "always_second"
    TIE_ONCE = "tie_in_one_order"
    UNREADABLE = "unreadable"
    """In one order at least."""
    SILENT = "silent"
    """Neither a score on both steps nor a verdict on one."""
    FAILED = "failed"


OF_ANSWERS = {
    ("1", "2"): Choice.BETTER,
    ("2", "1"): Choice.WORSE,
    ("1", "1"): Choice.ALWAYS_FIRST,
    ("2", "2"): Choice.ALWAYS_SECOND,
    ("tie", "tie"): Choice.TIE,
}
"""By the answers with the better step first, then second."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two solutions that differ in their last step; `kind` is "plan" where a row says so."""

    better: SolutionRecord
    worse: SolutionRecord
    kind: str = STEP


@dataclass(frozen=True, slots=True)
class PairJudge:
    """One model of a judge, under the name that its scores get."""

    name: str
    model: str
    settings: Prompted
    task: Task


def pairs_of(solved: Iterable[SolutionRecord]) -> list[Pair]:
    """All pairs, in the order of their first solutions."""
    beside: dict[tuple[str, ...], tuple[list[SolutionRecord], list[SolutionRecord]]] = {}
    for one in solved:
        if one.labels and one.labels[-1] in (1, -1):
            key = (one.problem.problem_id, _row(one), *one.solution.steps[:-1])
            beside.setdefault(key, ([], []))[one.labels[-1] < 0].append(one)
    return [
        Pair(better, worse, PLAN if _is_plan(better) else STEP)
        for right, wrong in beside.values()
        for better in right
        for worse in wrong
        if better.solution.steps != worse.solution.steps
    ]


def _row(one: SolutionRecord) -> str:
    """ToolComp's people compared the two of a row, and neither with another row's."""
    name, _, side = one.solution.solution_id.rpartition("-")
    return name if side in ("preferred", "dispreferred") else ""


def _is_plan(one: SolutionRecord) -> bool:
    """As ToolComp's reader notes."""
    return bool(one.notes) and one.notes[-1].startswith("preferred: plan")


def judges_of(name: str, settings: MethodSettings) -> list[PairJudge]:
    """One for each model of a judge's panel, none for another method. Raises `ConfigError` where
    the prompt set has no `pair`.
    """
    if settings.kind != ASKED or not isinstance(settings, Prompted):
        return []
    task = settings.prompt_set.task(PAIR, "problem", "steps", "candidates")
    alone = len(settings.models) == 1
    return [
        PairJudge(name if alone else f"{name}@{model}", model, settings, task)
        for model in settings.models
    ]


def judged(pair: Pair, judge: PairJudge, run_seed: int) -> Conversation[Choice]:
    """Asks in both orders at once."""
    problem, solution = pair.better.problem, pair.better.solution
    *before, better = shown_steps(solution)
    worse = shown_steps(pair.worse.solution)[-1]
    path = (problem.problem_id, *solution.steps, pair.worse.solution.steps[-1])
    replies = yield [
        Sample(
            judge.task.prompt(
                problem=problem.text,
                context=problem.context,
                tools=solution.trajectory.tools if solution.trajectory else "",
                steps=before,
                candidates=candidates,
            ),
            1,
            judge.settings.sampling,
            derive_seed(run_seed, PAIR, *path),
            schema=judge.task.schema if judge.settings.structured else "",
            model=judge.model,
            requester=judge.name,
        )
        for candidates in ((better, worse), (worse, better))
    ]
    return _choice(replies)


def _choice(replies: Sequence[Reply]) -> Choice:
    answers = [answer_of(r.completions[0]) for r in replies if isinstance(r, Samples)]
    if len(answers) < len(replies):
        return Choice.FAILED
    if "" in answers:
        return Choice.UNREADABLE
    return OF_ANSWERS.get((answers[0], answers[1]), Choice.TIE_ONCE)


def answer_of(completion: Completion) -> str:
    """1, 2 or tie; "" for a reply that was cut off, gives no such answer, or several."""
    if completion.finish == "length":
        return ""
    spoken = without_thinking(completion.text)
    given = [one[key] for one in records(spoken) for key in _KEYS if key in one]
    said = {str(one).strip(DECORATION).lower() for one in given or [spoken]}
    return said.pop() if len(said) == 1 and said <= {*ANSWERS} else ""
