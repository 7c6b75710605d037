"""Single nested columns of a version, a few thousand rows at a time.

Parquet keeps each field of a nested struct by itself, so the label of ten million steps can be read
without their texts and rationales. (polars 2.1 reads a nested column whole.)

Does not cover whole rows (`labeler.dataset.reader`).
Source: Dremel, "record shredding"; Parquet format, nested encoding, lists as `list.element`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from labeler.dataset.shards import in_batches
from labeler.errors import DatasetError
from labeler.files import not_allowed
from labeler.schema import arrow_schema

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

ROWS_PER_BATCH = 4_000
BYTES_PER_BATCH = 32 * 2**20
"""Long texts come fewer at a time: two batches are in memory, and tables made of them. Four times
as many are no faster, and took 200 MiB more.
"""


@dataclass(frozen=True, slots=True)
class Flat:
    """Columns of some rows as flat arrays, by dotted name; lists are laid end to end.

    `lengths` tells for each list column ("steps", "steps.evidence") how many items each of its
    parents has; it is there for every list on the way to a column.
    """

    n_rows: int
    columns: dict[str, pa.Array]
    lengths: dict[str, np.ndarray]

    def parents(self, name: str) -> np.ndarray:
        """For each item of a list column, the index of what holds it."""
        import numpy as np

        return np.repeat(np.arange(len(self.lengths[name])), self.lengths[name])

    def positions(self, name: str) -> np.ndarray:
        """For each item of a list column, its 0-based place in its list."""
        import numpy as np

        lengths = self.lengths[name].astype(np.int64)
        return np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)


def flat_batches(files: Sequence[Path], names: Sequence[str]) -> Iterator[Flat]:
    """The named columns ("problem_id", "steps.evidence.n") of Parquet files, batch by batch.

    A dotted name is a field of a struct or of the structs in a list. Checksums are verified;
    raises `DatasetError` for a damaged file. A thread decodes the next batch while the caller works
    on this one: Arrow lets other threads run meanwhile, but decodes nested columns on one core.
    """
    decoded = _decoded(files, names)
    with ThreadPoolExecutor(1, "columns") as reader, closing(decoded):
        ahead = reader.submit(next, decoded, None)
        try:
            while (batch := ahead.result()) is not None:
                ahead = reader.submit(next, decoded, None)
                yield batch
        finally:
            # A generator at work cannot be closed, and its file must be.
            wait([ahead])


def _decoded(files: Sequence[Path], names: Sequence[str]) -> Generator[Flat, None, None]:
    leaves = [_leaf(name) for name in names]
    for path in files:
        with opened(path) as file:
            for batch in in_batches(file, _rows_per_batch(file, leaves), leaves):
                yield _flatten(batch, names)


def flat_rows(
    path: Path,
    names: Sequence[str],
    spans: Sequence[tuple[int, int]],
    by: Sequence[str],
    keep: Callable[[pa.RecordBatch], pa.Array],
) -> Iterator[Flat]:
    """The same of a few rows of one file: only row groups that `spans` (first and last row) touch.

    Of these, the rows that `keep` lets pass, which is given the plain columns `by`.
    """
    leaves = list(dict.fromkeys([*map(_leaf, names), *by]))
    with opened(path) as file:
        start = 0
        for group in range(file.num_row_groups):
            end = start + file.metadata.row_group(group).num_rows
            if any(first < end and last >= start for first, last in spans):
                for batch in file.iter_batches(ROWS_PER_BATCH, row_groups=[group], columns=leaves):
                    kept = batch.filter(keep(batch.select(list(by))))
                    if kept.num_rows:
                        yield _flatten(kept, names)
            start = end


def _rows_per_batch(file: pq.ParquetFile, leaves: Sequence[str]) -> int:
    """By the mean size of these columns as stored, before compression."""
    stored = file.metadata
    wanted = [i for i in range(stored.num_columns) if stored.schema.column(i).path in leaves]
    groups = map(stored.row_group, range(stored.num_row_groups))
    n_bytes: int = sum(group.column(i).total_uncompressed_size for group in groups for i in wanted)
    fitting: int = BYTES_PER_BATCH * stored.num_rows // max(1, n_bytes)
    return max(1, min(ROWS_PER_BATCH, fitting))


@contextmanager
def opened(path: Path) -> Iterator[pq.ParquetFile]:
    """A Parquet file whose checksums are verified; `DatasetError` for a damaged or missing one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            yield file
    except PermissionError as error:
        raise not_allowed(path) from error
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise DatasetError(f"{path}: missing or damaged; restore it from a copy") from error


def _leaf(name: str) -> str:
    import pyarrow as pa

    kind: pa.DataType = pa.struct(list(arrow_schema()))
    path = []
    for part in name.split("."):
        kind = kind.field(part).type
        path.append(part)
        if pa.types.is_list(kind):
            kind = kind.value_type
            path += ["list", "element"]
    return ".".join(path)


def _flatten(batch: pa.RecordBatch, names: Sequence[str]) -> Flat:
    import pyarrow as pa
    import pyarrow.compute as pc

    columns: dict[str, pa.Array] = {"": batch.to_struct_array()}
    lengths: dict[str, np.ndarray] = {}
    for name in names:
        done = ""
        for part in name.split("."):
            parent, done = done, f"{done}.{part}".lstrip(".")
            if done in columns:
                continue
            array = pc.struct_field(columns[parent], part)
            if pa.types.is_list(array.type):
                # A list that is not there has nothing in it.
                n_items = pc.fill_null(pc.list_value_length(array), 0)
                lengths[done] = n_items.to_numpy(zero_copy_only=False)
                array = array.flatten()
            columns[done] = array
    return Flat(batch.num_rows, {name: columns[name] for name in names}, lengths)
