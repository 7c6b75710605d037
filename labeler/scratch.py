"""Bookkeeping that may outgrow memory: nameless databases of SQLite that end with their use.

Each lies in its cache until that is full, then in a file where the system keeps such files
(`TMPDIR`). Nothing in it is kept. Source: sqlite.org/inmemorydb.html, temporary databases.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from labeler.errors import DataError

CACHE_KIB = 4096


@contextmanager
def scratch(tables: str) -> Iterator[sqlite3.Connection]:
    """A database with these tables (statements of SQL). Raises `DataError` on a full disk."""
    try:
        with closing(
            sqlite3.connect("", isolation_level=None, check_same_thread=False)
        ) as database:
            database.executescript(
                f"PRAGMA journal_mode=OFF; PRAGMA cache_size=-{CACHE_KIB}; BEGIN; {tables}"
            )
            yield database
    except sqlite3.Error as error:
        raise DataError(
            f"temporary files: {error}; free space where they lie, or set TMPDIR to another folder"
        ) from error


class OnDiskFirstSeen:
    """What came first under each name."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def setdefault(self, name: str, value: str) -> str:
        """The value that came first with this name: `value`, if the name is new."""
        key, mine = _bytes(name), _bytes(value)
        noted = self._database.execute(
            "INSERT OR IGNORE INTO first_seen VALUES (?, ?)", (key, mine)
        )
        if noted.rowcount:
            return value
        find = "SELECT value FROM first_seen WHERE name = ?"
        [first] = self._database.execute(find, (key,)).fetchone()
        return str(first, "utf-8", "surrogatepass")


@contextmanager
def first_seen() -> Iterator[OnDiskFirstSeen]:
    """An empty one, which ends with the block."""
    with scratch(
        "CREATE TABLE first_seen (name BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID"
    ) as database:
        yield OnDiskFirstSeen(database)


def _bytes(text: str) -> bytes:
    # Paths may hold what is no Unicode.
    return text.encode("utf-8", "surrogatepass")
