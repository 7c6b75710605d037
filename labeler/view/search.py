"""Full-text search over problems and solutions, built in the background, file by file.

SQLite's FTS5 without a copy of the text; a dataset's files never change, so versions share what is
indexed. Rows that are not indexed yet are not found, and the page says how many are. Every word of
a query must occur, or begin a word; words in double quotes must follow each other.

Does not cover substrings inside words or regular expressions. Source: sqlite.org/fts5.html,
contentless tables.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from labeler.errors import DatasetError
from labeler.files import make_folder

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA = """
CREATE TABLE IF NOT EXISTS file (id INTEGER PRIMARY KEY, name TEXT UNIQUE, n_done INTEGER);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(text, content='');
"""
COLUMNS = ["text", "steps.list.element.text"]
ROWS_AT_ONCE = 1000
MOST_HITS = 20_000
MOST_OF_QUERY, MOST_PIECES = 1000, 50
"""Characters and pieces of a query that are looked for; a person types fewer."""

SHIFT = 40
"""A document's number is its file's number, shifted, plus its row in the file."""


class Search:
    """The words of a dataset's files; `files` maps the name of each to its path."""

    def __init__(self, database: Path) -> None:
        make_folder(database.parent)
        self.database = database
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        with self._open() as db:
            db.executescript(f"PRAGMA journal_mode=WAL; {SCHEMA}")

    def start(self, files: Mapping[str, Path]) -> None:
        """Indexes what is not indexed yet, in a thread of its own."""
        self.stop()
        self._stop.clear()
        self._thread = threading.Thread(target=self.index, args=(files,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the indexing within one batch; what is done stays."""
        self._stop.set()
        self.wait()

    def wait(self) -> None:
        """Until everything is indexed."""
        if self._thread is not None:
            self._thread.join()

    def index(self, files: Mapping[str, Path]) -> None:
        """Adds the words of files, a batch per transaction, from where it stopped."""
        with self._open() as db:
            for name, path in files.items():
                db.execute("INSERT OR IGNORE INTO file (name, n_done) VALUES (?, 0)", (name,))
                number, done = db.execute(
                    "SELECT id, n_done FROM file WHERE name = ?", (name,)
                ).fetchone()
                for first, batch in _batches(path, done):
                    if self._stop.is_set():
                        return
                    _add(db, number, first, batch)

    def find(self, query: str, names: Sequence[str]) -> list[tuple[int, int]]:
        """Hits as (place in `names`, row in that file), at most `MOST_HITS` of all files."""
        words = query[:MOST_OF_QUERY].replace("\0", " ")
        pieces = [a or b for a, b in re.findall(r'"([^"]*)"|([^\s"]+)', words)][:MOST_PIECES]
        match = " ".join(f'"{piece}"*' for piece in pieces if re.search(r"\w", piece))
        if not match:
            return []
        file_numbers = {name: number for number, name in enumerate(names)}
        with self._open() as db:
            known = dict(db.execute("SELECT id, name FROM file"))
            found = db.execute(
                "SELECT rowid FROM words WHERE words MATCH ? LIMIT ?", (match, MOST_HITS)
            ).fetchall()
        hits = ((known[number >> SHIFT], number & (1 << SHIFT) - 1) for (number,) in found)
        return [(file_numbers[name], row) for name, row in hits if name in file_numbers]

    def n_done(self, names: Sequence[str]) -> int:
        """How many rows of these files are indexed."""
        with self._open() as db:
            done = dict(db.execute("SELECT name, n_done FROM file"))
        return sum(done.get(name, 0) for name in names)

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection of its own for every use: SQLite's are not shared between threads."""
        try:
            with contextlib.closing(
                sqlite3.connect(self.database, timeout=30, isolation_level=None)
            ) as db:
                yield db
        except sqlite3.Error as error:
            raise DatasetError(f"{self.database}: cannot be used ({error}); delete it") from error


def _batches(path: Path, done: int) -> Iterator[tuple[int, pa.RecordBatch]]:
    """What is left of a file after `done` rows, with the number of each batch's first row."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as parquet:
        if done == parquet.metadata.num_rows:
            return
        first = 0
        for batch in parquet.iter_batches(ROWS_AT_ONCE, columns=COLUMNS):
            if first >= done:
                yield first, batch
            first += batch.num_rows


def _add(db: sqlite3.Connection, number: int, first: int, batch: pa.RecordBatch) -> None:
    import polars as pl

    steps = pl.col("steps").list.eval(pl.element().struct.field("text")).list.join("")
    texts = pl.DataFrame(pl.from_arrow(batch)).select(pl.concat_str("text", steps, separator="\n"))
    start = (number << SHIFT) + first
    db.execute("BEGIN IMMEDIATE")
    db.executemany(
        "INSERT INTO words (rowid, text) VALUES (?, ?)",
        ((start + row, text) for row, text in enumerate(texts.to_series())),
    )
    db.execute("UPDATE file SET n_done = ? WHERE id = ?", (first + batch.num_rows, number))
    db.execute("COMMIT")
