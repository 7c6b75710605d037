"""Twenty solutions to learn from: sources disagree, miracles, borderline cases, kinds of error.

One streamed pass ranks all solutions under every kind by columns alone; only those picked are read
whole. The same version always gives the same examples.

Does not cover sampling for an estimate: these are the cases worth reading, not typical ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeler.dataset import Dataset
from labeler.dataset.columns import Flat, opened
from labeler.records import LabeledSolution
from labeler.schema import labeled_solution

if TYPE_CHECKING:
    import polars as pl

COLUMNS = (
    "problem_id", "outcome", "first_error", "steps.label", "steps.probability",
    "steps.evidence.verdict", "steps.evidence.reason", "steps.evidence.signal",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """Why an example is shown; `quota` of them at first, more where other kinds are rare."""

    name: str
    title: str
    lesson: str
    quota: int


KINDS = (
    Kind("disagreement", "Sources disagree", "One source calls a step right, another wrong.", 6),
    Kind("miracle", "Right answer by a wrong way", "A step is wrong, the final answer is not.", 4),
    Kind("borderline", "Borderline", "The probability of a step is close to one half.", 3),
    Kind("first", "Wrong at once", "The first error is in the first step.", 1),
    Kind("middle", "Wrong on the way", "Good steps, then the first error.", 2),
    Kind("last", "Wrong at the very end", "The first error is in the last step.", 1),
    Kind("undecided", "Undecided", "The answer is wrong, but where it went wrong is open.", 2),
    Kind("unknown", "A source could not tell", "An error or a gap is never taken for a label.", 1),
)


@dataclass(frozen=True, slots=True)
class Example:
    """A solution and why it is shown."""

    kind: Kind
    solution: LabeledSolution


def examples(dataset: Dataset, n: int = 20) -> list[Example]:
    """Up to `n` examples, kind after kind, no solution twice and problems varied."""
    ranked = _ranked(dataset, n)
    picked = _picked(ranked, n)
    solutions = dict(zip(sorted(picked), _solutions(dataset, sorted(picked)), strict=True))
    order = {kind: rank for rank, kind in enumerate(KINDS)}
    chosen = sorted(picked.items(), key=lambda item: (order[item[1]], item[0]))
    return [Example(kind, solutions[row]) for row, kind in chosen]


def _picked(ranked: Mapping[str, Sequence[tuple[int, str]]], n: int) -> dict[int, Kind]:
    """Row numbers with their kind: every kind's quota first, then turn by turn."""
    picked: dict[int, Kind] = {}
    problems: set[str] = set()
    for fresh in (True, False):
        queues = {
            kind: iter([(row, p) for row, p in ranked[kind.name] if not fresh or p not in problems])
            for kind in KINDS
        }
        quotas = [kind for kind in KINDS for _ in range(kind.quota)] if fresh else []
        for kind in [*quotas, *(list(KINDS) * n)]:
            if len(picked) == n:
                return picked
            row = _next(queues[kind], picked, problems if fresh else set())
            if row is not None:
                picked[row[0]] = kind
                problems.add(row[1])
    return picked


def _next(
    queue: Iterator[tuple[int, str]], picked: Mapping[int, Kind], problems: set[str]
) -> tuple[int, str] | None:
    return next(((r, p) for r, p in queue if r not in picked and p not in problems), None)


def _ranked(dataset: Dataset, n: int) -> dict[str, list[tuple[int, str]]]:
    """For each kind the best row numbers and their problems, best first."""
    import polars as pl

    best: dict[str, pl.DataFrame] = {}
    start = 0
    for flat in dataset.columns(*COLUMNS):
        table = _scored(flat).with_columns(row=pl.int_range(start, start + flat.n_rows))
        start += flat.n_rows
        for kind in KINDS:
            found = table.select("row", "problem_id", score=pl.col(kind.name).cast(pl.Float64))
            joined = [best[kind.name]] if kind.name in best else []
            whole = pl.concat([*joined, found.filter(pl.col("score") > 0)])
            ordered = whole.sort("score", "row", descending=[True, False])
            # A few per problem, so that one hard problem does not fill the list.
            few = ordered.filter(pl.int_range(pl.len()).over("problem_id") < 2)
            best[kind.name] = few.head(5 * n)
    empty: list[tuple[int, str]] = []
    return {
        kind.name: list(best[kind.name].select("row", "problem_id").iter_rows())
        if kind.name in best
        else empty
        for kind in KINDS
    }


def _scored(flat: Flat) -> pl.DataFrame:
    """One row per solution with a score per kind; 0 where it is not of that kind."""
    import numpy as np
    import polars as pl

    n = flat.n_rows
    row_of_step, step_of_piece = flat.parents("steps"), flat.parents("steps.evidence")
    verdict = pl.Series(flat.columns["steps.evidence.verdict"])
    said = [
        np.bincount(step_of_piece[(verdict == one).to_numpy()], minlength=len(row_of_step))
        for one in ("correct", "wrong")
    ]
    disagree = np.bincount(row_of_step, np.minimum(*said), minlength=n)
    signals = pl.Series(flat.columns["steps.evidence.signal"]).is_not_null()
    reasons = pl.Series(flat.columns["steps.evidence.reason"]).str.len_bytes() > 0
    silent = step_of_piece[((verdict == "unknown") & reasons & ~signals).to_numpy()]
    probability = pl.Series(flat.columns["steps.probability"]).cast(pl.Float64).to_numpy()
    doubt = np.nan_to_num(0.4 - np.abs(probability - 0.5), nan=0).clip(0)
    closest = np.zeros(n)
    np.maximum.at(closest, row_of_step, doubt)
    outcome, error = pl.col("outcome"), pl.col("first_error")
    right, wrong, last = outcome == "correct", outcome == "wrong", pl.col("length") - 1
    return pl.DataFrame(
        {
            "problem_id": pl.Series(flat.columns["problem_id"]),
            "outcome": pl.Series(flat.columns["outcome"]),
            "first_error": pl.Series(flat.columns["first_error"]),
            "length": flat.lengths["steps"],
            "disagreement": disagree,
            "borderline": closest,
            "unknown": np.bincount(row_of_step[silent], minlength=n),
        }
    ).with_columns(
        miracle=(right & (error >= 0)).fill_null(False),
        first=(error == 0).fill_null(False),
        middle=((error > 0) & (error < last)).fill_null(False),
        last=((error == last) & (last > 0)).fill_null(False),
        undecided=wrong & error.is_null(),
    )


def _solutions(dataset: Dataset, rows: Sequence[int]) -> Iterator[LabeledSolution]:
    """The solutions of these row numbers, which ascend; only their row groups are read."""
    start = 0
    for path in dataset.files():
        with opened(path) as file:
            for group in range(file.num_row_groups):
                end = start + file.metadata.row_group(group).num_rows
                here = [row - start for row in rows if start <= row < end]
                if here:
                    table = file.read_row_group(group).take(here)
                    yield from map(labeled_solution, table.to_pylist())
                start = end
