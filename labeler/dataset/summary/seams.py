"""What the summaries of single files get wrong together, and by how much.

Evidence on a prefix counts once per run, and a prefix belongs to one problem; so where the rows of
a problem by one run lie in several files, as at the seam of two files of a run, evidence was
counted in each of them. Only those rows are read again, and the difference is kept, one document
per group of files: rows that a later run adds make no new seam.

Does not cover prefixes that two problems share: a prefix is the hash of its problem with a text
(`labeler.records.prefix_id`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from labeler.dataset.columns import Flat, flat_rows
from labeler.dataset.summary.counts import Counts
from labeler.dataset.summary.solutions import Sets, span_of
from labeler.dataset.summary.steps import count_steps

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

PROBLEMS_AT_ONCE = 1000

Seams = dict[tuple[int, ...], "np.ndarray"]
"""For places of files, in order: the hashes of what (problem and run) lies in exactly those."""


def seams(files: Sequence[Sets]) -> Seams:
    """Where problems of a run lie in more than one file."""
    import numpy as np

    if len(files) < 2:
        return {}
    keys = np.concatenate([one.span for one in files])
    place = np.repeat(np.arange(len(files)), [len(one.span) for one in files])
    order = np.argsort(keys, kind="stable")
    keys, place = keys[order], place[order]
    again = keys[1:] == keys[:-1]
    torn = np.zeros(len(keys), bool)
    torn[1:] |= again
    torn[:-1] |= again
    found: dict[int, list[int]] = defaultdict(list)
    for key, where in zip(keys[torn].tolist(), place[torn].tolist(), strict=True):
        found[key].append(where)
    groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for key, wheres in found.items():
        groups[tuple(wheres)].append(key)
    return {wheres: np.array(mine, np.uint64) for wheres, mine in sorted(groups.items())}


def difference(paths: Sequence[Path], files: Sequence[Sets], keys: np.ndarray) -> Counts:
    """What to add to the counts of these files alone, for the problems that lie in all of them."""
    import numpy as np

    total = Counts({})
    first_rows = files[0].span_first[np.searchsorted(files[0].span, keys)]
    by_place = keys[np.argsort(first_rows)]
    for start in range(0, len(keys), PROBLEMS_AT_ONCE):
        some = by_place[start : start + PROBLEMS_AT_ONCE]
        alone = [_counted([path], [mine], some) for path, mine in zip(paths, files, strict=True)]
        total = total.plus(_counted(paths, files, some).minus(*alone))
    return total


def _counted(paths: Sequence[Path], files: Sequence[Sets], keys: np.ndarray) -> Counts:
    import numpy as np
    import polars as pl
    import pyarrow as pa

    def keep(batch: pa.RecordBatch) -> pa.Array:
        rows = pl.DataFrame(pl.from_arrow(batch))
        span = rows.select(span_of(pl.col("problem_id"), pl.col("run_id"))).to_series()
        return pa.array(np.isin(span.to_numpy(), keys))

    def read(*names: str) -> Iterator[Flat]:
        for path, sets in zip(paths, files, strict=True):
            yield from flat_rows(path, names, _spans(sets, keys), ("problem_id", "run_id"), keep)

    return count_steps(read)


def _spans(sets: Sets, keys: np.ndarray) -> list[tuple[int, int]]:
    import numpy as np

    at = np.searchsorted(sets.span, keys)
    return list(zip(sets.span_first[at].tolist(), sets.span_last[at].tolist(), strict=True))
