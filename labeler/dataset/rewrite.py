"""Replaces all rows of a dataset in one new version; older versions still show what they showed.

For rows whose labels were recomputed, or that stay when others are withdrawn. The files of the
newest version leave the table and new ones enter it in one entry of the log, so a reader sees the
one or the other.
Source: Delta transaction log protocol, overwrite (remove and add actions in one commit).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from labeler.dataset.lock import only_committer
from labeler.dataset.storage import DatasetStorage, Location, storage_of
from labeler.dataset.store import (
    CommitInfo,
    add_actions,
    commit_properties,
    open_table,
    summarise_newest,
    version_of_run,
    write_files,
)
from labeler.errors import DatasetError
from labeler.schema import SCHEMA_VERSION, arrow_schema

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable


def replace_rows(
    path: Location,
    newest: int,
    batches: Iterable[pa.RecordBatch],
    info: Callable[[], CommitInfo | None],
    doing: str = "consensus",
) -> int | None:
    """Makes `batches` all the rows there are and returns the number of the new version.

    `info` is asked once all rows are written; with None everything stays as it was. `doing` names
    the holder of the lock to others. Raises
    `DatasetError` where `newest` is not the newest version any more, another process is committing,
    or the commit fails.
    """
    with only_committer(path, doing):
        table = open_table(path)
        if table.version() != newest:
            raise DatasetError(
                f"{path}: version {table.version()} was committed meanwhile; run again"
            )
        # deltalake's overwrite takes the new columns along in its own entry.
        storage = storage_of(path)
        files: list[tuple[Path, int]] = []
        entry: CommitInfo | None = None
        try:
            for written in write_files(storage, newest + 1, batches):
                files.append(written)
            entry = info()
            if entry is not None:
                entry = replace(entry, schema_version=SCHEMA_VERSION)
                _overwrite(storage, table, files, entry)
        finally:
            # The entry may be in the log although a later step failed: then the files are needed.
            done = entry is not None and version_of_run(path, entry.run_id) is not None
            for file, _ in files if not done else []:
                storage.discard(file)
    if not done:
        return None
    summarise_newest(path)
    return newest + 1


def _overwrite(
    storage: DatasetStorage, table: DeltaTable, files: list[tuple[Path, int]], info: CommitInfo
) -> None:
    from deltalake import Schema
    from deltalake.exceptions import DeltaError

    try:
        table.create_write_transaction(
            [*add_actions(files)],
            "overwrite",
            Schema.from_arrow(arrow_schema()),
            commit_properties=commit_properties(storage, info),
        )
    except (DeltaError, OSError) as error:
        first_line = str(error).splitlines()[0]
        raise DatasetError(f"{storage.uri}: commit failed ({first_line}); run again") from error
