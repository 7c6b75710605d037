"""The stages in order, plain Python: solve, filter, label, decide, stage, commit.

A problem goes through all of them as one conversation, so batches fill across problems; a shard is
a group of problems whose rows are staged in one Parquet file. What a shard wrote is never written
again; a shard that was cut off is replayed from the journal. Nothing is dropped silently: what
leaves is a `Rejection`, counted and listed.
"""

from __future__ import annotations

import dataclasses
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from pydantic import TypeAdapter, ValidationError

from labeler.acquire.base import Terms
from labeler.consensus.annotated import Annotation, annotation_evidence
from labeler.consensus.base import Rule
from labeler.consensus.label import by_prefix, label_solution
from labeler.dataset.schema_upgrade import is_of_today
from labeler.dataset.shards import write_shard
from labeler.driver.conversation import Conversation, together
from labeler.driver.cost import Cost
from labeler.driver.driver import Driver
from labeler.errors import DatasetError
from labeler.files import whole_file
from labeler.labelers.base import Findings, Policy
from labeler.labelers.method import Labeler
from labeler.labelers.shared.last_step import last_step_evidence
from labeler.labelling.solving import Filter, SampledSolutions, existing_solutions, solve
from labeler.records import Evidence, LabeledSolution, Problem, Rejection, Solution, Verdict
from labeler.schema import Provenance, row
from labeler.spool import Spool

LabelGroup: TypeAlias = Callable[
    [Sequence[Problem], "Recipe"], Conversation[Sequence["LabeledProblem"]]
]
"""Labels some problems in one conversation."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is done to every problem."""

    policy: Policy
    n_solutions: int
    filter: Filter | None
    labelers: dict[str, Labeler]
    rule: Rule
    existing_solutions: Mapping[str, tuple[Solution, ...]] = field(default_factory=dict)
    """Solutions that exist already, by problem; such a problem is not solved again."""
    annotations: Mapping[str, Annotation] = field(default_factory=dict)
    """What the file said of its solutions' steps, by solution."""
    searches: frozenset[str] = frozenset()
    """Labelers that write the solutions they label; they go first, so that the others see these."""
    decides_answers: bool = False
    """Whether a labeler finds outcomes of whole answers that the answer check cannot read."""
    keeps_logprobs: bool = False
    """Whether a labeler reads the log-probabilities of the policy's solutions."""
    bind: Callable[[Policy], dict[str, Labeler]] | None = None
    """The labelers again, with another policy."""
    pilots: frozenset[str] = frozenset()
    """Labelers that the run's first problems teach something (`labelling.pilot`)."""
    terms: Terms | None = None
    """What is asked for where labelers are not all asked about everything."""
    label_group: LabelGroup | None = None
    """Labels problems together, `group_size` at a time; None: each by itself."""
    group_size: int = 1
    dropped: Mapping[str, str] = field(default_factory=dict)
    """Labelers that are asked no more, and why."""


@dataclass(frozen=True, slots=True)
class LabeledProblem:
    """What came of one problem; `statistics` are counts, by labeler and for `solve`."""

    rows: tuple[LabeledSolution, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    statistics: dict[str, dict[str, int]] = field(default_factory=dict)


def label_problem(problem: Problem, recipe: Recipe) -> Conversation[LabeledProblem]:
    """One problem from its text to its rows."""
    solved = yield from solve_problem(problem, recipe)
    if solved.refused:
        return refused(problem, recipe, solved)
    everything = {s.solution_id: s for s in solved.solutions}
    found: dict[str, Findings] = {}
    for searching in (True, False):
        asked = {
            n: one for n, one in recipe.labelers.items() if (n in recipe.searches) == searching
        }
        solutions = tuple(everything.values())
        findings = yield from together([one(problem, solutions) for one in asked.values()])
        found |= dict(zip(asked, findings, strict=True))
        for solution in (s for one in findings for s in one.solutions):
            # What a search wrote is no sample, but it is known how its problem fares.
            known = dataclasses.replace(solution, samples=solved.samples)
            everything.setdefault(solution.solution_id, known)
    in_order = [(name, found[name]) for name in recipe.labelers]
    return labelled(problem, recipe, solved, tuple(everything.values()), in_order)


def solve_problem(problem: Problem, recipe: Recipe) -> Conversation[SampledSolutions]:
    """The problem's solutions: those that exist already, else samples of the policy."""
    written = recipe.existing_solutions.get(problem.problem_id)
    if written is not None:
        reading = recipe.policy.reading
        if recipe.decides_answers:  # What the answer check cannot read is not wrong for it.
            reading = dataclasses.replace(reading, unreadable=Verdict.UNKNOWN)
        return (yield from existing_solutions(problem, written, reading))
    return (
        yield from solve(
            problem,
            recipe.policy,
            recipe.n_solutions,
            recipe.filter,
            recipe.decides_answers,
            recipe.keeps_logprobs,
        )
    )


def refused(problem: Problem, recipe: Recipe, solved: SampledSolutions) -> LabeledProblem:
    """What came of a problem that is not to be labelled."""
    statistics = _of_solving(solved, problem.problem_id in recipe.existing_solutions)
    return LabeledProblem(rejections=solved.rejections, statistics=statistics)


def labelled(
    problem: Problem,
    recipe: Recipe,
    solved: SampledSolutions,
    solutions: Sequence[Solution],
    found: Sequence[tuple[str, Findings]],
) -> LabeledProblem:
    """The rows of a problem, from all that labelers found on its solutions."""
    # Every solution's last step is decided by its answer, whoever wrote the solution.
    evidence = by_prefix(
        dict.fromkeys(
            [
                *(piece for _, one in found for piece in one.shared),
                *(last_step_evidence(problem, solution) for solution in solutions),
            ]
        )
    )
    rows = tuple(
        label_solution(
            problem,
            solution,
            evidence,
            recipe.rule,
            [*_annotated(problem, solution, recipe), *_about(solution, found)],
        )
        for solution in solutions
    )
    of_labelers: dict[str, Counter[str]] = {}
    for name, one in found:
        if one.statistics:
            of_labelers.setdefault(name, Counter()).update(one.statistics)
    statistics = _of_solving(solved, problem.problem_id in recipe.existing_solutions)
    if rows:
        of_one_step = sum(len(row.steps) == 1 for row in rows)
        statistics["steps"] = {"solutions": len(rows), "of one step": of_one_step}
    by_labeler = {name: dict(counts) for name, counts in of_labelers.items()}
    return LabeledProblem(rows, solved.rejections, by_labeler | statistics)


def _about(solution: Solution, found: Sequence[tuple[str, Findings]]) -> Iterator[Evidence]:
    """What rests on how this solution ends, and is no other's."""
    return (piece for _, one in found for piece in one.about(solution))


def _annotated(problem: Problem, solution: Solution, recipe: Recipe) -> list[Evidence]:
    said = recipe.annotations.get(solution.solution_id)
    return annotation_evidence(problem, solution, said) if said else []


def _of_solving(solved: SampledSolutions, is_given: bool) -> dict[str, dict[str, int]]:
    """Counts of the solutions that were drawn or given; the latter only had answers to be read."""
    read = {"replies": solved.n_replies, "unread": solved.n_unread} if solved.n_replies else {}
    drawn = solved.samples if not is_given else None
    counts = {"samples": drawn.n if drawn else 0, "right": drawn.n_correct if drawn else 0}
    return {"solve": counts, "given": read} if is_given else {"solve": counts | read}


@dataclass(frozen=True, slots=True)
class Shard:
    """A group of problems that is staged as one file, under `folder`."""

    name: str
    problems: Sequence[Problem]
    folder: Path

    @property
    def rows_file(self) -> Path:
        return self.folder / f"{self.name}.parquet"

    @property
    def summary_file(self) -> Path:
        return self.folder / f"{self.name}.json"


@dataclass(slots=True)
class ShardSummary:
    """What a shard made and what it cost, by requester; kept beside its rows."""

    n_problems: int = 0
    n_rows: int = 0
    rejections: list[Rejection] = field(default_factory=list)
    statistics: dict[str, Counter[str]] = field(default_factory=dict)
    cost: dict[str, Cost] = field(default_factory=dict)

    def add(self, other: ShardSummary) -> None:
        """Adds another shard's numbers to these."""
        self.n_problems += other.n_problems
        self.n_rows += other.n_rows
        self.rejections += other.rejections
        for name, counts in other.statistics.items():
            self.statistics.setdefault(name, Counter()).update(counts)
        for requester, cost in other.cost.items():
            mine = self.cost.setdefault(requester, Cost())
            for part in dataclasses.fields(Cost):
                setattr(mine, part.name, getattr(mine, part.name) + getattr(cost, part.name))

    def total(self) -> Cost:
        """The cost of all requesters together."""
        everything = ShardSummary()
        for cost in self.cost.values():
            everything.add(ShardSummary(cost={"": cost}))
        return everything.cost.get("", Cost())


_SUMMARY = TypeAdapter(ShardSummary)


def plan_shards(
    problems: Sequence[Problem], n_shards: int, folder: Path, group_size: int = 1
) -> tuple[Shard, ...]:
    """Cuts problems into at most `n_shards` groups of consecutive problems, always the same way;
    problems that are labelled together stay together.
    """
    size = -(-len(problems) // (n_shards * group_size)) * group_size
    groups = [problems[i : i + size] for i in range(0, len(problems), size)]
    width = len(str(len(groups)))
    return tuple(
        Shard(f"shard-{i + 1:0{width}}-of-{len(groups)}", group, folder)
        for i, group in enumerate(groups)
    )


async def label_shard(
    shard: Shard,
    driver: Driver,
    recipe: Recipe,
    run: Provenance,
    costs: dict[str, Cost],
    on_problem: Callable[[], None],
) -> ShardSummary:
    """Labels the problems of a shard and stages their rows, in the order of the problems.

    What is asked is added to `costs` as it goes; `on_problem` is called after each problem.
    """
    done = _finished(shard)
    if done is not None:
        costs.update(done.cost)
        for _ in shard.problems:
            on_problem()
        return done
    summary = ShardSummary(cost=costs)
    starts = range(0, len(shard.problems), recipe.group_size)
    numbers: dict[str, int] = {}

    def conversations() -> Iterator[tuple[str, Conversation[Sequence[LabeledProblem]]]]:
        for number, start in enumerate(starts):
            group = shard.problems[start : start + recipe.group_size]
            numbers[group[0].problem_id] = number
            yield group[0].problem_id, _label_group(group, recipe)

    # Problems end in any order and are staged in their own; a shard may hold any number of them.
    result_numbers = array("Q", bytes(8 * len(starts)))
    with Spool[Sequence[LabeledProblem]](shard.folder) as results:
        async for problem_id, result in driver.run(conversations(), summary.cost):
            result_numbers[numbers.pop(problem_id)] = len(results)
            results.append(result)
            for _ in result:
                on_problem()
        for number in result_numbers:
            for one in results[number]:
                summary.add(_summary(one))
        rows = (
            row(labeled, dataclasses.replace(run, shard=shard.name))
            for number in result_numbers
            for one in results[number]
            for labeled in one.rows
        )
        with whole_file(shard.summary_file) as file:
            file.write(_SUMMARY.dump_json(summary))
        # The rows come last: a shard whose rows are there is done.
        write_shard(shard.rows_file, rows)
    return summary


def _label_group(
    problems: Sequence[Problem], recipe: Recipe
) -> Conversation[Sequence[LabeledProblem]]:
    if recipe.label_group is not None:
        return (yield from recipe.label_group(problems, recipe))
    [problem] = problems
    return [(yield from label_problem(problem, recipe))]


def _summary(result: LabeledProblem) -> ShardSummary:
    statistics = {name: Counter(counts) for name, counts in result.statistics.items()}
    return ShardSummary(1, len(result.rows), list(result.rejections), statistics)


def _finished(shard: Shard) -> ShardSummary | None:
    """The summary of a shard that is staged already."""
    if not shard.rows_file.exists() or not shard.summary_file.exists():
        return None
    if not is_of_today(shard.rows_file):
        return None  # An earlier build staged it; replayed from the journal it gets all columns.
    try:
        return _SUMMARY.validate_json(shard.summary_file.read_bytes())
    except (OSError, ValidationError) as error:
        raise DatasetError(
            f"{shard.summary_file}: cannot be read; delete it to label the shard again"
        ) from error
