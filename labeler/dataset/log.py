"""The entries of a Delta log, each read once, and checkpoints that spare reading them all.

An entry never changes, so what was read of a table in an object store stays in memory and in its
folder on this machine. A table is known by the id that it was created with: one that
was deleted and made anew at the same place is another. To open a table Delta reads its newest
checkpoint and the entries behind it; with one every `CHECKPOINT_EVERY` versions the cost of opening
does not grow with the number of versions.

Source: Delta transaction log protocol (github.com/delta-io/delta, PROTOCOL.md), metaData,
commitInfo, checkpoints.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from labeler.dataset.bucket import SCHEME
from labeler.dataset.storage import located, storage_of
from labeler.errors import DatasetError
from labeler.files import make_folder, whole_file

if TYPE_CHECKING:
    from pathlib import Path

    from deltalake import DeltaTable

    Entry = dict[str, Any]

CHECKPOINT_EVERY = 10
"""Versions; Delta's own default is 100, and each entry is a request to an object store."""
MOST_TABLES = 16
_KNOWN: dict[tuple[str, str], list[Entry]] = {}


def entries_of(table: DeltaTable) -> list[Entry]:
    """What the log says of each version, up to the table's, oldest first."""
    if not table.table_uri.startswith(SCHEME):
        return list(reversed(table.history()))  # from a disk as quickly
    key, wanted = (table.table_uri, table.metadata().id), table.version() + 1
    known = _KNOWN.get(key, [])
    if len(known) < wanted:
        kept = storage_of(located(unquote(key[0]))).local / "_log" / f"{key[1]}.json"
        stored = _read(kept)
        known = max(known, stored, key=len)
        if len(known) < wanted:
            known = [*known, *reversed(table.history(limit=wanted - len(known)))]
        if len(known) > len(stored):
            _write(kept, known)
        if len(_KNOWN) >= MOST_TABLES:
            _KNOWN.clear()
        _KNOWN[key] = known
    return known[:wanted]


def keep_checkpoint(table: DeltaTable) -> None:
    """Makes one where it is due; a version that is committed does not fail for want of it."""
    from deltalake.exceptions import DeltaError

    if table.version() % CHECKPOINT_EVERY or not table.version():
        return
    try:
        table.create_checkpoint()
    except (DeltaError, OSError):
        return


def _read(file: Path) -> list[Entry]:
    try:
        found: list[Entry] = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return []
    return found


def _write(file: Path, entries: list[Entry]) -> None:
    with suppress(OSError, DatasetError):  # read again next time
        make_folder(file.parent)
        with whole_file(file) as output:
            output.write(json.dumps(entries).encode())
