"""Counts of whole solutions, and the sets that tell which are the same, batch by batch.

Sums alone do not tell how many *different* solutions, problems and texts two files hold together,
so a file keeps theirs as 64-bit hashes (polars' own, of its version): among a million of them a
chance of 3 in 100 million that two are taken for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from labeler.dataset.summary.counts import Counts, Table, table_of
from labeler.dataset.summary.frames import Read, texts
from labeler.records import ProblemSamples

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from labeler.dataset.columns import Flat

NUMBER = r"-?\d+(\.\d+)?"
"""Reasons differ in their numbers; they are counted without."""

DRAWN = tuple(field.name for field in fields(ProblemSamples))
COLUMNS = (
    "problem_id", "run_id", "solution_id", "text", "domain", "outcome", "first_error",
    "consensus.kept", "consensus.reason", *(f"samples.{name}" for name in DRAWN),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sets:
    """What must be compared with other files; arrays of a kind are of equal length.

    `solutions`: hashes of the ids, each once, in order. By problem (`problem` is the hash of its
    id, in the order of their first rows): solutions, those kept, right and decided, and the hash of
    its text. `draw_*`: the samples drawn, a draw of a problem once. `span_*`: from which row to
    which the solutions of a problem by a run lie.
    """

    solutions: np.ndarray
    problem: np.ndarray
    n: np.ndarray
    n_kept: np.ndarray
    n_right: np.ndarray
    n_decided: np.ndarray
    text: np.ndarray
    draw_problem: np.ndarray
    draw: np.ndarray
    draw_decided: np.ndarray
    draw_correct: np.ndarray
    span: np.ndarray
    span_first: np.ndarray
    span_last: np.ndarray


def count_solutions(read: Read) -> tuple[Counts, Sets]:
    """One pass; memory grows by some 100 bytes a solution, not with their texts."""
    import polars as pl

    parts: dict[str, list[pl.DataFrame]] = {}
    start = 0
    for flat in read(*COLUMNS):
        rows = _rows(flat).with_columns(row=pl.int_range(start, start + flat.n_rows))
        start += flat.n_rows
        for name, table in _tables(rows).items():
            parts.setdefault(name, []).append(table)
    whole = {name: pl.concat(tables) for name, tables in parts.items()}
    counted = {name: _summed(whole.get(name), keys) for name, keys in COUNTED.items()}
    return Counts(counted), _sets(whole or _tables(_no_rows()))


COUNTED = {
    "solutions": (), "runs": ("run_id",), "first_errors": ("first_error",),
    "outcomes": ("outcome",), "domains": ("domain",), "reasons": ("reason",),
}  # fmt: skip


def _rows(flat: Flat) -> pl.DataFrame:
    import polars as pl

    short = ("run_id", "domain", "outcome")
    columns = {name: texts(flat.columns[name]).cast(pl.String) for name in short}
    columns |= {
        name: pl.Series(flat.columns[name], dtype=pl.String)
        for name in ("problem_id", "solution_id", "text")
    }
    columns["first_error"] = pl.Series(flat.columns["first_error"], dtype=pl.Int32)
    columns["kept"] = pl.Series(flat.columns["consensus.kept"], dtype=pl.Boolean)
    columns["reason"] = pl.Series(flat.columns["consensus.reason"], dtype=pl.String)
    for name in DRAWN:
        columns[f"drawn_{name}"] = pl.Series(flat.columns[f"samples.{name}"], dtype=pl.Int64)
    return _hashed(pl.DataFrame(columns))


def _no_rows() -> pl.DataFrame:
    import polars as pl

    kinds = {"first_error": pl.Int32, "kept": pl.Boolean}
    names = ("run_id", "domain", "outcome", "problem_id", "solution_id", "text", "reason")
    empty = {name: pl.Series([], dtype=pl.String) for name in names}
    empty |= {name: pl.Series([], dtype=kind) for name, kind in kinds.items()}
    empty |= {f"drawn_{name}": pl.Series([], dtype=pl.Int64) for name in DRAWN}
    return _hashed(pl.DataFrame(empty)).with_columns(row=pl.int_range(0, 0))


def _hashed(rows: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    return rows.with_columns(
        problem=pl.col("problem_id").hash(),
        solution=pl.col("solution_id").hash(),
        text=pl.col("text").str.strip_chars().hash(),
        span=span_of(pl.col("problem_id"), pl.col("run_id")),
        drawn=pl.struct(f"drawn_{name}" for name in DRAWN).hash(),
    ).drop("problem_id", "solution_id")


def span_of(problem_id: pl.Expr, run_id: pl.Expr) -> pl.Expr:
    """What the solutions of a problem by one run have in common."""
    import polars as pl

    return pl.struct(problem_id, run_id).hash()


def _tables(rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """What a batch adds, by what it is for."""
    import polars as pl

    kept, outcome = pl.col("kept"), pl.col("outcome")
    n, n_kept = pl.len().cast(pl.Int64).alias("n"), kept.sum().cast(pl.Int64).alias("n_kept")
    reason = pl.col("reason").str.replace_all(NUMBER, "#")
    drawn = rows.filter(pl.col("drawn_n_decided").is_not_null())
    return {
        "solutions": rows.select(n, n_kept),
        "runs": rows.group_by("run_id").agg(n),
        "first_errors": rows.group_by("first_error").agg(n),
        "outcomes": rows.group_by("outcome").agg(n),
        "domains": rows.group_by("domain").agg(n_kept, n),
        "reasons": rows.filter(~kept).group_by(reason).agg(n),
        "ids": rows.select("solution"),
        "problems": rows.group_by("problem").agg(
            n, n_kept,
            n_right=(outcome == "correct").sum().cast(pl.Int64),
            n_decided=(outcome != "unknown").sum().cast(pl.Int64),
            text=pl.col("text").first(), row=pl.col("row").first(),
        ),
        "draws": drawn.select("problem", "drawn", "drawn_n_decided", "drawn_n_correct").unique(),
        "spans": rows.group_by("span").agg(
            first=pl.col("row").min().cast(pl.UInt32), last=pl.col("row").max().cast(pl.UInt32)
        ),
    }  # fmt: skip


def _summed(table: pl.DataFrame | None, keys: Sequence[str]) -> Table:
    import polars as pl

    if table is None:
        return {}
    if not keys:
        return table_of(table.sum(), 0)
    return table_of(table.group_by(keys).agg(pl.all().sum()), len(keys))


def _sets(parts: dict[str, pl.DataFrame]) -> Sets:
    import polars as pl

    sums = pl.col("n", "n_kept", "n_right", "n_decided").sum()
    firsts = pl.col("text", "row").first()
    problems = parts["problems"].group_by("problem", maintain_order=True).agg(sums, firsts)
    problems = problems.sort("row")
    draws = parts["draws"].unique().sort("problem", "drawn")
    spans = parts["spans"].group_by("span").agg(pl.col("first").min(), pl.col("last").max())
    spans = spans.sort("span")

    def array(table: pl.DataFrame, name: str) -> np.ndarray:
        numbers = table[name]
        narrow = numbers.cast(pl.Int32) if numbers.dtype == pl.Int64 else numbers
        return narrow.to_numpy()

    return Sets(
        parts["ids"]["solution"].unique().sort().to_numpy(),
        *(
            array(problems, name)
            for name in ("problem", "n", "n_kept", "n_right", "n_decided", "text")
        ),
        *(
            array(draws, name)
            for name in ("problem", "drawn", "drawn_n_decided", "drawn_n_correct")
        ),
        *(array(spans, name) for name in ("span", "first", "last")),
    )
