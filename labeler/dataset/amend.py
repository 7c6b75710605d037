"""Puts other rows in the place of a few: one new version; older versions show the old ones.

Only files that hold such a row are written anew, their rows in the same order, under a name that
keeps their place among the files. The log then takes the old files out and the new ones in with one
entry, created only if nobody was first (`DatasetStorage.create`): deltalake offers no such entry,
its "overwrite" takes out every file. Nothing is vacuumed.

Does not cover labels that are all recomputed (`rewrite`), added rows (`store`) or dropped ones
(`withdraw`). Source: Delta transaction log protocol (github.com/delta-io/delta, PROTOCOL.md),
actions add, remove, commitInfo.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labeler.dataset.lock import only_committer
from labeler.dataset.reader import open_dataset
from labeler.dataset.schema_upgrade import add_columns_of_today, as_of_today
from labeler.dataset.shards import read_shards, write_parquet
from labeler.dataset.storage import Location, storage_of
from labeler.dataset.store import CommitInfo, open_table, summarise_newest, version_of_run
from labeler.errors import DatasetError
from labeler.schema import SCHEMA_VERSION, arrow_schema

if TYPE_CHECKING:
    import pyarrow as pa

KEY = ("run_id", "solution_id")
"""What a row is known by."""

Rows = Mapping[tuple[str, str], Mapping[str, Any]]


def amend(path: Location, rows: Iterable[Mapping[str, Any]], info: CommitInfo) -> int:
    """Puts each row (see `labeler.schema.row`) in the place of the one with its key; the version.

    `rows` are held in memory. A commit that the log holds already under `info.run_id` is not made
    again. Raises `DatasetError`, and changes nothing, where another process is committing or the
    newest version has no row with such a key.
    """
    with only_committer(path, info.run_id):
        done = version_of_run(path, info.run_id)
        if done is not None:
            return done
        add_columns_of_today(open_table(path))
        dataset = open_dataset(path)
        version = dataset.version + 1
        new_rows = {(row["run_id"], row["solution_id"]): row for row in rows}
        old = _files_holding(path, dataset.stored_files(), new_rows.keys())
        storage = storage_of(path)
        new: dict[Path, int] = {}
        try:
            for file in old:
                amended = _amended_name(file, version, storage.unique())
                new[amended] = 0
                new[amended] = write_parquet(amended, _amended(file, new_rows))
                storage.publish(amended)
            today = replace(info, schema_version=SCHEMA_VERSION)
            if not storage.create(_entry(version), _actions(old, new, today)):
                raise DatasetError(
                    f"{path}: another program committed version {version} meanwhile; do it again"
                )
        except BaseException:
            # The entry may be in the log although a later step failed: then the files are needed.
            if version_of_run(path, info.run_id) is None:
                for file in new:
                    storage.discard(file)
            raise
    summarise_newest(path)
    return version


def _amended_name(file: Path, version: int, unique: str) -> Path:
    """Sorts where the old name did: readers restore the order of rows by the files' names."""
    stem = re.sub(r"-v\d{6}(-[0-9a-f]{8})?$", "", file.stem)
    return file.with_name(f"{stem}-v{version:06d}{unique}.parquet")


def _amended(file: Path, rows: Rows) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    for batch in read_shards([as_of_today(file)], remedy="restore it from a copy"):
        keys = list(zip(*(batch[name].to_pylist() for name in KEY), strict=True))
        if rows.keys().isdisjoint(keys):
            yield batch
        else:
            old = batch.to_pylist()
            amended = [rows.get(key, row) for key, row in zip(keys, old, strict=True)]
            yield pa.RecordBatch.from_pylist(amended, schema=arrow_schema())


def _files_holding(path: Location, files: list[Path], keys: Set[tuple[str, str]]) -> list[Path]:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    wanted = pa.array(sorted({solution for _, solution in keys}), pa.string())
    missing, found = set(keys), []
    for file in files:
        table = pq.read_table(file, columns=list(KEY))
        near = table.filter(pc.is_in(table["solution_id"], wanted))
        here = keys & set(zip(*(near[name].to_pylist() for name in KEY), strict=True))
        missing -= here
        if here:
            found.append(file)
    if missing:
        run_id, solution_id = min(missing)
        raise DatasetError(
            f"{path}: holds no solution {solution_id} of run {run_id}; nothing was changed"
        )
    return found


def _entry(version: int) -> str:
    return f"_delta_log/{version:020d}.json"


def _actions(old: list[Path], new: Mapping[Path, int], info: CommitInfo) -> bytes:
    """An entry of the log: a line of JSON per action."""
    now = time.time_ns() // 1_000_000
    head = {"timestamp": now, "operation": "AMEND", "operationParameters": {}}
    actions: list[dict[str, Any]] = [{"commitInfo": head | info.to_metadata()}]
    actions += [
        {"remove": {"path": file.name, "deletionTimestamp": now, "dataChange": True,
                    "partitionValues": {}, "size": file.stat().st_size}}
        for file in old
    ]  # fmt: skip
    actions += [
        {"add": {"path": file.name, "partitionValues": {}, "size": file.stat().st_size,
                 "modificationTime": now, "dataChange": True,
                 "stats": json.dumps({"numRecords": n_rows})}}
        for file, n_rows in new.items()
    ]  # fmt: skip
    return "".join(json.dumps(action) + "\n" for action in actions).encode()
