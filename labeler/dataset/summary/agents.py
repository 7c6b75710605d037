"""What agents' trajectories amount to: turns, calls by tool and failure, tokens of each side.

Tokens here are words and marks (`\\w+` or one other sign): no model's tokenizer is known to a
dataset. What tools answered is counted apart, for it is nobody's to generate and never trained on.
Rows without turns cost the reading of columns that hold nothing.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from labeler.dataset.summary.counts import Counts, Table
from labeler.dataset.summary.frames import Read

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from labeler.dataset.columns import Flat

TURNS = "trajectory.turns"
COLUMNS = tuple(
    f"{TURNS}.{name}"
    for name in (
        "thought", "calls.name", "calls.arguments", "observations.text", "observations.call",
        "observations.reason",
    )
)  # fmt: skip
TOKEN = r"\w+|[^\w\s]"
UNANSWERED = "not answered"


def count_agents(read: Read) -> Counts:
    """One pass; tables `turns`, `calls` and `calls_per_solution`."""
    totals = [0] * 6
    calls: Counter[tuple[str, str]] = Counter()
    per_solution: Counter[int] = Counter()
    for flat in read(*COLUMNS):
        if not len(flat.columns[f"{TURNS}.thought"]):
            continue
        own = _tokens(flat, "thought") + _tokens(flat, "calls.name")
        own += _tokens(flat, "calls.arguments")
        n_calls = _calls_per_row(flat)
        found = (
            len(n_calls), len(flat.columns[f"{TURNS}.thought"]), int(n_calls.sum()),
            len(flat.columns[f"{TURNS}.observations.text"]), own,
            _tokens(flat, "observations.text"),
        )  # fmt: skip
        totals = [one + more for one, more in zip(totals, found, strict=True)]
        per_solution.update(n_calls.tolist())
        calls.update(zip(_texts(flat, "calls.name"), _failures(flat), strict=True))
    tables: dict[str, Table] = {
        "turns": {(): tuple(totals)},
        "calls": {key: (n,) for key, n in calls.items()},
        "calls_per_solution": {(n,): (times,) for n, times in per_solution.items()},
    }
    return Counts(tables).plus()


def _calls_per_row(flat: Flat) -> np.ndarray:
    """Of every solution that has turns."""
    import numpy as np

    turns = flat.lengths[TURNS].astype(np.int64)
    row = np.repeat(np.arange(len(turns)), turns)
    n_calls = np.bincount(row, flat.lengths[f"{TURNS}.calls"], minlength=len(turns))
    return n_calls[turns > 0].astype(np.int64)


def _failures(flat: Flat) -> list[str]:
    """For each call why it failed, "" where it did not."""
    import numpy as np

    lengths = flat.lengths[f"{TURNS}.calls"].astype(np.int64)
    starts = np.cumsum(lengths) - lengths
    found = [UNANSWERED] * int(lengths.sum())
    turn_of = flat.parents(f"{TURNS}.observations")
    answers = flat.columns[f"{TURNS}.observations.call"].to_pylist()
    reasons = _texts(flat, "observations.reason")
    for turn, call, reason in zip(turn_of, answers, reasons, strict=True):
        # A turn may name a call that it does not make only if another program wrote the row.
        if call is not None and 0 <= call < lengths[turn]:
            found[int(starts[turn]) + call] = reason
    return found


def _texts(flat: Flat, name: str) -> list[str]:
    texts: list[str] = flat.columns[f"{TURNS}.{name}"].to_pylist()
    return texts


def _tokens(flat: Flat, name: str) -> int:
    import polars as pl

    column: pa.Array = flat.columns[f"{TURNS}.{name}"]
    counted = pl.Series(column, dtype=pl.String).str.count_matches(TOKEN).cast(pl.Int64).sum()
    return int(counted or 0)
