"""Opens one version of a dataset: lazily as a table, or solution by solution.

Does not cover statistics (`labeler.stats`), or exports.
Source: Delta Lake time travel by version number (delta-io.github.io/delta-rs).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from labeler.dataset.columns import Flat, flat_batches
from labeler.dataset.decoded import solutions_of
from labeler.dataset.schema_upgrade import as_of_today, can_be_read
from labeler.dataset.shards import plain_rows, read_shards
from labeler.dataset.storage import Location, located, storage_of
from labeler.dataset.store import Version, log_of, open_table, table_at
from labeler.errors import DatasetError
from labeler.records import LabeledSolution
from labeler.schema import SCHEMA_VERSION, arrow_schema

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa
    from deltalake import DeltaTable


@dataclass(frozen=True, slots=True)
class DataFile:
    """A data file of a version. `identity` changes with its content under the same name."""

    name: str
    identity: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """One version of a dataset; later commits do not change what it shows."""

    path: Location
    version: int
    schema_version: int
    is_of_today: bool = True
    """Whether all its runs wrote today's columns; files of the others are read as if they had."""
    _log: tuple[Version, ...] = field(default=(), repr=False, compare=False)
    _names: Mapping[str, int] = field(default_factory=dict, repr=False, compare=False)
    """The names of the files in the order of writing, with their sizes as the log has them."""

    def versions(self) -> list[Version]:
        """The whole log as it was when this was opened, oldest first, later versions included."""
        return list(self._log)

    def scan(self) -> pl.LazyFrame:
        """A lazy polars table of this version, one row per solution."""
        import polars as pl

        files = self.files()
        if not files:
            return pl.DataFrame(arrow_schema().empty_table()).lazy()
        # Not scan_delta: polars 2.1 finds no files in a folder whose name needs escaping (a space).
        return pl.scan_parquet(files, glob=False)

    def collect(self, query: pl.LazyFrame) -> pl.DataFrame:
        """The result of a query on `scan`, streamed; `DatasetError` where a file is damaged."""
        import polars as pl

        try:
            return query.collect(engine="streaming")
        except PermissionError as error:
            raise DatasetError(
                f"{self.path}: a file may not be read; check its permissions"
            ) from error
        except (pl.exceptions.PolarsError, OSError) as error:
            raise DatasetError(
                f"{self.path}: a file is missing or damaged; restore it from a copy"
            ) from error

    def columns(self, *names: str) -> Iterator[Flat]:
        """Single columns, nested ones by dotted name, a few thousand rows at a time, in order."""
        return flat_batches(self.files(), names)

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows as plain dicts, in the order in which they were committed, a few at a time."""
        return plain_rows(self.batches())

    def solutions(self) -> Iterator[LabeledSolution]:
        """The rows as records, in the order in which they were committed, a few at a time."""
        return solutions_of(self.batches())

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows as Arrow has them, in the same order, up to a row group at a time."""
        return read_shards(self.files(), remedy="restore it from a copy")

    def files(self) -> list[Path]:
        """The Parquet files of this version on this machine, in the order of writing.

        Those of an older schema version as if they had today's columns.
        """
        stored = self.stored_files()
        return stored if self.is_of_today else [as_of_today(file) for file in stored]

    def stored_files(self) -> list[Path]:
        """The same files as they were written."""
        return [storage_of(self.path).fetched(name) for name in self._names]

    def data_files(self) -> list[DataFile]:
        """The same files by name; none of them is fetched or read.

        Raises `DatasetError` for one that is missing in a folder.
        """
        storage = storage_of(self.path)
        return [DataFile(name, storage.identity(name, size)) for name, size in self._names.items()]

    def local(self, file: DataFile) -> Path:
        """One of them as `files` has it: on this machine, with today's columns."""
        stored = storage_of(self.path).fetched(file.name)
        return stored if self.is_of_today else as_of_today(stored)


def open_dataset(path: str | Location, version: int | None = None) -> Dataset:
    """Opens a dataset at a version, the latest by default; `DatasetError` says why it cannot."""
    from deltalake.exceptions import DeltaError

    path = located(path)
    try:
        latest = table_at(path)
        if latest is None:
            raise DatasetError(f"{path}: no labelled dataset is there; `labeler run` writes one")
        if version is not None and not 0 <= version <= latest.version():
            raise DatasetError(f"{path}: has no version {version}; latest is {latest.version()}")
        newest = version in (None, latest.version())
        table = latest if newest else open_table(path, version)
        log = log_of(latest)
    except DeltaError as error:
        raise DatasetError(f"{path}: cannot be read ({str(error).splitlines()[0]})") from error
    runs = [e.info for e in log if e.info is not None and e.version <= table.version()]
    written = max((info.schema_version for info in runs), default=0)
    if written > SCHEMA_VERSION:
        raise DatasetError(
            f"{path}: has schema version {written}, this labeler knows {SCHEMA_VERSION}; upgrade it"
        )
    known = arrow_schema().equals if written == SCHEMA_VERSION else can_be_read
    if not runs or not known(_columns_of(table)):
        raise DatasetError(f"{path}: a Delta table, but not one that labeler wrote")
    if table.protocol().min_reader_version > 1:
        raise DatasetError(f"{path}: another program gave it Delta features labeler cannot read")
    of_today = all(info.schema_version == SCHEMA_VERSION for info in runs)
    return Dataset(path, table.version(), written, of_today, tuple(log), _named(table))


def _named(table: DeltaTable) -> dict[str, int]:
    added = table.get_add_actions()
    columns = zip(added["path"].to_pylist(), added["size_bytes"].to_pylist(), strict=True)
    return dict(sorted((unquote(path.rsplit("/", 1)[-1]), size) for path, size in columns))


def _columns_of(table: DeltaTable) -> pa.Schema:
    import pyarrow as pa

    return pa.schema(table.schema().to_arrow())
