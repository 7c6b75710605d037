"""Reads a few rows of a dataset by their numbers: only the row groups and columns they lie in.

Row numbers count through the files of a version in the order in which they were committed. The
latest whole row groups stay in memory, so going from one solution to the next reads nothing.
Source: Apache Parquet format, row groups.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labeler.errors import DatasetError

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

GROUPS_IN_MEMORY = 6
FILES_OPEN = 64


def read_rows(
    files: Sequence[Path],
    starts: Sequence[int],
    numbers: Sequence[int],
    columns: tuple[str, ...] | None = None,
) -> list[dict[str, Any]]:
    """The rows of these numbers, in their order, as plain dicts; all columns unless named.

    `starts` holds the number of the first row of each file. Raises `DatasetError` where a file
    cannot be read.
    """
    wanted: dict[tuple[Path, int], list[tuple[int, int]]] = defaultdict(list)
    for position, number in enumerate(numbers):
        file = bisect_right(starts, number) - 1
        group, offset = _group_of(files[file], number - starts[file])
        wanted[files[file], group].append((position, offset))
    rows: list[dict[str, Any]] = [{} for _ in numbers]
    for (path, group), positions in wanted.items():
        table = _read(path, group, columns)
        taken = table.take([offset for _, offset in positions]).to_pylist()
        for (position, _), row in zip(positions, taken, strict=True):
            rows[position] = row
    return rows


def _group_of(path: Path, row: int) -> tuple[int, int]:
    ends = _group_ends(path)
    group = bisect_right(ends, row)
    return group, row - (ends[group - 1] if group else 0)


@lru_cache(FILES_OPEN)
def _group_ends(path: Path) -> tuple[int, ...]:
    metadata = _metadata(path)
    counts = (metadata.row_group(i).num_rows for i in range(metadata.num_row_groups))
    return tuple(accumulate(counts))


@lru_cache(FILES_OPEN)
def _metadata(path: Path) -> pq.FileMetaData:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_metadata(path)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise DatasetError(f"{path}: damaged; restore it from a copy") from error


def _read(path: Path, group: int, columns: tuple[str, ...] | None) -> pa.Table:
    return _read_whole(path, group) if columns is None else _read_columns(path, group, columns)


@lru_cache(GROUPS_IN_MEMORY)
def _read_whole(path: Path, group: int) -> pa.Table:
    return _read_columns(path, group, None)


def _read_columns(path: Path, group: int, columns: tuple[str, ...] | None) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(
            path, metadata=_metadata(path), page_checksum_verification=True
        ) as file:
            return file.read_row_group(group, columns=None if columns is None else [*columns])
    except (OSError, ValueError, pa.ArrowException) as error:
        raise DatasetError(f"{path}: damaged; restore it from a copy") from error
