"""Replies by content hash of their requests, kept in SQLite: what makes a killed run resumable.

A conversation that is started again is answered from here until it reaches what was in flight.
Write-ahead logging survives the death of the process at any instruction; replies of one batch are
written in one transaction, as blocks of compressed text (`places` knows where which lies). Not
covered: power loss may cost the last few transactions, which are then simply asked again.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from pydantic import TypeAdapter, ValidationError

from labeler.driver.journal_rows import Rows
from labeler.driver.places import Places, split
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

BLOCK_BYTES = 128 << 10
"""A block holds replies up to this much text: little more must be read for one of them."""
OPEN_BLOCKS = 16
"""Read and kept in memory, for who asks for one reply asks for its neighbours, too."""


class Journal:
    """A mapping from request keys to replies. One process at a time writes it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: dict[int, dict[bytes, bytes]] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS blocks"
                " (id INTEGER PRIMARY KEY, keys BLOB NOT NULL, replies BLOB NOT NULL)"
            )
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS spent (run TEXT PRIMARY KEY, amount REAL NOT NULL)"
            )
            self._places = Places(self._db)
            self._rows = Rows.of(self._db)
        except (sqlite3.Error, OSError) as error:
            raise DatasetError(f"{path}: cannot open the journal ({error}); {_remedy(error)}")

    def get(self, key: bytes) -> Reply | None:
        """The reply kept under a key, or None; one that cannot be read counts as absent."""
        return self.get_all([key]).get(key)

    def get_all(self, keys: Sequence[bytes]) -> dict[bytes, Reply]:
        """The replies kept under these keys; those that cannot be read count as absent."""
        found: dict[bytes, Reply] = {}
        try:
            for key, block in self._places.find(keys).items():
                _read(self._block(block).get(key, b""), key, found)
            if self._rows is not None and len(found) < len(keys):
                older = self._rows.find([key for key in keys if key not in found])
                for key, line in older.items():
                    _read(line, key, found)
        except sqlite3.Error as error:
            raise DatasetError(f"{self._path}: cannot read the journal ({error}); {_remedy(error)}")
        return found

    def _block(self, block: int) -> dict[bytes, bytes]:
        """The lines of a block by key."""
        known = self._open.pop(block, None)
        if known is None:
            read = self._db.execute("SELECT keys, replies FROM blocks WHERE id = ?", (block,))
            known = {}
            for keys, replies in read:
                known = dict(zip(split(keys), _lines(replies), strict=False))
        while len(self._open) >= OPEN_BLOCKS:
            del self._open[next(iter(self._open))]
        self._open[block] = known
        return known

    def spent(self, run: str) -> float:
        """What a run has paid for replies so far."""
        found = self._db.execute("SELECT amount FROM spent WHERE run = ?", (run,)).fetchone()
        return float(found[0]) if found else 0.0

    def put(self, replies: Iterable[tuple[bytes, Reply]], paid: float = 0.0, run: str = "") -> None:
        """Keeps replies, all or none of them, and what `run` paid for them."""
        blocks = list(_blocks(replies))
        try:
            with self._db:
                insert = "INSERT INTO blocks (keys, replies) VALUES (?, ?)"
                ids = [self._db.execute(insert, block).lastrowid for block in blocks]
                if paid:
                    self._db.execute(
                        "INSERT INTO spent VALUES (?, ?)"
                        " ON CONFLICT (run) DO UPDATE SET amount = amount + excluded.amount",
                        (run, paid),
                    )
            for (keys, _), block in zip(blocks, ids, strict=True):
                self._places.add(keys, block or 0)
            if self._places.is_full:
                self._places.index()
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
                begun = {
                    name for (name,) in self._db.execute("SELECT name FROM other.sqlite_master")
                }
                if begun:
                    self._places.index()
                    with self._db:
                        self._take(has_rows="replies" in begun, has_blocks="blocks" in begun)
            finally:
                self._db.execute("DETACH DATABASE other")
        except sqlite3.Error as error:
            raise DatasetError(f"{path}: cannot read the journal ({error}); {_remedy(error)}")

    def _take(self, *, has_rows: bool, has_blocks: bool) -> None:
        """Whatever holds something new; replies that are here already stay."""
        if has_rows:
            self._rows = self._rows or Rows(self._db)
            self._rows.take_over()
            if not has_blocks:
                return
        ids = self._db.execute("SELECT id FROM other.blocks ORDER BY id").fetchall()
        copied = (
            "INSERT INTO blocks (keys, replies) SELECT keys, replies FROM other.blocks WHERE id = ?"
        )
        for (number,) in ids:
            held = self._db.execute("SELECT keys FROM other.blocks WHERE id = ?", (number,))
            keys = split(held.fetchone()[0])
            known = self.get_all(keys)
            new = b"".join(key for key in keys if key not in known)
            if new:
                block = self._db.execute(copied, (number,)).lastrowid
                self._places.add_foreign(new, block or 0)

    def __len__(self) -> int:
        self._places.index()
        return len(self._places) + (len(self._rows) if self._rows else 0)

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


def _blocks(replies: Iterable[tuple[bytes, Reply]]) -> Iterator[tuple[bytes, bytes]]:
    """Joined keys and compressed text of one block after the other."""
    keys: list[bytes] = []
    lines: list[bytes] = []
    room = BLOCK_BYTES
    for key, reply in replies:
        tag = _TAGS[type(reply)]
        keys.append(key)
        # JSON text has no line break of its own.
        lines.append(b"%b %b" % (tag.encode(), _ADAPTERS[tag].serializer.to_json(reply)))
        room -= len(lines[-1])
        if room <= 0:
            yield b"".join(keys), zlib.compress(b"\n".join(lines), level=1)
            keys, lines, room = [], [], BLOCK_BYTES
    if keys:
        yield b"".join(keys), zlib.compress(b"\n".join(lines), level=1)


def _lines(packed: bytes) -> list[bytes]:
    try:
        return zlib.decompress(packed).split(b"\n")
    except zlib.error:
        return []


def _read(line: bytes, key: bytes, found: dict[bytes, Reply]) -> None:
    """Adds the reply of a line to what was found."""
    tag, _, content = line.partition(b" ")
    # Another version of this code may have written it: asking again is safe, guessing is not.
    with suppress(KeyError, ValidationError):
        found[key] = _ADAPTERS[tag.decode()].validate_json(content)


def _remedy(error: Exception) -> str:
    name = getattr(error, "sqlite_errorname", "")
    if name == "SQLITE_FULL":
        return "free disk space and run again with --resume"
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return "check the permissions of the output folder and its disk"
    if name in ("SQLITE_CORRUPT", "SQLITE_NOTADB"):
        return "move the file away and run again with --resume: what it held is asked again"
    return "check the output folder and its disk, then run again with --resume"
