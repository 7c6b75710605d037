"""The evidence of many solutions, compact: one small number per step and source.

Each source has a table of the distinct counts (n, n_correct) it ever gave; a step holds the index
of its counts there, 0 for silence. Solutions of one length lie in one array, so they are computed
together. Sources and solutions are sorted, and what is kept of a large dataset is drawn by the
hash of the solution, so nothing depends on the order of rows.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labeler.consensus.base import Counts
from labeler.consensus.beta_binomial import Array
from labeler.consensus.sources import Source, counts_by_source
from labeler.records import Asks, Evidence, LabeledSolution, Solution, Verdict, short_hash

OUTCOME = Source(Asks.VALUE, "outcome", "")
"""The answer check: the solution knows its outcome; evidence that repeats it is not counted."""

SILENT = Counts(0, 0)

Said = dict[Source, Counts]
"""What the sources that spoke say of one step."""


def said_of(solution: Solution, evidence: Sequence[Sequence[Evidence]]) -> list[Said]:
    """One entry per step; the outcome stands on the last one."""
    steps = [
        {source: c for source, c in counts_by_source(pieces).items() if source != OUTCOME}
        for pieces in evidence
    ]
    if steps and solution.outcome is not Verdict.UNKNOWN:
        steps[-1][OUTCOME] = Counts(1, int(solution.outcome is Verdict.CORRECT))
    return steps


@dataclass(frozen=True)
class Observations:
    """`tables[s]` [counts, 2] are the distinct (n, n_correct) of source s, the first one silence;
    `groups` [solutions, steps, sources] index them, one array per length of solution.
    """

    sources: tuple[Source, ...]
    tables: tuple[Array, ...]
    groups: tuple[NDArray[np.int32], ...]


def gather(rows: Iterable[LabeledSolution], limit: int) -> Observations:
    """Keeps what is said of at most `limit` solutions, drawn by their hash."""
    drawn: list[tuple[int, int, list[Said]]] = []
    for number, row in enumerate(rows):
        said = said_of(row.solution, [step.evidence for step in row.steps])
        # A heap's smallest entry is the largest hash; `number` only keeps lists from comparison.
        rank = -int(short_hash(row.solution.solution_id, row.problem.problem_id), 16)
        if said and len(drawn) < limit:
            heapq.heappush(drawn, (rank, number, said))
        elif said and rank > drawn[0][0]:
            heapq.heapreplace(drawn, (rank, number, said))
    drawn.sort(key=lambda entry: -entry[0])
    return _compact([said for _, _, said in drawn])


def _compact(solutions: Sequence[list[Said]]) -> Observations:
    distinct: dict[Source, set[Counts]] = defaultdict(set)
    for said in solutions:
        for step in said:
            for source, counts in step.items():
                distinct[source].add(counts)
    sources = tuple(sorted(distinct))
    tables = [[SILENT, *sorted(distinct[s], key=lambda c: (c.n, c.n_correct))] for s in sources]
    index = [{counts: i for i, counts in enumerate(table)} for table in tables]
    lengths: dict[int, list[list[list[int]]]] = defaultdict(list)
    for said in solutions:
        lengths[len(said)].append(
            [[index[i][step.get(s, SILENT)] for i, s in enumerate(sources)] for step in said]
        )
    return Observations(
        sources,
        tuple(np.array([(c.n, c.n_correct) for c in table], dtype=float) for table in tables),
        tuple(np.array(lengths[n], dtype=np.int32) for n in sorted(lengths)),
    )
