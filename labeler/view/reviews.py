"""What a person said of steps, kept in a small SQLite file from the key press on.

A line is appended for every label and never changed but for two marks: taken back (undo), or the
commit it went into. So nothing is lost by a crash, a full browser history can be undone one by one,
and the lines tell later how often people agreed with the labels. A review belongs to a prefix, not
to a version: it holds for every solution that passes through it.

Does not cover turning reviews into rows (`labeler.view.committing`).
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labeler.errors import DatasetError
from labeler.files import make_folder
from labeler.view.accuracy import Reviewed

SCHEMA = """
CREATE TABLE IF NOT EXISTS review (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    said_at REAL NOT NULL,
    action INTEGER NOT NULL,
    problem_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    solution_id TEXT NOT NULL,
    prefix_id TEXT NOT NULL,
    label INTEGER NOT NULL CHECK (label IN (-1, 0, 1)),
    note TEXT NOT NULL,
    reviewer TEXT NOT NULL,
    label_before INTEGER,
    probability_before REAL,
    taken_back INTEGER NOT NULL DEFAULT 0,
    batch TEXT,
    committed_in INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS review_pending ON review (committed_in, taken_back, problem_id);
"""

COLUMNS = "problem_id, run_id, solution_id, prefix_id, label, note, reviewer, label_before, " \
    "probability_before"  # fmt: skip
PENDING = "committed_in IS NULL AND taken_back = 0"


@dataclass(frozen=True, slots=True)
class Review:
    """A person's label of the last step of a prefix, given while looking at one solution.

    `label_before` and `probability_before` are what the rule had said of the step.
    """

    problem_id: str
    run_id: str
    solution_id: str
    prefix_id: str
    label: int
    note: str = ""
    reviewer: str = ""
    label_before: int | None = None
    probability_before: float | None = None


class Reviews:
    """The reviews of one dataset; safe to use from several threads and, slowly, processes."""

    def __init__(self, file: Path) -> None:
        make_folder(file.parent)
        self.file = file
        self._lock = threading.RLock()
        try:
            self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
            self._db.executescript(f"PRAGMA synchronous=FULL; {SCHEMA}")
        except sqlite3.Error as error:
            raise DatasetError(f"{file}: cannot be used ({error}); move it away") from error

    def close(self) -> None:
        self._db.close()

    def add(self, reviews: Iterable[Review]) -> None:
        """Keeps what was said with one key, durably; `undo` takes all of it back at once."""
        with self._lock:
            action = self._one("SELECT coalesce(max(action), 0) + 1 FROM review")
            lines = [
                (time.time(), action, *(getattr(r, c.strip()) for c in COLUMNS.split(",")))
                for r in reviews
            ]
            self._write(
                f"INSERT INTO review (said_at, action, {COLUMNS}) VALUES ({', '.join('?' * 11)})",
                lines,
            )

    def undo(self) -> Review | None:
        """Takes the latest pending key press back; one of its reviews, None if there was none."""
        with self._lock:
            action = self._one(f"SELECT max(action) FROM review WHERE {PENDING} AND batch IS NULL")
            if action is None:
                return None
            last = self._read("action = ? ORDER BY id", action)[0]
            self._write("UPDATE review SET taken_back = 1 WHERE action = ?", [(action,)])
            return last

    def pending(self, problem_id: str | None = None) -> list[Review]:
        """What waits for a commit, in the order it was said; of one problem if named."""
        if problem_id is None:
            return self._read(f"{PENDING} ORDER BY id")
        return self._read(f"{PENDING} AND problem_id = ? ORDER BY id", problem_id)

    def counts(self) -> tuple[int, int]:
        """How many steps wait for a commit, in how many solutions."""
        with self._lock:
            found: tuple[int, int] = self._db.execute(
                "SELECT count(DISTINCT prefix_id), count(DISTINCT run_id || solution_id) "
                f"FROM review WHERE {PENDING}"
            ).fetchone()
            return found

    def judged(self) -> list[Reviewed]:
        """The last word on every step ever reviewed, against the label it had before."""
        with self._lock:
            lines = self._db.execute(
                "SELECT label_before, probability_before, label, committed_in IS NULL FROM review "
                "WHERE id IN (SELECT max(id) FROM review WHERE taken_back = 0 GROUP BY prefix_id)"
            ).fetchall()
        return [Reviewed(before, p, before == label, bool(p_)) for before, p, label, p_ in lines]

    def begin(self, batch: str) -> tuple[str, list[Review]]:
        """Puts what is pending into a batch, or gives back the one that a crash interrupted."""
        with self._lock:
            interrupted = self._one(f"SELECT min(batch) FROM review WHERE {PENDING}")
            if interrupted is None:
                self._write(f"UPDATE review SET batch = ? WHERE {PENDING}", [(batch,)])
            name = interrupted or batch
            return name, self._read(f"{PENDING} AND batch = ? ORDER BY id", name)

    def committed(self, batch: str, version: int) -> None:
        """Marks a batch as part of a version."""
        self._write("UPDATE review SET committed_in = ? WHERE batch = ?", [(version, batch)])

    def release(self, batch: str) -> None:
        """Takes a batch apart again, where its commit failed for good."""
        self._write(f"UPDATE review SET batch = NULL WHERE {PENDING} AND batch = ?", [(batch,)])

    def _read(self, condition: str, *values: Any) -> list[Review]:
        with self._lock:
            lines = self._db.execute(f"SELECT {COLUMNS} FROM review WHERE {condition}", values)
            return [Review(*line) for line in lines.fetchall()]

    def _one(self, query: str) -> Any:
        return self._db.execute(query).fetchone()[0]

    def _write(self, statement: str, lines: list[tuple[Any, ...]]) -> None:
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                self._db.executemany(statement, lines)
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise DatasetError(f"{self.file}: cannot be written ({error})") from error
