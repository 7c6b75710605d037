"""A small index of one version: what lists are filtered and sorted by, one line per solution.

Each Parquet file of a dataset gets one segment, `WORK/<file>-<size>-<time>.parquet`, built once by
reading a row group at a time and only the columns needed. Files never change, so versions share
segments and a new version costs only its new files. All segments together are one table in memory,
about 150 bytes a solution; its row numbers name solutions in the order they were committed.

Does not cover text (`labeler.view.search`) or the rows themselves (`labeler.view.rows`).

Uncertainty is least confidence (Lewis and Gale 1994): 1 - |2p - 1| of the least certain step, with
p the step's probability, or Laplace's (right + 1) / (said + 2) over the verdicts where a label has
none; a step that a person judged is certain. OPV (arXiv 2512.10756) sends such items to people; its
formula is not published.

What a review decides is counted in labels of a solution that was not kept, per step that a person
reads for it: they read the problem, and then steps up to the first that is wrong. Step t is read
with the lowest probability of the steps before it, a bound on that of all of them being right.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from labeler.consensus.human import HUMAN
from labeler.dataset import Dataset
from labeler.dataset.summary.solutions import NUMBER
from labeler.errors import DatasetError
from labeler.files import make_folder, whole_file
from labeler.view.accuracy import Stratum, add_up, strata_of

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

FORMAT = "3"
"""Changes with the columns of a segment, so that old ones are built anew."""

ROWS_AT_ONCE = 1000

PROBLEM = 3.0
"""Reading a problem takes as long as so many steps, about."""

TOLD = ("said", "odds", "rollouts")
"""What was said of the steps of a solution, each thing once, a line each:
LABELER tab VERDICT; LABELER (calls a step right) tab LABELER (calls it wrong); LABELER tab
RIGHT/ROLLOUTS.
"""

PARTS = [
    *("problem_id", "domain", "solution_id", "outcome", "first_error", "run_id"),
    *("consensus.kept", "consensus.reason"),
    *(f"steps.list.element.{name}" for name in ("label", "probability")),
    *(
        f"steps.list.element.evidence.list.element.{name}"
        for name in ("labeler", "verdict", "asks", "n", "n_correct")
    ),
]
"""The columns of a dataset that are read: no text, no rationale."""


@dataclass(frozen=True)
class Index:
    """The segments of one version as one table, and the sums over its labelled steps."""

    files: tuple[Path, ...]
    starts: tuple[int, ...]
    """Row number of the first row of each file."""
    table: pl.DataFrame
    strata: tuple[Stratum, ...]

    @property
    def names(self) -> dict[str, Path]:
        """The files by a name that changes with their content."""
        return {_name(file): file for file in self.files}

    def __len__(self) -> int:
        return self.table.height


def open_index(
    dataset: Dataset, work: Path, on_file: Callable[[Path, int, int], None] = lambda *_: None
) -> Index:
    """The index of a version, built where it is missing; `on_file(file, i, n)` before each build.

    Raises `DatasetError` where a file cannot be read or `work` cannot be written.
    """
    import polars as pl

    files = dataset.files()
    segments = [segment_file(file, work) for file in files]
    missing = [file for file, segment in zip(files, segments, strict=True) if not segment.exists()]
    for number, file in enumerate(missing):
        on_file(file, number, len(missing))
        build_segment(file, segment_file(file, work))
    tables = [pl.read_parquet(segment) for segment in segments]
    table = pl.concat(tables) if tables else _empty()
    starts = [sum(t.height for t in tables[:i]) for i in range(len(tables))]
    strata = add_up(map(_strata, segments))
    return Index(tuple(files), tuple(starts), table.with_row_index("row"), strata)


def segment_file(file: Path, work: Path) -> Path:
    """Where the segment of a dataset's file is kept."""
    return work / f"{_name(file)}-{FORMAT}.parquet"


def _name(file: Path) -> str:
    stat = file.stat()
    return f"{file.stem}-{stat.st_size}-{stat.st_mtime_ns}"


def build_segment(file: Path, segment: Path) -> None:
    """Reads one file of a dataset, a batch at a time, and writes its segment."""
    import polars as pl
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables: list[pl.DataFrame] = []
    strata: list[list[Stratum]] = []
    try:
        with pq.ParquetFile(file) as parquet:
            for batch in parquet.iter_batches(ROWS_AT_ONCE, columns=PARTS):
                lines, sums = index_lines(batch)
                tables.append(lines)
                strata.append(sums)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise DatasetError(f"{file}: damaged; restore it from a copy") from error
    table = (pl.concat(tables) if tables else _empty()).to_arrow()
    table = table.replace_schema_metadata({"strata": json.dumps(add_up(strata))})
    make_folder(segment.parent)
    with whole_file(segment) as out:
        pq.write_table(table, out, compression="zstd")


def index_lines(batch: pa.RecordBatch) -> tuple[pl.DataFrame, list[Stratum]]:
    """The lines of some rows, and the sums over their labelled steps."""
    import polars as pl

    rows = pl.DataFrame(pl.from_arrow(batch)).with_row_index("i")
    steps = (
        rows.select("i", "steps").explode("steps", empty_as_null=False).unnest("steps")
        .with_row_index("s")
    )  # fmt: skip
    pieces = (
        steps.select("i", "s", "evidence").explode("evidence", empty_as_null=False)
        .unnest("evidence")
    )  # fmt: skip
    steps = steps.join(_votes(pieces), on="s", how="left", maintain_order="left")
    human = pl.col("human").fill_null(False)
    right, wrong = pl.col("right").fill_null(0), pl.col("wrong").fill_null(0)
    p = pl.coalesce(
        pl.col("probability"),
        pl.when(right + wrong > 0).then((right + 1) / (right + wrong + 2)),
    )
    steps = steps.with_columns(
        human=human,
        disagree=(right > 0) & (wrong > 0) & ~human,
        doubt=pl.when(human).then(0.0).otherwise(1 - (2 * p - 1).abs()),
        mark=pl.col("label").replace_strict({1: "+", 0: "o", -1: "x"}, default="?"),
        read=p.fill_null(0.5).cum_min().shift(1, fill_value=1.0).over("i"),
    )
    about = steps.group_by("i").agg(
        n_steps=pl.len().cast(pl.UInt32),
        marks=pl.col("mark").str.join(""),
        p_min=pl.col("probability").min(),
        uncertainty=pl.col("doubt").max().cast(pl.Float32),
        disagree=pl.col("disagree").any(),
        human=pl.col("human").any(),
        p_last=pl.col("probability").last(),
        n_read=pl.col("read").sum(),
    )
    for told in (about, *_told(pieces)):
        rows = rows.join(told, on="i", how="left", maintain_order="left")
    lines = rows.select(
        "problem_id",
        "solution_id",
        "run_id",
        "domain",
        "outcome",
        "first_error",
        kept=pl.col("consensus").struct.field("kept"),
        reason=pl.col("consensus").struct.field("reason").str.replace_all(NUMBER, "#"),
        n_steps=pl.col("n_steps").fill_null(0),
        marks=pl.col("marks").fill_null(""),
        p_min=pl.col("p_min"),
        uncertainty=pl.col("uncertainty").fill_null(0.0),
        disagree=pl.col("disagree").fill_null(False),
        human=pl.col("human").fill_null(False),
        p_last=pl.col("p_last"),
        decides=_decided_by_review(),
        **{name: pl.col(name).fill_null("") for name in TOLD},
    )
    return lines.cast(_columns()), strata_of(steps)


def _decided_by_review() -> pl.Expr:
    """Labels per step that is read; 0 where the solution is kept or a person has judged it."""
    import polars as pl

    is_open = ~pl.col("consensus").struct.field("kept") & ~pl.col("human").fill_null(False)
    read = pl.col("n_read").fill_null(0.0)
    return pl.when(is_open).then(read / (PROBLEM + read)).otherwise(0.0)


def _votes(pieces: pl.DataFrame) -> pl.DataFrame:
    """Per step how many pieces of evidence say right and wrong, and whether a person spoke."""
    import polars as pl

    verdict = pl.col("verdict")
    return pieces.group_by("s").agg(
        right=(verdict == "correct").sum(),
        wrong=(verdict == "wrong").sum(),
        human=(pl.col("labeler") == HUMAN).any(),
    )


def _told(pieces: pl.DataFrame) -> list[pl.DataFrame]:
    """Per row the texts of `TOLD`."""
    import polars as pl

    labeler, verdict = pl.col("labeler"), pl.col("verdict")
    vote = pl.when(verdict == "correct").then(1).when(verdict == "wrong").then(-1).otherwise(0)
    votes = pieces.group_by("i", "s", "labeler").agg(sign=vote.sum().sign())
    # Most steps have no two sides.
    disputed = votes.filter((pl.col("sign").max() > pl.col("sign").min()).over("s"))
    right, wrong = disputed.filter(pl.col("sign") > 0), disputed.filter(pl.col("sign") < 0)
    rolled = (pl.col("asks") == "value") & (pl.col("n") > 1) & (verdict != "unknown")
    return [
        _texts(pieces.select("i", said(labeler, verdict))),
        _texts(
            right.join(wrong, on="s", suffix="_other").select(
                "i", odds=said(labeler, pl.col("labeler_other"))
            )
        ),
        _texts(
            pieces.filter(rolled).select(
                "i", rollouts=said(labeler, pl.format("{}/{}", "n_correct", "n"))
            )
        ),
    ]


def said(labeler: pl.Expr, what: pl.Expr) -> pl.Expr:
    """One of the lines of a text of `TOLD`."""
    import polars as pl

    return pl.concat_str(labeler, what, separator="\t").alias("said")


def _texts(told: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    return told.unique().group_by("i").agg(pl.exclude("i").sort().str.join("\n"))


def _columns() -> pl.Schema:
    import polars as pl

    # Few distinct values: kept as numbers.
    name = pl.Categorical()
    return pl.Schema(
        {
            "problem_id": pl.String(),
            "solution_id": pl.String(),
            "run_id": name,
            "domain": name,
            "outcome": name,
            "first_error": pl.Int32(),
            "kept": pl.Boolean(),
            "reason": name,
            "n_steps": pl.UInt32(),
            "marks": pl.String(),
            "p_min": pl.Float32(),
            "uncertainty": pl.Float32(),
            "disagree": pl.Boolean(),
            "human": pl.Boolean(),
            "p_last": pl.Float32(),
            "decides": pl.Float32(),
            **dict.fromkeys(TOLD, name),
        }
    )


def _empty() -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(schema=_columns())


def _strata(segment: Path) -> list[list[float]]:
    import pyarrow.parquet as pq

    sums: list[list[float]] = json.loads(pq.read_schema(segment).metadata[b"strata"])
    return sums
