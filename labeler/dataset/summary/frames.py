"""Steps of a batch, and the evidence on them, as flat polars tables; texts as categories.

Evidence on a prefix stands in the row of every solution that passes through it; it is counted once
per run, in the first row that has most of it. Prefixes are told apart by a 64-bit hash (among ten
million, a chance of 3 in a million that two are taken for one).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from labeler.dataset.columns import Flat

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    import pyarrow as pa

Read = Callable[..., Iterator[Flat]]
"""Reads the columns that it is given the names of, from the first row on, each time."""

COSTS = ("calls", "prompt_tokens", "completion_tokens")
SCORES = ("score", "signal")
PART_BITS = 4
"""Prefixes are compared in sixteen parts, by the first bits of their hashes."""

SAID = ("labeler", "asks", "verdict", "n", "n_correct")

COLUMNS = (
    "domain",
    "outcome",
    "consensus.kept",
    "first_error",
    "steps.text",
    "steps.label",
    "steps.probability",
    *(f"steps.evidence.{name}" for name in (*SAID, *SCORES, *COSTS)),
)
"""What `steps` and `evidence` need of a batch."""


def first_of_prefix(read: Read) -> np.ndarray:
    """For each step of these rows, in order, whether the evidence on its prefix counts here."""
    import numpy as np
    import polars as pl

    keys: list[np.ndarray] = [np.zeros(0, np.uint64)]
    sizes: list[np.ndarray] = [np.zeros(0, np.int32)]
    for flat in read("run_id", "steps.prefix_id", "steps.evidence.n"):
        run = texts(flat.columns["run_id"]).cast(pl.String).hash().to_numpy()
        prefix = pl.Series(flat.columns["steps.prefix_id"]).hash().to_numpy()
        keys.append(prefix ^ np.repeat(run, flat.lengths["steps"]))
        sizes.append(flat.lengths["steps.evidence"])
    key, size = np.concatenate(keys), np.concatenate(sizes)
    keys.clear()
    part = (key >> np.uint64(64 - PART_BITS)).astype(np.uint8)
    first = np.zeros(len(key), bool)
    # Equal keys lie in one part; a table of all of them would take several times their room.
    for number in range(2**PART_BITS):
        mine = np.flatnonzero(part == number)
        most_first = mine[np.argsort(-size[mine], kind="stable")]
        first[most_first] = pl.Series(key[most_first]).is_first_distinct().to_numpy()
    return first


def steps(flat: Flat) -> pl.DataFrame:
    """One row per step, with what of its solution counts.

    Columns: row (of the solution in this batch), domain, outcome, kept, open (its first error is
    undecided), position, last, label, probability, characters.
    """
    import polars as pl
    import pyarrow.compute as pc

    row, position = flat.parents("steps"), flat.positions("steps")
    return pl.DataFrame(
        {
            "row": row,
            "domain": texts(flat.columns["domain"]).gather(row),
            "outcome": texts(flat.columns["outcome"]).gather(row),
            "kept": pl.Series(flat.columns["consensus.kept"]).gather(row),
            "open": pl.Series(flat.columns["first_error"]).is_null().gather(row),
            "position": position,
            "last": position == flat.lengths["steps"][row] - 1,
            "label": pl.Series(flat.columns["steps.label"]),
            "probability": pl.Series(flat.columns["steps.probability"]).cast(pl.Float64),
            "characters": pl.Series(pc.utf8_length(flat.columns["steps.text"])),
        }
    )


def evidence(flat: Flat, counts_here: np.ndarray) -> pl.DataFrame:
    """One row per piece of evidence that counts here: its fields, and `step`, where it stands."""
    import polars as pl

    columns = {"step": pl.Series(flat.parents("steps.evidence"))}
    for name in (*SAID, *SCORES, *COSTS):
        array = flat.columns[f"steps.evidence.{name}"]
        columns[name] = texts(array) if name in SAID[:3] else pl.Series(array)
    return pl.DataFrame(columns).filter(pl.Series(counts_here)[columns["step"]])


def texts(array: pa.Array) -> pl.Series:
    """Texts as categories."""
    import polars as pl

    return pl.Series(array.dictionary_encode(), dtype=pl.Categorical)
