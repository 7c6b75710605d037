"""What changed between two versions: solutions added, removed, relabelled, dropped, and why.

A solution is known by its id; where several runs wrote it, the rows are paired in the order of
their run ids. Only files that the two versions do not share are read, of those only the columns
that are compared, and evidence only where a label changed.

Does not cover shifts of shares as a whole (`labeler.stats.drift`).
Source: Delta time travel; the change feed of a table with one writer is the difference of files.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from labeler.dataset.columns import Flat, flat_batches, opened
from labeler.dataset.reader import Dataset
from labeler.errors import DatasetError

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    import pyarrow as pa

COMPARED = ("solution_id", "run_id", "first_error", "kept", "policy", "reason", "labels")
COLUMNS = (
    "solution_id", "run_id", "first_error", "consensus.kept", "consensus.policy",
    "consensus.reason", "steps.label",
)  # fmt: skip
SAID = tuple(f"steps.evidence.{name}" for name in ("labeler", "verdict", "score", "n", "n_correct"))
MARKS = {"x": "wrong", "o": "neutral", "+": "right", "?": "undecided"}
"""A character per step, in the order of the labels -1, 0, 1, null."""
NUMBER = r"-?\d+(\.\d+)?"


@dataclass(frozen=True, slots=True)
class Changes:
    """Solutions by what happened to them and by which cause, most frequent first.

    `added` and `removed`: by the run that wrote the row. `relabelled`: another label on some step
    or another first error, by cause: evidence of a labeler, another policy. `dropped`: kept before
    and no longer, by the reason the consensus gives (# for numbers); `kept_again` the other way
    round, by cause. `labels` counts steps, as "right -> wrong".
    """

    old_version: int
    new_version: int
    n_same: int
    added: dict[str, int]
    removed: dict[str, int]
    relabelled: dict[str, int]
    dropped: dict[str, int]
    kept_again: dict[str, int]
    labels: dict[str, int]


def changes(old: Dataset, new: Dataset) -> Changes:
    """Compares two versions of one dataset; raises `DatasetError` for versions of two."""
    import polars as pl

    if old.path != new.path:
        raise DatasetError(f"{old.path} and {new.path}: compare versions of one dataset")
    before, after = old.files(), new.files()
    shared = set(before) & set(after)
    old_files = [file for file in before if file not in shared]
    new_files = [file for file in after if file not in shared]
    old_rows, new_rows = _rows_of(old_files), _rows_of(new_files)
    both = old_rows.join(new_rows, on="key", suffix="_new")
    relabelled = both.filter(
        pl.col("labels").ne(pl.col("labels_new"))
        | pl.col("first_error").ne_missing(pl.col("first_error_new"))
    )
    dropped = both.filter(pl.col("kept") & ~pl.col("kept_new"))
    again = both.filter(~pl.col("kept") & pl.col("kept_new"))
    touched = pl.concat([relabelled, dropped, again]).unique("key")
    causes = _causes(
        touched,
        _evidence_of(old_files, touched.select("key", "row"), old_rows.height),
        _evidence_of(new_files, touched.select("key", row="row_new"), new_rows.height),
    )
    return Changes(
        old.version,
        new.version,
        n_same=_n_rows(shared) + both.height - touched.height,
        added=_by(new_rows.join(old_rows, on="key", how="anti"), "run_id"),
        removed=_by(old_rows.join(new_rows, on="key", how="anti"), "run_id"),
        relabelled=_by(relabelled.join(causes, on="key"), "cause"),
        dropped=_by(dropped, "reason_new"),
        kept_again=_by(again.join(causes, on="key"), "cause"),
        labels=_transitions(relabelled),
    )


def _n_rows(files: Iterable[Path]) -> int:
    n_rows = 0
    for path in files:
        with opened(path) as file:
            n_rows += file.metadata.num_rows
    return n_rows


def _rows_of(files: Sequence[Path]) -> pl.DataFrame:
    """Solutions by key, with what is compared and their row number in these files."""
    import polars as pl

    texts = dict.fromkeys(COMPARED, pl.String)
    rows = [pl.DataFrame(schema=texts | {"first_error": pl.Int32, "kept": pl.Boolean})]
    rows += map(_rows, flat_batches(files, COLUMNS))
    nth = pl.int_range(pl.len()).over("solution_id", order_by="run_id").cast(pl.String)
    key = pl.concat_str("solution_id", pl.lit("/"), nth).alias("key")
    return pl.concat(rows).with_row_index("row").with_columns(key)


def _evidence_of(files: Sequence[Path], wanted: pl.DataFrame, n_rows: int) -> pl.DataFrame:
    """A digest of the evidence on the wanted rows, by key and labeler."""
    import numpy as np
    import polars as pl

    is_wanted = np.zeros(n_rows, bool)
    is_wanted[wanted["row"].to_numpy()] = True
    found = [pl.DataFrame(schema={"row": pl.UInt32, "labeler": pl.String, "digest": pl.UInt64})]
    start = 0
    for flat in flat_batches(files, SAID) if wanted.height else ():
        found.append(_evidence(flat, start, is_wanted))
        start += flat.n_rows
    return pl.concat(found).join(wanted, on="row").drop("row")


def _rows(flat: Flat) -> pl.DataFrame:
    import polars as pl

    columns = {name.rsplit(".", 1)[-1]: pl.Series(flat.columns[name]) for name in COLUMNS[:-1]}
    table = pl.DataFrame(columns | {"labels": pl.Series(_label_texts(flat))})
    return table.with_columns(pl.col("reason").str.replace_all(NUMBER, "#")).select(COMPARED)


def _label_texts(flat: Flat) -> pa.Array:
    """The labels of each solution as one text, a character of MARKS per step."""
    import numpy as np
    import pyarrow as pa

    label = flat.columns["steps.label"].fill_null(2).to_numpy(zero_copy_only=False)
    letters = np.frombuffer("".join(MARKS).encode(), np.uint8)[label + 1]
    ends = np.concatenate([[0], np.cumsum(flat.lengths["steps"])]).astype(np.int32)
    return pa.StringArray.from_buffers(flat.n_rows, pa.py_buffer(ends), pa.py_buffer(letters))


def _evidence(flat: Flat, start: int, is_wanted: np.ndarray) -> pl.DataFrame:
    """Per wanted row and labeler one digest of all it said, whatever the order."""
    import polars as pl

    step = flat.parents("steps.evidence")
    row = flat.parents("steps")[step] + start
    columns = {name.rsplit(".", 1)[-1]: pl.Series(flat.columns[name]) for name in SAID}
    where = {"row": pl.Series(row, dtype=pl.UInt32), "step": flat.positions("steps")[step]}
    table = pl.DataFrame(where | columns).filter(pl.Series(is_wanted[row]))
    said = pl.struct(pl.exclude("row")).hash()
    return table.group_by("row", "labeler").agg(digest=said.sum())


def _causes(both: pl.DataFrame, old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """For each solution in both versions, what else differs: its policy, its evidence."""
    import polars as pl

    pieces = old.join(new, on=["key", "labeler"], how="full", coalesce=True, suffix="_new")
    evidence = pieces.filter(pl.col("digest").ne_missing(pl.col("digest_new"))).select(
        "key", cause=pl.concat_str(pl.lit("evidence of "), "labeler")
    )
    policy = both.filter(pl.col("policy") != pl.col("policy_new")).select(
        "key", cause=pl.concat_str(pl.lit("policy "), "policy", pl.lit(" -> "), "policy_new")
    )
    named = pl.concat([policy, evidence]).group_by("key").agg(pl.col("cause").sort())
    joined = both.select("key").join(named, on="key", how="left")
    return joined.with_columns(
        pl.col("cause").list.join(" and ").fill_null("other settings of the same policy")
    )


def _by(table: pl.DataFrame, column: str) -> dict[str, int]:
    counted = table.group_by(column).len().sort("len", column, descending=[True, False])
    return dict(counted.iter_rows())


def _transitions(relabelled: pl.DataFrame) -> dict[str, int]:
    """Steps whose label changed; a solution has the same steps in both versions."""
    import polars as pl

    pairs = relabelled.select(
        old=pl.col("labels").str.split(""), new=pl.col("labels_new").str.split("")
    )
    changed = pairs.explode("old", "new").filter(pl.col("old") != pl.col("new"))
    names = [pl.col(side).replace_strict(MARKS) for side in ("old", "new")]
    return _by(changed.select(what=pl.concat_str(names, separator=" -> ")), "what")
