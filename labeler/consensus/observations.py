"""The evidence of many solutions, compact: one small number per step and source.

Each source has a table of the distinct counts (n, n_correct) it ever gave; a step holds the index
of its counts there, 0 for silence. Solutions of one length lie in one array, so they are computed
together. Sources and solutions are sorted, and what is kept of a large dataset is drawn by the
hash of the problem (then of the solution), so nothing depends on the order of rows and a problem's
solutions stay together.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from labeler.consensus.annotated import without_annotations
from labeler.consensus.base import Counts
from labeler.consensus.beta_binomial import Array
from labeler.consensus.emission import edges_of
from labeler.consensus.scores import Scores, scores_of
from labeler.consensus.sources import (
    NOTHING_FALSE,
    OUTCOME,
    Source,
    counts_by_source,
    found_nothing_false,
    is_of_an_answer,
)
from labeler.first_error.signals import classes_of
from labeler.records import Asks, Evidence, LabeledSolution, Solution, Verdict, short_hash

SILENCE = np.zeros((1, 2), dtype=np.int32)
NOTHING = np.zeros((0, 4), dtype=np.int32)

Said = dict[Source, Counts]
"""What the sources that spoke say of one step.

Under `NOTHING_FALSE` in the place of a kind stands a tool that decided claims and flagged none.
"""


def said_of(solution: Solution, evidence: Sequence[Sequence[Evidence]]) -> list[Said]:
    """One entry per step; the outcome stands on the last one, as the solution itself knows it.

    Where a method of whole answers found the outcome, that is one voice, not two.
    """
    steps = [
        {s: c for s, c in counts_by_source(without_annotations(pieces)).items() if s != OUTCOME}
        for pieces in evidence
    ]
    for step, pieces in zip(steps, evidence, strict=True):
        for tool in found_nothing_false(without_annotations(pieces)):
            step[tool] = Counts(1, 1)
    if steps and solution.outcome is not Verdict.UNKNOWN:
        if OUTCOME not in counts_by_source(evidence[-1]):
            steps[-1] = {s: c for s, c in steps[-1].items() if not is_of_an_answer(s)}
        steps[-1][OUTCOME] = Counts(1, int(solution.outcome is Verdict.CORRECT))
    return steps


def is_verdict(source: Source) -> bool:
    """Not where a tool that only ever flags had nothing to flag: that decides no step."""
    return source.kind != NOTHING_FALSE


def against_each_kind(said: Said, sources: Collection[Source]) -> Said:
    """The same, with a tool that flagged nothing as a vote of each kind of its flags in `sources`.

    What it flags are kinds of claims, each a source of its own. So how often a kind is flagged, and
    not only what a flag is worth, can be learned.
    """
    if all(map(is_verdict, said)):
        return said
    found = {source: counts for source, counts in said.items() if is_verdict(source)}
    for source in said.keys() - found.keys():
        found |= dict.fromkeys(kinds_of(source, sources), said[source])
    return found


def kinds_of(tool: Source, sources: Collection[Source]) -> list[Source]:
    """The kinds of flags of a tool among `sources`."""
    return [one for one in sources if is_verdict(one) and one._replace(kind=tool.kind) == tool]


@dataclass(frozen=True)
class ScoreClasses:
    """Scores without a verdict, cut into classes: `groups` [solutions, steps, sources] hold the
    class from 1 on, 0 for no score, one array per length of solution, as in `Observations`.
    `pooled[s]` are the shares of the classes in all of the run.
    """

    names: tuple[str, ...] = ()
    edges: tuple[Array, ...] = ()
    pooled: tuple[Array, ...] = ()
    groups: tuple[NDArray[np.int32], ...] = ()


@dataclass(frozen=True)
class Observations:
    """`tables[s]` [counts, 2] are the distinct (n, n_correct) of source s, the first one silence;
    `groups` [solutions, steps, sources] index them, one array per length of solution.

    `asked` are the problems that rollouts were spent on, `problems` [solutions] index them, per
    group, -1 for all others; `spent` [asked, 2]: all its rollouts and
    answers, and right ones. `scores` are those without a verdict.
    """

    sources: tuple[Source, ...]
    tables: tuple[Array, ...]
    groups: tuple[NDArray[np.int32], ...]
    problems: tuple[NDArray[np.int32], ...]
    asked: tuple[str, ...]
    spent: Array
    scores: ScoreClasses = field(default_factory=ScoreClasses)


def has_rollouts(said: Sequence[Said]) -> bool:
    """Were any spent on a prefix of the solution?"""
    return any(is_rollouts(source) for step in said for source in step)


def spent_on(said: Sequence[Said]) -> Counts:
    """All rollouts of a solution's prefixes, and its answer."""
    pieces = [c for step in said for source, c in step.items() if source.asks is Asks.VALUE]
    return Counts(sum(c.n for c in pieces), sum(c.n_correct for c in pieces))


def is_rollouts(source: Source) -> bool:
    """Does it say something of value beyond how the solution itself ended?"""
    return source.asks is Asks.VALUE and source != OUTCOME


def gather(rows: Iterable[LabeledSolution], limit: int) -> Observations:
    """Keeps what is said of at most `limit` solutions, drawn by their problem's hash."""
    numbers: dict[Source, int] = {}
    drawn: list[tuple[tuple[int, int], int, _Packed]] = []
    for number, row in enumerate(rows):
        # A heap's smallest entry is the largest hash; `number` only keeps the rest from comparison.
        rank = (
            -int(short_hash(row.solution.problem_id), 16),
            -int(short_hash(row.solution.solution_id, row.problem.problem_id), 16),
        )
        if not row.steps or (len(drawn) == limit and rank <= drawn[0][0]):
            continue
        said = said_of(row.solution, [step.evidence for step in row.steps])
        scores = scores_of([step.evidence for step in row.steps])
        packed = _pack(said, numbers, row.solution.problem_id, scores)
        if len(drawn) < limit:
            heapq.heappush(drawn, (rank, number, packed))
        else:
            heapq.heapreplace(drawn, (rank, number, packed))
    drawn.sort(key=lambda entry: -entry[0][1])
    return _compact([packed for _, _, packed in drawn], list(numbers))


@dataclass(frozen=True, slots=True)
class _Packed:
    """What is said of one solution, without its dicts; `pieces` [pieces, 4] holds step,
    number of the source, n and n_correct; `scores` those without a verdict.
    """

    problem_id: str
    has_rollouts: bool
    spent: Counts
    n_steps: int
    pieces: NDArray[np.int32]
    scores: Scores


def _pack(
    said: Sequence[Said], numbers: dict[Source, int], problem_id: str, scores: Scores
) -> _Packed:
    pieces = [
        (t, numbers.setdefault(source, len(numbers)), counts.n, counts.n_correct)
        for t, step in enumerate(said)
        for source, counts in step.items()
    ]
    return _Packed(
        problem_id,
        has_rollouts(said),
        spent_on(said),
        len(said),
        np.array(pieces, dtype=np.int32).reshape(-1, 4),
        scores,
    )


def _compact(solutions: Sequence[_Packed], numbered: Sequence[Source]) -> Observations:
    if not all(map(is_verdict, numbered)):
        kinds = [_numbers(source, numbered) for source in numbered]
        solutions = [replace(one, pieces=_spread(one.pieces, kinds)) for one in solutions]
    pieces = np.concatenate([NOTHING, *(one.pieces for one in solutions)])
    occurring = sorted(np.unique(pieces[:, 1]).tolist(), key=numbered.__getitem__)
    columns = {number: column for column, number in enumerate(occurring)}
    tables = [np.unique(pieces[pieces[:, 1] == number, 2:], axis=0) for number in occurring]
    tables = [np.concatenate([SILENCE, table]) for table in tables]
    index = [{tuple(counts): i for i, counts in enumerate(table.tolist())} for table in tables]
    asked = tuple(sorted({one.problem_id for one in solutions if one.has_rollouts}))
    number_of = {problem_id: number for number, problem_id in enumerate(asked)}
    spent = np.zeros((len(asked), 2))
    lengths: dict[int, list[NDArray[np.int32]]] = defaultdict(list)
    problems: dict[int, list[int]] = defaultdict(list)
    for one in solutions:
        said = np.zeros((one.n_steps, len(occurring)), dtype=np.int32)
        for t, number, *counts in one.pieces.tolist():
            said[t, columns[number]] = index[columns[number]][tuple(counts)]
        lengths[one.n_steps].append(said)
        problem = number_of.get(one.problem_id, -1)
        problems[one.n_steps].append(problem)
        if problem >= 0:
            spent[problem] += one.spent.n, one.spent.n_correct
    return Observations(
        tuple(numbered[number] for number in occurring),
        tuple(table.astype(float) for table in tables),
        tuple(np.stack(lengths[n]) for n in sorted(lengths)),
        tuple(np.array(problems[n], dtype=np.int32) for n in sorted(lengths)),
        asked,
        spent,
        _classes(solutions),
    )


def _numbers(source: Source, numbered: Sequence[Source]) -> list[int]:
    """Under which numbers a source's votes count: its own, or those of the kinds of its flags."""
    own = [source] if is_verdict(source) else kinds_of(source, numbered)
    return [numbered.index(one) for one in own]


def _spread(pieces: NDArray[np.int32], kinds: Sequence[Sequence[int]]) -> NDArray[np.int32]:
    rows = [(t, k, n, c) for t, number, n, c in pieces.tolist() for k in kinds[number]]
    return np.array(rows, dtype=np.int32).reshape(-1, 4)


def _classes(solutions: Sequence[_Packed]) -> ScoreClasses:
    names = sorted({name for one in solutions for name in one.scores})
    edges, pooled = [], []
    for name in names:
        of_steps = (one.scores.get(name, ()) for one in solutions)
        given = [x for values in of_steps for x in values if x is not None]
        cut = edges_of(given)
        counts = np.bincount(classes_of(given, cut), minlength=len(cut) + 1) + 1 / (len(cut) + 1)
        edges.append(cut)
        pooled.append(counts / counts.sum())
    lengths: dict[int, list[NDArray[np.int32]]] = defaultdict(list)
    for one in solutions:
        classes = np.zeros((one.n_steps, len(names)), dtype=np.int32)
        for s, (name, cut) in enumerate(zip(names, edges, strict=True)):
            if name in one.scores:
                classes[:, s] = np.array(classes_of(one.scores[name], cut)) + 1
        lengths[one.n_steps].append(classes)
    groups = tuple(np.stack(lengths[n]) for n in sorted(lengths))
    return ScoreClasses(tuple(names), tuple(edges), tuple(pooled), groups)
