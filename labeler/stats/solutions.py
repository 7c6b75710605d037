"""Counts of whole solutions and problems, lazily by polars; no step is read.

Difficulty is the share of a problem's decided samples that end right, all that were drawn of it;
where none were, of its solutions: a search for wrong ones makes its problems look harder.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeler.dataset import Dataset
from labeler.stats.rates import Rate, wilson
from labeler.stats.records import Duplicates, KeepByDifficulty

if TYPE_CHECKING:
    import polars as pl

NUMBER = r"-?\d+(\.\d+)?"
"""Reasons differ in their numbers; they are counted without."""


@dataclass(frozen=True, slots=True)
class SolutionCounts:
    """`first_errors` goes from index (-1 none, None undecided) to a number of solutions."""

    n_problems: int
    n_solutions: int
    n_kept: int
    run_ids: tuple[str, ...]
    first_errors: dict[int | None, int]
    by_outcome: dict[str, int]
    keep_by_domain: dict[str, Rate]
    keep_by_difficulty: dict[str, KeepByDifficulty]
    drop_reasons: dict[str, int]
    duplicates: Duplicates


def count_solutions(dataset: Dataset, n_shared_steps: int) -> SolutionCounts:
    """One streamed query per question."""
    import polars as pl

    kept = pl.col("consensus").struct.field("kept")
    reason = pl.col("consensus").struct.field("reason").str.replace_all(NUMBER, "#")
    rows = dataset.scan()
    queries = [
        rows.select(
            n_solutions=pl.len(),
            n_kept=kept.sum(),
            n_distinct=pl.col("solution_id").n_unique(),
        ),
        rows.select("run_id").unique().sort("run_id"),
        rows.group_by("first_error").len().sort("first_error", nulls_last=True),
        rows.group_by("outcome").len().sort("outcome"),
        rows.group_by("domain").agg(kept.sum(), pl.len()).sort("domain"),
        rows.filter(~kept).group_by(reason).len().sort("len", "reason", descending=[True, False]),
        _problems(rows, kept),
    ]
    # Not collect_all: it keeps the shared scan in memory.
    totals, runs, first_errors, outcomes, domains, reasons, problems = (
        dataset.collect(query) for query in queries
    )
    counts = totals.row(0, named=True)
    return SolutionCounts(
        problems.height,
        counts["n_solutions"],
        counts["n_kept"],
        tuple(runs["run_id"]),
        dict(first_errors.iter_rows()),
        dict(outcomes.iter_rows()),
        {name: wilson(*numbers) for name, *numbers in domains.iter_rows()},
        _by_difficulty(problems),
        dict(reasons.iter_rows()),
        Duplicates(
            counts["n_solutions"] - counts["n_distinct"],
            problems.height - problems["text"].n_unique(),
            n_shared_steps,
        ),
    )


def _problems(rows: pl.LazyFrame, kept: pl.Expr) -> pl.LazyFrame:
    """One row per problem."""
    import polars as pl

    drawn = pl.col("samples").drop_nulls().unique()

    def of_samples(field: str, solutions: pl.Expr) -> pl.Expr:
        decided = drawn.struct.field("n_decided").sum()
        return pl.when(decided > 0).then(drawn.struct.field(field).sum()).otherwise(solutions)

    return rows.group_by("problem_id").agg(
        n_kept=kept.sum(),
        n=pl.len(),
        n_right=of_samples("n_correct", (pl.col("outcome") == "correct").sum()),
        n_decided=of_samples("n_decided", (pl.col("outcome") != "unknown").sum()),
        text=pl.col("text").first().str.strip_chars().hash(),
    )


def _by_difficulty(problems: pl.DataFrame) -> dict[str, KeepByDifficulty]:
    import polars as pl

    # Compared in whole numbers: 3 of 4 is exactly three quarters.
    right, decided = pl.col("n_right").cast(pl.Int64), pl.col("n_decided").cast(pl.Int64)
    bands = {
        "undecided": decided == 0,
        "0": right == 0,
        "1": right == decided,
        "up to 1/4": 4 * right <= decided,
        "up to 1/2": 2 * right <= decided,
        "up to 3/4": 4 * right <= 3 * decided,
    }
    band = pl.coalesce([pl.when(when).then(pl.lit(name)) for name, when in bands.items()])
    table = problems.group_by(band=band.fill_null("below 1")).agg(
        pl.len(), pl.col("n_kept").sum(), pl.col("n").sum()
    )
    found = {
        name: KeepByDifficulty(n_problems, wilson(n_kept, n))
        for name, n_problems, n_kept, n in table.iter_rows()
    }
    order = ("0", "up to 1/4", "up to 1/2", "up to 3/4", "below 1", "1", "undecided")
    return {name: found[name] for name in order if name in found}
