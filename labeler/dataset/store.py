"""Commits to a Delta Lake table: one run, one commit, one new version.

The Parquet files are written here, in the order of the rows, and then named in the Delta log in a
single step; `write_deltalake` is not used because it shuffles rows between its own threads. Only
one committer works on a dataset at a time (a lock file beside it names the holder), so commits
never compete. A run is recognised by its id in the log: committing it again changes nothing.
deltalake 1.6.6 does not enforce Delta's application transactions, so they are not relied upon.

Where the files lie is `storage_of`'s matter. Never vacuums: old versions stay readable.
Source: Delta transaction log protocol (github.com/delta-io/delta, PROTOCOL.md), actions add,
commitInfo.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labeler.dataset.lock import only_committer
from labeler.dataset.log import entries_of, keep_checkpoint
from labeler.dataset.schema_upgrade import add_columns_of_today
from labeler.dataset.shards import write_parquet
from labeler.dataset.storage import DatasetStorage, Location, storage_of
from labeler.errors import DatasetError
from labeler.files import make_folder
from labeler.schema import SCHEMA_VERSION, arrow_schema

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import CommitProperties, DeltaTable
    from deltalake.transaction import AddAction

BYTES_PER_FILE = 128 * 2**20
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
MOST_OF_AN_ERROR = 400
"""Characters of what Delta says, causes included."""


@dataclass(frozen=True)
class CommitInfo:
    """What the log says of a run. `cost` may hold any JSON value; `labeler.stats` reads its keys
    `calls`, `prompt_tokens`, `completion_tokens` and `seconds` as the totals of the run.
    """

    run_id: str
    config_sha: str
    code_version: str
    model: str
    model_sha: str
    seed: int
    counts: Mapping[str, int] = field(default_factory=dict)
    cost: Mapping[str, Any] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION

    def to_metadata(self) -> dict[str, str]:
        """As Delta keeps it: texts only."""
        texts = {name: str(value) for name, value in vars(self).items()}
        for name in ("counts", "cost"):
            texts[name] = json.dumps(getattr(self, name), allow_nan=False, sort_keys=True)
        return texts

    @classmethod
    def from_metadata(cls, texts: Mapping[str, str]) -> CommitInfo:
        """Reads back `to_metadata`; other keys of the log entry are passed over."""
        known: dict[str, Any] = {name: texts[name] for name in cls.__dataclass_fields__}
        known |= {name: json.loads(texts[name]) for name in ("counts", "cost")}
        known |= {name: int(texts[name]) for name in ("seed", "schema_version")}
        return cls(**known)


@dataclass(frozen=True, slots=True)
class Version:
    """One entry of the log. `info` is None for entries that no run wrote (say, a compaction)."""

    version: int
    committed_at: datetime
    operation: str
    info: CommitInfo | None


def commit(
    path: Location,
    batches: Iterable[pa.RecordBatch],
    info: CommitInfo,
    known_as: Sequence[str] = (),
    patience_s: float = 0.0,
) -> int:
    """Appends all rows of a run in one new version and returns its number; all or nothing.

    Takes any stream of batches (see `read_shards`); a run that is already in the log, under its id
    or one of `known_as`, is not written again, its version is returned. Raises `DatasetError` where
    another process is committing and not done in `patience_s`.
    """
    with only_committer(path, info.run_id, patience_s):
        table = table_at(path)
        done = _version_of(table, info.run_id, *known_as)
        if done is not None:
            return done
        if table is not None:
            add_columns_of_today(table)
        storage = storage_of(path)
        make_folder(storage.local)
        files: list[tuple[Path, int]] = []
        try:
            for written in write_files(
                storage, 0 if table is None else table.version() + 1, batches
            ):
                files.append(written)
            _add_to_log(storage, table, files, info)
        except BaseException:
            # The entry may be in the log although a later step failed: then the files are needed.
            if _version_of(table_at(path), info.run_id) is None:
                for file, _ in files:
                    storage.discard(file)
            raise
        version = _version_of(open_table(path), info.run_id)
        if version is None:
            raise DatasetError(f"{path}: the commit of run {info.run_id} is not in the log")
    summarise_newest(path)
    return version


def summarise_newest(path: Location) -> None:
    """Counts what the newest version brought, once it is in the log, and spares its readers the
    entries before it.
    """
    # Reads the dataset, which is read by what is above this file.
    from labeler.dataset.summary import keep_summary

    keep_checkpoint(open_table(path))
    keep_summary(path)


def log_of(table: DeltaTable) -> list[Version]:
    """All entries of the log, oldest first."""
    return [
        Version(
            version=entry["version"],
            committed_at=datetime.fromtimestamp(entry["timestamp"] / 1000, UTC),
            operation=entry["operation"],
            info=CommitInfo.from_metadata(entry) if _is_from_run(entry) else None,
        )
        for entry in entries_of(table)
    ]


def _is_from_run(entry: Mapping[str, Any]) -> bool:
    return entry.keys() >= CommitInfo.__dataclass_fields__.keys()


def has_log(path: Location) -> bool:
    """Whether a Delta table is there."""
    from deltalake import DeltaTable

    storage = storage_of(path)
    try:
        return bool(DeltaTable.is_deltatable(storage.uri, storage.options))
    except OSError as error:
        raise storage.explained(error) from error


def table_at(path: Location) -> DeltaTable | None:
    """The Delta table at its newest version, None where there is none."""
    from deltalake.exceptions import DeltaError, TableNotFoundError

    try:
        return open_table(path)
    except TableNotFoundError:
        return None
    except DeltaError:
        # Of a file in the place of a folder, and the like, this knows better what to say.
        if not has_log(path):
            return None
        raise


def open_table(path: Location, version: int | None = None) -> DeltaTable:
    """The Delta table at one version, the latest by default."""
    from deltalake import DeltaTable

    storage = storage_of(path)
    try:
        return DeltaTable(storage.uri, version=version, storage_options=storage.options)
    except OSError as error:
        raise storage.explained(error) from error


def version_of_run(path: Location, *run_ids: str) -> int | None:
    """The version that a run wrote under one of its ids, None if it wrote none."""
    return _version_of(table_at(path), *run_ids)


def _version_of(table: DeltaTable | None, *run_ids: str) -> int | None:
    entries = log_of(table) if table is not None else []
    return next(
        (e.version for e in entries if e.info is not None and e.info.run_id in run_ids), None
    )


def write_files(
    storage: DatasetStorage, version: int, batches: Iterable[pa.RecordBatch]
) -> Iterator[tuple[Path, int]]:
    """Writes a version's files, yet unknown to the log; each with its number of rows."""
    remaining = iter(batches)
    for number, batch in enumerate(remaining):
        # Names sort by version, then by row, so that a reader can restore the order of writing.
        file = storage.local / f"part-{version:06d}-{number:05d}{storage.unique()}.parquet"
        n_rows = write_parquet(file, chain([batch], remaining), BYTES_PER_FILE)
        storage.publish(file)
        yield file, n_rows


def add_actions(files: Iterable[tuple[Path, int]]) -> list[AddAction]:
    """What the log says of new files."""
    from deltalake.transaction import AddAction

    return [
        AddAction(
            path=file.name,
            size=file.stat().st_size,
            partition_values={},
            modification_time=file.stat().st_mtime_ns // 1_000_000,
            data_change=True,
            stats=json.dumps({"numRecords": n_rows}),
        )
        for file, n_rows in files
    ]


def _add_to_log(
    storage: DatasetStorage,
    table: DeltaTable | None,
    files: list[tuple[Path, int]],
    info: CommitInfo,
) -> None:
    from deltalake import Schema
    from deltalake.exceptions import DeltaError
    from deltalake.transaction import create_table_with_add_actions

    actions = add_actions(files)
    properties = commit_properties(storage, info)
    schema = Schema.from_arrow(arrow_schema())
    try:
        if table is None:
            create_table_with_add_actions(
                storage.uri,
                schema,
                actions,
                storage_options=storage.options,
                # Runs are known by their log entries, which Delta drops after 30 days by default.
                configuration={"delta.enableExpiredLogCleanup": "false"},
                commit_properties=properties,
            )
        else:
            table.create_write_transaction(
                [*actions], "append", schema, commit_properties=properties
            )
    except (DeltaError, OSError) as error:
        # Its first line alone does not say why ("Generic LocalFileSystem error"), and the
        # others are coloured.
        whole = " ".join(COLOURS.sub("", str(error)).split())[:MOST_OF_AN_ERROR]
        raise DatasetError(
            f"{storage.uri}: commit failed ({whole}); mend it and run again with --resume"
        ) from error


def commit_properties(storage: DatasetStorage, info: CommitInfo) -> CommitProperties:
    """What the log says of a run, and how often a competing commit is tried against."""
    from deltalake import CommitProperties

    return CommitProperties(
        custom_metadata=info.to_metadata(), max_commit_retries=storage.commit_retries
    )
