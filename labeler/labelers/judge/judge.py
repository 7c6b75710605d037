"""A judge: goes through a solution's steps and stops at the first wrong one.

Sources: the paragraph critic of Qwen's Lessons (arXiv 2501.07301, section 3); several votes as in
CAPO (2508.02298) and SPARK (2512.03244); verification, criticism and merging one after the other
(SPARK's meta-critique; DeepCritic, 2505.00662); solving before judging. All are settings of the
same part (`settings.Judge`). Steps after the first wrong one get no evidence, unless `every_step`.
What cannot be read is unknown. Each model of the panel gives evidence under its own name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labeler.driver.conversation import Conversation, together
from labeler.driver.requests import Failed, Reply, Sample, Samples
from labeler.labelers.base import Findings, Policy
from labeler.labelers.judge.bias import signs_of_bias
from labeler.labelers.judge.own_solution import OwnSolution, solve
from labeler.labelers.judge.settings import Judge, Tasks, judge_tasks
from labeler.labelers.judge.votes import Critique, both_ways, count_votes
from labeler.labelers.method import Method
from labeler.labelers.shared.verdict_evidence import (
    AggregatedVerdict,
    TokenUsage,
    correctness_evidence,
    read_completion,
    unread,
    usage_of,
)
from labeler.prompts import Task
from labeler.records import Asks, Evidence, Problem, Solution, Verdict
from labeler.seeds import derive_seed
from labeler.turns.shown import shown_steps

NAME = "judge"
VERSION = "2"


def judge(
    problem: Problem, solutions: tuple[Solution, ...], settings: Judge, policy: Policy
) -> Conversation[Findings]:
    """Evidence on the steps of every solution, by every model of the panel."""
    tasks = judge_tasks(settings)
    version = f"{VERSION}+{tasks.sha}"
    works = [
        _JudgeSession(problem, settings, tasks, model, policy.run_seed).judged(solutions, version)
        for model in settings.models
    ]
    found = yield from together(works)
    statistics: Counter[str] = Counter()
    for one in found:
        statistics.update(one.statistics)
    return Findings(tuple(e for one in found for e in one.evidence), statistics=dict(statistics))


@dataclass(frozen=True, slots=True)
class _Critiques:
    """The critiques of one solution, and what they cost; `flips` of `pairs` steps turned."""

    critiques: tuple[Critique, ...]
    spent: TokenUsage
    model: str = ""
    pairs: int = 0
    flips: int = 0


@dataclass(frozen=True, slots=True)
class _JudgeSession:
    """One model at work on one problem."""

    problem: Problem
    settings: Judge
    tasks: Tasks
    model: str
    run_seed: int

    def judged(self, solutions: tuple[Solution, ...], version: str) -> Conversation[Findings]:
        settings = self.settings
        own = OwnSolution("")
        if self.tasks.solve is not None and solutions:
            own = yield from solve(
                self.problem, settings, self.tasks.solve, self.model, self.run_seed, NAME
            )
        of_each = yield from together([self._critiques_of(solution, own) for solution in solutions])
        evidence: list[Evidence] = []
        judged: list[tuple[Solution, Sequence[AggregatedVerdict]]] = []
        counts: Counter[str] = Counter()
        for i, (solution, one) in enumerate(zip(solutions, of_each, strict=True)):
            opinions = count_votes(
                one.critiques,
                settings.vote_rule,
                min_agreement=settings.min_agreement,
                every_step=settings.every_step,
            )
            spent = one.spent + (own.spent if i == 0 else TokenUsage())
            evidence += correctness_evidence(
                NAME, version, self.problem, solution, opinions, one.model, spent
            )
            judged.append((solution, opinions))
            counts.update(_counted(opinions, one))
        counts.update(
            signs_of_bias(judged, next((h.model for h in of_each if h.model), self.model))
        )
        return Findings(tuple(evidence), statistics={k: n for k, n in counts.items() if n})

    def _critiques_of(self, solution: Solution, own: OwnSolution) -> Conversation[_Critiques]:
        """All votes on one solution, in both orders where that is wanted."""
        if own.missing:
            unknown = unread(Failed(own.missing), len(solution.steps))
            return _Critiques((unknown,), TokenUsage())
        orders = (False, True) if self.settings.order_swap else (False,)
        found = yield from together([self._votes(solution, own, swapped) for swapped in orders])
        spent = sum((one.spent for one in found), TokenUsage())
        model = next((one.model for one in found if one.model), "")
        if len(found) == 1:
            return _Critiques(found[0].critiques, spent, model)
        pairs = list(zip(found[0].critiques, found[1].critiques, strict=True))
        merged = [both_ways(one, other) for one, other in pairs]
        n_pairs = sum(
            Verdict.UNKNOWN not in (a.verdict, b.verdict)
            for one, other in pairs
            for a, b in zip(one, other, strict=True)
        )
        flips = sum(n for _, n in merged)
        return _Critiques(tuple(critique for critique, _ in merged), spent, model, n_pairs, flips)

    def _votes(
        self, solution: Solution, own: OwnSolution, swapped: bool
    ) -> Conversation[_Critiques]:
        """The chain of tasks for every vote: the first is one request, later ones are one each."""
        n, seeds = self.settings.votes, self._seeds(solution)
        values = self._values(solution, own, swapped)
        first, *later = self.tasks.chain
        [reply] = yield [self._asked(first, values, n, seeds[0])]
        # One reply per vote from here on.
        replies: list[Reply] = [reply] * n
        spent = usage_of(reply)
        if isinstance(reply, Samples):
            replies = [Samples((c,), 0, reply.model) for c in reply.completions]
        said: list[list[str]] = [[] for _ in range(n)]
        for depth, task in enumerate(later, 1):
            open_votes = [i for i, r in enumerate(replies) if isinstance(r, Samples)]
            for i in open_votes:
                answered = replies[i]
                assert isinstance(answered, Samples)
                said[i].append(answered.completions[0].text)
            if not open_votes:
                break
            seed = seeds[depth]
            answers = yield [
                self._asked(task, {**values, "critiques": tuple(said[i])}, 1, seed + i)
                for i in open_votes
            ]
            for i, answer in zip(open_votes, answers, strict=True):
                replies[i] = answer
                spent += usage_of(answer)
        last = self.tasks.chain[-1]
        critiques = tuple(_critique(r, solution, last) for r in replies)
        model = next((r.model for r in replies if isinstance(r, Samples)), "")
        return _Critiques(critiques, spent, model)

    def _seeds(self, solution: Solution) -> list[int]:
        path = (NAME, self.problem.problem_id, *solution.steps)
        return [derive_seed(self.run_seed, task.name, *path) >> 8 for task in self.tasks.chain]

    def _values(self, solution: Solution, own: OwnSolution, swapped: bool) -> Mapping[str, Any]:
        settings, problem = self.settings, self.problem
        return {
            "problem": problem.text,
            "context": problem.context,
            "steps": shown_steps(solution),
            "own_solution": own.text,
            "gold_answer": problem.gold_answer if settings.with_gold else None,
            "every_step": settings.every_step,
            "swapped": swapped,
        }

    def _asked(self, task: Task, values: Mapping[str, Any], n: int, seed: int) -> Sample:
        return Sample(
            task.prompt(**values),
            n,
            self.settings.sampling,
            seed,
            schema=task.schema if self.settings.structured else "",
            model=self.model,
            requester=NAME,
        )


def _critique(reply: Reply, solution: Solution, task: Task) -> Critique:
    if not isinstance(reply, Samples):
        return unread(reply, len(solution.steps))
    return read_completion(reply.completions[0], solution.steps, task)


def _counted(opinions: Sequence[AggregatedVerdict], critiques: _Critiques) -> dict[str, int]:
    """Votes, how many of them are with the verdict (SPARK's agreement), and turned verdicts."""
    decided = [o for o in opinions if o.verdict is not Verdict.UNKNOWN]
    return {
        "solutions": 1,
        "unknown": len(opinions) - len(decided),
        "votes": sum(o.n for o in decided),
        "votes_agreeing": sum(
            o.n_correct if o.verdict is Verdict.CORRECT else o.n - o.n_correct for o in decided
        ),
        "order_pairs": critiques.pairs,
        "order_flips": critiques.flips,
    }


JUDGE = Method(
    name=NAME,
    version=VERSION,
    settings=Judge,
    conversation=judge,
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
    prompts=lambda settings: judge_tasks(settings).all,
)
