"""The first wrong step with a repair that is certified by rollouts (InT, arXiv 2601.14209).

Of a solution with a wrong answer the model names, against the reference solution, the first wrong
step and a step to stand in its place; k rollouts from the prefix with the replacement certify it:
one right answer is enough (the paper: 1 of 32). Certified, the steps before are right, the step is
wrong, its replacement is right; the repaired solution goes into the dataset beside the wrong one,
so the two are a preference pair of steps (export `dpo_steps`). Not certified, everything is
unknown: the place or the replacement may be at fault, or the policy too weak.

`mode: cut` is Search-R2's Meta-Refiner (arXiv 2602.03647): a judge that sees no reference names the
first wrong step, the solution is cut there, and the policy writes the rest anew, k times. A right
answer shows that what stands before was still alive; which step is wrong is the judge's word. The
solution with its new rest goes into the dataset. Of an agent's solutions (the run has
`environments:`) the rest is written with real calls. The paper trains its refiner on the gain; here
the k rollouts certify what the judge said.

Does not cover: solutions with a right answer (nothing is said of them), and but for `cut` problems
without a reference. Where a reply names no replacement but aligns the wrong step with one reference
step, as the embedded policy's does, that reference step is the replacement.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Final, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from labeler.driver.conversation import Conversation
from labeler.driver.requests import POLICY, Reply, Sample, Samples
from labeler.labelers.base import (
    Findings,
    Policy,
    Rollouts,
    reading_counts,
    roll_out,
    steps_of,
    value_evidence,
)
from labeler.labelers.method import Method, Prompted
from labeler.labelers.shared.replies.base import StepVerdict
from labeler.labelers.shared.replies.json_form import text_under
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
from labeler.settings import without_later
from labeler.turns.shown import shown_steps

NAME: Final = "repair"
VERSION = "2"
JUDGED: dict[str, Any] = {
    "own_solution": "",
    "gold_answer": None,
    "every_step": False,
    "swapped": False,
}
"""What a judge's prompt may show beside problem and steps: nothing of it here."""


class Repair(Prompted):
    """The first wrong step with a replacement, certified by the policy's rollouts.

    `k` rollouts certify a repair if at least `min_right` of them end right. With `mode: cut` there
    is no replacement: the policy goes on from before the wrong step.
    """

    kind: Literal["repair"] = NAME
    k: Annotated[int, Field(ge=1)] = 8
    min_right: Annotated[int, Field(ge=1)] = 1
    mode: Literal["replace", "cut"] = "replace"
    """Whether a model writes another step, against a reference, or the policy another rest."""

    @model_serializer(mode="wrap")
    def _as_before(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return without_later(serialize(self), self, "mode")

    @property
    def models(self) -> tuple[str, ...]:
        # The policy certifies, whoever proposes.
        return tuple(dict.fromkeys((self.model, POLICY)))

    @model_validator(mode="after")
    def _can_be_certified(self) -> Repair:
        if self.min_right > self.k:
            raise ValueError("min_right of k rollouts have to end right; set it to k at most")
        return self


@dataclass(frozen=True, slots=True)
class _Proposal:
    """The first wrong step and its replacement; `missing` says why there is none."""

    solution: Solution
    readings: tuple[StepVerdict, ...]
    model: str
    spent: TokenUsage
    place: int = -1
    prefix: tuple[str, ...] = field(default=())
    missing: str = ""


def repair_task(settings: Repair) -> Task:
    """The prompt; raises `ConfigError` where the prompt set has none that shows what it must."""
    if settings.mode == "cut":
        return settings.prompt_set.task("judge", "problem", "steps")
    return settings.prompt_set.task("repair", "problem", "reference", "steps")


def repair(
    problem: Problem, solutions: tuple[Solution, ...], settings: Repair, policy: Policy
) -> Conversation[Findings]:
    """Evidence on solutions with a wrong answer, and the repaired solutions."""
    task = repair_task(settings)
    version = f"{VERSION}+{prompts_sha([task])}"
    wrong = [s for s in solutions if s.outcome is Verdict.WRONG]
    can_ask = settings.mode == "cut" or problem.reference_solution
    if not wrong or not can_ask:
        return Findings(statistics={"without_reference": len(wrong)} if wrong else {})
    replies = yield [_request(problem, s, task, settings, policy.run_seed) for s in wrong]
    proposals = [
        _proposal(problem, s, r, task, settings) for s, r in zip(wrong, replies, strict=True)
    ]
    prefixes = list(dict.fromkeys(p.prefix for p in proposals if not p.missing))
    rolled: dict[tuple[str, ...], Rollouts] = {}
    if prefixes:
        seeds = [derive_seed(policy.run_seed, NAME, problem.problem_id, *p) for p in prefixes]
        found = yield from roll_out(policy, problem, prefixes, settings.k, seeds, NAME)
        rolled = dict(zip(prefixes, found, strict=True))
    evidence: list[Evidence] = []
    for proposal in proposals:
        opinions = _opinions(proposal, rolled, settings)
        evidence += correctness_evidence(
            NAME, version, problem, proposal.solution, opinions, proposal.model, proposal.spent
        )
    certified = [p for p in prefixes if rolled[p].n_correct >= settings.min_right]
    for prefix in filter(None, prefixes):
        evidence.append(value_evidence(NAME, version, policy, problem, prefix, rolled[prefix]))
    repaired = [_repaired(problem, policy, p, rolled[p]) for p in certified]
    by = {p.prefix: p.model for p in proposals}
    # A rest that ends right does not make each of its steps right.
    new_steps = zip(certified, repaired, strict=True) if settings.mode == "replace" else ()
    for prefix, solution in new_steps:
        said = [AggregatedVerdict(Verdict.CORRECT, 1, 1, "certified repair")] * len(prefix)
        evidence.append(
            correctness_evidence(NAME, version, problem, solution, said, by[prefix], TokenUsage())[
                -1
            ]
        )
    statistics = {
        "wrong_solutions": len(wrong),
        "proposed": sum(not p.missing for p in proposals),
        "repairs": len(prefixes),
        "certified": len(certified),
        **reading_counts(rolled.values()),
    }
    return Findings(tuple(evidence), tuple(repaired), statistics)


def _request(
    problem: Problem, solution: Solution, task: Task, settings: Repair, run_seed: int
) -> Sample:
    prompt = task.prompt(
        problem=problem.text,
        context=problem.context,
        reference=problem.reference_solution,
        steps=shown_steps(solution),
        **({} if settings.mode == "replace" else JUDGED),
    )
    return Sample(
        prompt,
        1,
        Sampling(temperature=settings.temperature, max_tokens=settings.max_tokens),
        derive_seed(run_seed, NAME, problem.problem_id, "ask", *solution.steps),
        schema=task.schema if settings.structured else "",
        model=settings.model,
        requester=NAME,
    )


def _proposal(
    problem: Problem, solution: Solution, reply: Reply, task: Task, settings: Repair
) -> _Proposal:
    steps, spent = solution.steps, usage_of(reply)
    if not isinstance(reply, Samples):
        readings = unread(reply, len(steps))
        return _Proposal(solution, readings, "", spent, missing=readings[0].reason)
    completion = reply.completions[0]
    readings = read_completion(completion, steps, task)
    base = _Proposal(solution, readings, reply.model, spent)
    place = next((t for t, r in enumerate(readings) if r.verdict is not Verdict.CORRECT), -1)
    if place < 0:
        return _without(base, "it finds no error, although the answer is wrong")
    if readings[place].verdict is Verdict.UNKNOWN:
        return _without(base, readings[place].reason)
    if settings.mode == "cut":
        return replace(base, place=place, prefix=steps[:place])
    text = text_under(completion.text, ("replacement", "correction", "repair"))
    text = text or _aligned(readings[place], problem.reference_solution)
    if not text.strip():
        return _without(base, "it names the first wrong step, but no replacement")
    if text.strip() == steps[place].strip():
        return _without(base, "its replacement is the wrong step itself")
    # It ends as the step did, so that the policy goes on where a step begins.
    ending = steps[place][len(steps[place].rstrip()) :]
    prefix = (*steps[:place], text.strip() + ending)
    return _Proposal(solution, readings, reply.model, spent, place, prefix)


def _without(base: _Proposal, missing: str) -> _Proposal:
    return _Proposal(base.solution, base.readings, base.model, base.spent, missing=missing)


def _aligned(reading: StepVerdict, reference: Sequence[str]) -> str:
    """The reference step that the reply says the wrong step is to be compared with."""
    named = re.findall(r"\breference (\d+):", reading.rationale)
    named = named or re.findall(r"reference_steps: (\d+)(?:;|$)", reading.notes)
    places = {int(number) - 1 for number in named}
    if len(places) != 1:
        return ""
    place = places.pop()
    return reference[place] if 0 <= place < len(reference) else ""


def _opinions(
    proposal: _Proposal, rolled: dict[tuple[str, ...], Rollouts], settings: Repair
) -> list[AggregatedVerdict]:
    """On the steps up to the first wrong one; unknown where the repair is not certified."""
    n = len(proposal.solution.steps)
    if proposal.missing:
        return [AggregatedVerdict(Verdict.UNKNOWN, reason=proposal.missing)] * n
    rollouts = rolled[proposal.prefix]
    if rollouts.n_correct < settings.min_right:
        share = f"{rollouts.n_correct} of {rollouts.n} rollouts end right"
        why = rollouts.failure or f"the repair is not certified: {share}"
        return [AggregatedVerdict(Verdict.UNKNOWN, reason=why)] * (proposal.place + 1)
    opinions = [AggregatedVerdict.of(reading) for reading in proposal.readings[: proposal.place]]
    said = AggregatedVerdict.of(proposal.readings[proposal.place])
    other = proposal.prefix[proposal.place :]
    what = f"replace by: {other[0].strip()}" if other else "cut there"
    note = f"{what} ({rollouts.n_correct} of {rollouts.n} right)"
    return [
        *opinions,
        AggregatedVerdict(said.verdict, 1, 0, f"{said.rationale}; {note}".strip("; ")),
    ]


def _repaired(
    problem: Problem, policy: Policy, prefix: tuple[str, ...], rollouts: Rollouts
) -> Solution:
    """The replacement with the first continuation of it that ends right."""
    right = next(r for r in rollouts.rollouts if r.outcome.verdict is Verdict.CORRECT)
    seed = derive_seed(policy.run_seed, NAME, problem.problem_id, *prefix)
    steps = steps_of(policy, prefix, right)
    return policy.solution(problem, steps, right.outcome, seed)


REPAIR = Method(
    name=NAME,
    version=VERSION,
    settings=Repair,
    conversation=repair,
    asks=frozenset({Asks.CORRECTNESS, Asks.VALUE}),
    asks_model=True,
    rolls_out=True,
    runs_programs=False,
    writes_solutions=False,
    is_tool=False,
    may_say_right=True,
    of_whole_answers=False,
    backs_values_up=False,
    needs_reference=True,
    only_of_wrong_answers=True,
    by_place=False,
    prompts=lambda settings: (repair_task(settings),),
)
