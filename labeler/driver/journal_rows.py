"""Journals of before replies stood in blocks: a row for each. They are read, but not written.

Does not cover what such a journal says of money spent: that table is the same.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Sequence

from labeler.driver.places import MOST_KEYS

TABLE = (
    "CREATE TABLE IF NOT EXISTS replies"
    " (key BLOB PRIMARY KEY, kind TEXT NOT NULL, reply BLOB NOT NULL)"
)


class Rows:
    """The replies of earlier versions of this code, in the database of a journal."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        db.execute(TABLE)

    @classmethod
    def of(cls, db: sqlite3.Connection) -> Rows | None:
        """None where there are none, as in every new journal."""
        named = "SELECT 1 FROM sqlite_master WHERE name = 'replies'"
        return cls(db) if db.execute(named).fetchone() else None

    def find(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The replies kept under these keys, each as a line of a block has it."""
        found: dict[bytes, bytes] = {}
        for start in range(0, len(keys), MOST_KEYS):
            part = keys[start : start + MOST_KEYS]
            places = ",".join("?" * len(part))
            statement = f"SELECT key, kind, reply FROM replies WHERE key IN ({places})"
            for key, kind, packed in self._db.execute(statement, part):
                try:
                    found[key] = kind.encode() + b" " + zlib.decompress(packed)
                except zlib.error:
                    continue
        return found

    def take_over(self) -> None:
        """Adds the rows of the database that is attached as `other`; those here stay."""
        self._db.execute("INSERT OR IGNORE INTO replies SELECT * FROM other.replies")

    def __len__(self) -> int:
        count: int = self._db.execute("SELECT count(*) FROM replies").fetchone()[0]
        return count
