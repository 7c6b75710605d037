"""Bookkeeping that may outgrow memory: databases of SQLite.

`scratch` is nameless and ends with its use: it lies in its cache until that is full, then in a file
where the system keeps such files (`TMPDIR`). `kept` has a file, so that the next use goes on where
this one ended; it holds nothing that cannot be found again, so it may be deleted at any time.
Source: sqlite.org/inmemorydb.html, temporary databases; sqlite.org/atomiccommit.html.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from labeler.errors import DataError, DatasetError
from labeler.files import make_folder

CACHE_KIB = 4096
KEPT_CACHE_KIB = 16384
PATIENCE_S = 60.0
"""So long is another process waited for that has the same file in use."""

DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


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


@contextmanager
def kept(file: Path, key: str, tables: str) -> Iterator[sqlite3.Connection]:
    """A database with these tables that stays in `file`, in one transaction that the block commits.

    Empty where it was filled under another `key`, or is damaged. Where the file cannot be used, or
    another process does not let go of it, nothing is kept: the database is a nameless one.
    """
    database = _opened(file, key, tables)
    if database is None:
        with scratch(tables) as nameless:
            yield nameless
        return
    with closing(database):
        try:
            yield database
            database.execute("COMMIT")
        except sqlite3.Error as error:
            if error.sqlite_errorcode in DAMAGED:
                file.unlink(missing_ok=True)
            raise DataError(
                f"{file}: {error}; free space there, or delete it: it is made again"
            ) from error


def _opened(file: Path, key: str, tables: str) -> sqlite3.Connection | None:
    """The database, in a transaction; None where it cannot be used."""
    try:
        make_folder(file.parent)
    except DatasetError:
        return None
    for _ in ("as it is", "anew"):
        database = sqlite3.connect(file, PATIENCE_S, isolation_level=None, check_same_thread=False)
        try:
            database.execute(f"PRAGMA cache_size=-{KEPT_CACHE_KIB}")
            database.execute("BEGIN IMMEDIATE")
            database.execute("CREATE TABLE IF NOT EXISTS filled (key TEXT)")
            if database.execute("SELECT key FROM filled").fetchall() == [(key,)]:
                return database
            for [table] in database.execute(TABLES_OF_ALL).fetchall():
                database.execute(f'DROP TABLE "{table}"')
            for statement in tables.split(";"):
                database.execute(statement)
            database.execute("CREATE TABLE filled (key TEXT)")
            database.execute("INSERT INTO filled VALUES (?)", (key,))
            return database
        except sqlite3.Error as error:
            database.close()
            if error.sqlite_errorcode not in DAMAGED:
                return None
            file.unlink(missing_ok=True)
    return None


TABLES_OF_ALL = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"


class OnDiskFirstSeen:
    """What came first under each name, in a table of its own (`first_seen_table`)."""

    def __init__(self, database: sqlite3.Connection, table: str = "first_seen") -> None:
        self._ask = database.execute
        self._note = f"INSERT OR IGNORE INTO {table} VALUES (?, ?)"
        self._find = f"SELECT value FROM {table} WHERE name = ?"

    def setdefault(self, name: str, value: str) -> str:
        """The value that came first with this name: `value`, if the name is new."""
        key, mine = _bytes(name), _bytes(value)
        if self._ask(self._note, (key, mine)).rowcount:
            return value
        [first] = self._ask(self._find, (key,)).fetchone()
        return str(first, "utf-8", "surrogatepass")


def first_seen_table(name: str) -> str:
    """The statement that makes the table of an `OnDiskFirstSeen`."""
    return f"CREATE TABLE {name} (name BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID;"


@contextmanager
def first_seen() -> Iterator[OnDiskFirstSeen]:
    """An empty one, which ends with the block."""
    with scratch(first_seen_table("first_seen")) as database:
        yield OnDiskFirstSeen(database)


def _bytes(text: str) -> bytes:
    # Paths may hold what is no Unicode.
    return text.encode("utf-8", "surrogatepass")
