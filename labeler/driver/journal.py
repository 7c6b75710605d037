"""Replies by content hash of their requests, kept in SQLite: what makes a killed run resumable.

A conversation that is started again is answered from here until it reaches what was in flight.
Write-ahead logging survives the death of the process at any instruction; replies of one batch are
written in one transaction. Not covered: power loss may cost the last few transactions, which are
then simply asked again.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType

from pydantic import TypeAdapter, ValidationError

from labeler.driver.requests import (
    Acted,
    CheckResult,
    Classified,
    Failed,
    Reply,
    RunResult,
    Samples,
    Scores,
)
from labeler.errors import DatasetError

_TAGS: dict[type[Reply], str] = {
    Samples: "Samples",
    Scores: "Scores",
    Classified: "Classified",
    CheckResult: "Checked",
    RunResult: "Ran",
    Acted: "Acted",
    Failed: "Failed",
}
"""What journals call each kind of reply. Never changes: the classes may, journals stay readable."""
_ADAPTERS: dict[str, TypeAdapter[Reply]] = {tag: TypeAdapter(kind) for kind, tag in _TAGS.items()}

MOST_KEYS = 500
"""Looked for in one statement; SQLite takes 32,766 at most, its older builds 999."""


class Journal:
    """A mapping from request keys to replies. One process at a time writes it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            # With row ids, replies are appended and only the index is written at random places:
            # half the processor time and disk traffic of a table that is ordered by key.
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS replies"
                " (key BLOB PRIMARY KEY, kind TEXT NOT NULL, reply BLOB NOT NULL)"
            )
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS spent (run TEXT PRIMARY KEY, amount REAL NOT NULL)"
            )
        except (sqlite3.Error, OSError) as error:
            raise DatasetError(f"{path}: cannot open the journal ({error}); {_remedy(error)}")

    def get(self, key: bytes) -> Reply | None:
        """The reply kept under a key, or None; one that cannot be read counts as absent."""
        return self.get_all([key]).get(key)

    def get_all(self, keys: Sequence[bytes]) -> dict[bytes, Reply]:
        """The replies kept under these keys; those that cannot be read count as absent."""
        found: dict[bytes, Reply] = {}
        for start in range(0, len(keys), MOST_KEYS):
            for key, kind, data in self._rows(keys[start : start + MOST_KEYS]):
                try:
                    found[key] = _ADAPTERS[kind].validate_json(zlib.decompress(data))
                except (KeyError, zlib.error, ValidationError):
                    # Written by another version of this code: asking again is safe, guessing is
                    # not.
                    continue
        return found

    def _rows(self, keys: Sequence[bytes]) -> list[tuple[bytes, str, bytes]]:
        places = ",".join("?" * len(keys))
        find = f"SELECT key, kind, reply FROM replies WHERE key IN ({places})"
        try:
            return self._db.execute(find, keys).fetchall()
        except sqlite3.Error as error:
            raise DatasetError(f"{self._path}: cannot read the journal ({error}); {_remedy(error)}")

    def spent(self, run: str) -> float:
        """What a run has paid for replies so far."""
        found = self._db.execute("SELECT amount FROM spent WHERE run = ?", (run,)).fetchone()
        return float(found[0]) if found else 0.0

    def put(self, replies: Iterable[tuple[bytes, Reply]], paid: float = 0.0, run: str = "") -> None:
        """Keeps replies, all or none of them, and what `run` paid for them."""
        rows = [
            (key, _TAGS[type(reply)], zlib.compress(_dump(reply), level=1))
            for key, reply in replies
        ]
        try:
            with self._db:
                self._db.executemany("INSERT OR REPLACE INTO replies VALUES (?, ?, ?)", rows)
                if paid:
                    self._db.execute(
                        "INSERT INTO spent VALUES (?, ?)"
                        " ON CONFLICT (run) DO UPDATE SET amount = amount + excluded.amount",
                        (run, paid),
                    )
        except sqlite3.Error as error:
            raise DatasetError(
                f"{self._path}: cannot write the journal ({error}); {_remedy(error)}"
            )

    def take_over(self, path: Path) -> None:
        """Adds the replies of another journal that nobody has open; an empty file holds none."""
        try:
            self._db.execute("ATTACH DATABASE ? AS other", (str(path),))
            try:
                # A process that was killed as it opened its journal left a file without a table.
                begun = self._db.execute("SELECT 1 FROM other.sqlite_master LIMIT 1").fetchone()
                if begun:
                    with self._db:
                        self._db.execute(
                            "INSERT OR IGNORE INTO replies SELECT * FROM other.replies"
                        )
            finally:
                self._db.execute("DETACH DATABASE other")
        except sqlite3.Error as error:
            raise DatasetError(f"{path}: cannot read the journal ({error}); {_remedy(error)}")

    def __len__(self) -> int:
        count: int = self._db.execute("SELECT count(*) FROM replies").fetchone()[0]
        return count

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _dump(reply: Reply) -> bytes:
    return _ADAPTERS[_TAGS[type(reply)]].dump_json(reply)


def _remedy(error: Exception) -> str:
    name = getattr(error, "sqlite_errorname", "")
    if name == "SQLITE_FULL":
        return "free disk space and run again with --resume"
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return "check the permissions of the output folder and its disk"
    if name in ("SQLITE_CORRUPT", "SQLITE_NOTADB"):
        return "move the file away and run again with --resume: what it held is asked again"
    return "check the output folder and its disk, then run again with --resume"
