"""Which block of a journal holds the reply to a request.

An index of random keys on disk costs a page for each key that is added, far more than the reply
itself. So keys are added many at once, in their order; the newest ones are only in memory, and are
read from their blocks when the journal is opened again. A filter of fixed size tells of most keys
that they are in no block without a look at the disk.

Keys go by their first 64 bits. Of two that share them only the later is found: the other is asked
again, once in 3,000 journals of a hundred million replies.

Source: Bloom, Space/time trade-offs in hash coding with allowable errors (1970).
"""

from __future__ import annotations

import sqlite3
import sys
from array import array
from collections.abc import Sequence

KEY_BYTES = 32
"""Of SHA-256."""
KEYS_AT_ONCE = 8_192
"""Newest keys in memory (some 1 MiB) until they are added to the index."""
FILTER_BITS = 1 << 23
"""1 MiB: of a million keys one look in twenty is in vain, of ten million nearly all are."""

MOST_KEYS = 500
"""Looked for in one statement; SQLite takes 32,766 at most, its older builds 999."""


class Places:
    """Blocks by key, in the database of a journal."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        db.execute("CREATE TABLE IF NOT EXISTS places (key INTEGER PRIMARY KEY, block INTEGER)")
        indexed: int = db.execute("PRAGMA user_version").fetchone()[0]
        # The index was filled before this filter was begun.
        self._filter = None if indexed else Filter()
        self._newest: dict[int, int] = {}
        newer = "SELECT id, keys FROM blocks WHERE id > ? ORDER BY id"
        for block, keys in db.execute(newer, (indexed,)):
            self.add(keys, block)

    def add(self, keys: bytes, block: int) -> None:
        """A block that was committed, by its joined keys; its replies replace earlier ones."""
        numbers = _numbers(keys)
        self._newest.update(dict.fromkeys(numbers, block))
        if self._filter is not None:
            self._filter.add(numbers)

    def find(self, keys: Sequence[bytes]) -> dict[bytes, int]:
        """The blocks that may hold these keys; a key that is not there is in none."""
        found: dict[bytes, int] = {}
        older: dict[int, bytes] = {}
        for key in keys:
            number = int.from_bytes(key[:8], "little", signed=True)
            block = self._newest.get(number)
            if block is not None:
                found[key] = block
            elif self._filter is None or number in self._filter:
                older[number] = key
        numbers = list(older)
        for start in range(0, len(numbers), MOST_KEYS):
            part = numbers[start : start + MOST_KEYS]
            places = ",".join("?" * len(part))
            statement = f"SELECT key, block FROM places WHERE key IN ({places})"
            for number, block in self._db.execute(statement, part):
                found[older[number]] = block
        return found

    @property
    def is_full(self) -> bool:
        """Whether the newest keys should go to the index now."""
        return len(self._newest) >= KEYS_AT_ONCE

    def index(self) -> None:
        """Adds the newest keys to the index, in a transaction of its own."""
        with self._db:
            self._insert(sorted(self._newest.items()))
        self._newest.clear()

    def add_foreign(self, keys: bytes, block: int) -> None:
        """A block of another journal, when all keys are in the index; within the transaction that
        copies it.
        """
        self._insert([(number, block) for number in _numbers(keys)])
        # It knows nothing of what comes this way.
        self._filter = None

    def _insert(self, rows: list[tuple[int, int]]) -> None:
        """After this the keys of all blocks that there are are in the index."""
        self._db.executemany("INSERT OR REPLACE INTO places VALUES (?, ?)", rows)
        last: int = self._db.execute("SELECT coalesce(max(id), 0) FROM blocks").fetchone()[0]
        self._db.execute(f"PRAGMA user_version = {last}")

    def __len__(self) -> int:
        """Keys in the index."""
        count: int = self._db.execute("SELECT count(*) FROM places").fetchone()[0]
        return count


class Filter:
    """A set of hashes that may take a hash for one of its own, but never the other way."""

    def __init__(self) -> None:
        self._bits = bytearray(FILTER_BITS // 8)

    def add(self, numbers: Sequence[int]) -> None:
        bits = self._bits
        for number in numbers:
            one, other = number & _LOW, number >> 32 & _LOW
            bits[one >> 3] |= 1 << (one & 7)
            bits[other >> 3] |= 1 << (other & 7)

    def __contains__(self, number: int) -> bool:
        one, other = number & _LOW, number >> 32 & _LOW
        if not self._bits[one >> 3] >> (one & 7) & 1:
            return False
        return bool(self._bits[other >> 3] >> (other & 7) & 1)


_LOW = FILTER_BITS - 1


def split(keys: bytes) -> list[bytes]:
    """The joined keys of a block one by one."""
    return [keys[at : at + KEY_BYTES] for at in range(0, len(keys), KEY_BYTES)]


def _numbers(keys: bytes) -> list[int]:
    """The first 64 bits of each of the joined keys, as SQLite has integers."""
    numbers = array("q", keys)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers[:: KEY_BYTES // 8].tolist()
