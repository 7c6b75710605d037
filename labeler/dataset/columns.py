"""Single nested columns of a version, a few thousand rows at a time.

Parquet keeps each field of a nested struct by itself, so the label of ten million steps can be read
without their texts and rationales. (polars 2.1 reads a nested column whole.)

Does not cover whole rows (`labeler.dataset.reader`).
Source: Dremel, "record shredding"; Parquet format, nested encoding, lists as `list.element`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from labeler.errors import DatasetError
from labeler.schema import arrow_schema

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

ROWS_PER_BATCH = 4000


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

    def places(self, name: str) -> np.ndarray:
        """For each item of a list column, its 0-based place in its list."""
        import numpy as np

        lengths = self.lengths[name].astype(np.int64)
        return np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)


def flat_batches(files: Sequence[Path], names: Sequence[str]) -> Iterator[Flat]:
    """The named columns ("problem_id", "steps.evidence.n") of Parquet files, batch by batch.

    A dotted name is a field of a struct or of the structs in a list. Checksums are verified;
    raises `DatasetError` for a damaged file.
    """
    leaves = [_leaf(name) for name in names]
    for path in files:
        with opened(path) as file:
            for batch in file.iter_batches(ROWS_PER_BATCH, columns=leaves):
                yield _flatten(batch, names)


@contextmanager
def opened(path: Path) -> Iterator[pq.ParquetFile]:
    """A Parquet file whose checksums are verified; `DatasetError` for a damaged or missing one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            yield file
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
                lengths[done] = pc.list_value_length(array).to_numpy(zero_copy_only=False)
                array = array.flatten()
            columns[done] = array
    return Flat(batch.num_rows, {name: columns[name] for name in names}, lengths)
