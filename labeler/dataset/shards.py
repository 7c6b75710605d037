"""Parquet files that are there whole or not at all, with a checksum on every page.

A shard of a run writes its rows into one such file; the commit of the run reads all of them as one
stream. Memory stays within a few row groups however large the run is.

Does not cover versions (`labeler.dataset.store`) or what a row holds (`labeler.schema`).
Source: Apache Parquet format, page header `crc`; rename(2) for the atomic change of name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labeler.errors import DatasetError
from labeler.files import make_folder, not_allowed, whole_file
from labeler.schema import arrow_schema

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

ROWS_PER_GROUP = 1000
BYTES_PER_GROUP = 32 * 2**20
ROWS_AT_ONCE = 100
"""So many rows are objects of Python at a time: they take some ten times the room of columns."""

N_ROWS = "n_rows"
"""Key under which a file repeats its row count: checksums cover its pages, but not its footer."""


def write_shard(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Writes rows (see `labeler.schema.row`) to one Parquet file; the number of rows written.

    An existing file is replaced only once the new one is safely on disk.
    """
    make_folder(path.parent)
    return write_parquet(path, record_batches(rows))


def read_shards(
    paths: Iterable[Path],
    remedy: str = "delete it and run again with --resume",
    schema: pa.Schema | None = None,
) -> Iterator[pa.RecordBatch]:
    """All rows of the files, in the order given, a row group at a time, checksums verified.

    `schema` is that of an older version (`older`); today's if left out.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    for path in paths:
        broken = f"{path}: damaged or not written by this version of labeler; {remedy}"
        try:
            with pq.ParquetFile(path, page_checksum_verification=True) as file:
                if not file.schema_arrow.equals(arrow_schema() if schema is None else schema):
                    raise DatasetError(broken)
                missing = _rows_promised(file)
                for batch in in_batches(file, ROWS_PER_GROUP):
                    missing -= batch.num_rows
                    yield batch
        except FileNotFoundError as error:
            raise DatasetError(f"{path}: no such file; run again with --resume") from error
        except PermissionError as error:
            raise not_allowed(path) from error
        except (OSError, ValueError, pa.ArrowException) as error:
            raise DatasetError(broken) from error
        if missing:
            raise DatasetError(broken)


def in_batches(
    file: pq.ParquetFile, n_rows: int, columns: Sequence[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """All rows of a file in batches of up to `n_rows`, a few row groups after the other.

    What Arrow decodes it keeps until all row groups that it was asked for are read: of a file of
    128 MiB that comes to as much again.
    """
    groups: list[int] = []
    held = 0
    for number in range(file.num_row_groups):
        groups.append(number)
        held += file.metadata.row_group(number).num_rows
        if held >= n_rows or number == file.num_row_groups - 1:
            yield from file.iter_batches(n_rows, row_groups=groups, columns=columns)
            groups, held = [], 0


def _rows_promised(file: pq.ParquetFile) -> int:
    # Files rewritten by another program (a compaction) lack our own count.
    stated = (file.metadata.metadata or {}).get(N_ROWS.encode(), file.metadata.num_rows)
    return int(stated)


def record_batches(rows: Iterable[Mapping[str, Any]]) -> Iterator[pa.RecordBatch]:
    """Rows as small Arrow batches under the fixed schema."""
    import pyarrow as pa

    schema, remaining = arrow_schema(), iter(rows)
    while chunk := list(islice(remaining, ROWS_AT_ONCE)):
        try:
            yield pa.RecordBatch.from_pylist(chunk, schema=schema)
        except UnicodeEncodeError as error:
            raise DatasetError(f"a row holds text that is no Unicode ({error.reason})") from error


def plain_rows(batches: Iterable[pa.RecordBatch]) -> Iterator[dict[str, Any]]:
    """The rows of batches as `record_batches` took them."""
    for batch in batches:
        for start in range(0, batch.num_rows, ROWS_AT_ONCE):
            yield from batch.slice(start, ROWS_AT_ONCE).to_pylist()


def write_parquet(path: Path, batches: Iterable[pa.RecordBatch], max_bytes: int = 2**62) -> int:
    """Writes batches as one file, up to the row group that passes `max_bytes`; the rows written."""
    import pyarrow.parquet as pq

    n_rows = 0
    with (
        whole_file(path) as file,
        pq.ParquetWriter(
            file, arrow_schema(), compression="zstd", write_page_checksum=True
        ) as writer,
    ):
        for group in _row_groups(batches):
            writer.write_table(group)
            n_rows += group.num_rows
            if file.tell() >= max_bytes:
                break
        writer.add_key_value_metadata({N_ROWS: str(n_rows)})
    return n_rows


def _row_groups(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Small batches joined until a row group is full: many small shards stay quick to scan."""
    import pyarrow as pa

    pending: list[pa.RecordBatch] = []
    for batch in batches:
        pending.append(batch)
        n_rows, n_bytes = (sum(sizes) for sizes in zip(*map(_size, pending), strict=True))
        if n_rows >= ROWS_PER_GROUP or n_bytes >= BYTES_PER_GROUP:
            yield pa.Table.from_batches(pending)
            pending = []
    if pending:
        yield pa.Table.from_batches(pending)


def _size(batch: pa.RecordBatch) -> tuple[int, int]:
    return batch.num_rows, batch.nbytes
