"""What was asked in which batch, on disk before it is sent: a killed run asks nothing twice.

    FOLDER/ledger.sqlite       batches and the requests in them
    FOLDER/<name>.requests     a batch's lines, from before it is sent until it has ended
    FOLDER/<name>.results      what came back, while the run lasts

A batch goes through `written` (its lines are on disk; it may have been sent or not), `sent` (the
server's id is known), `ended` (its results are on disk). A request belongs to one batch at a time;
one that its batch left unanswered belongs to none.
Does not cover what servers know (`collector` asks them about a batch that is only `written`).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from labeler.errors import DatasetError
from labeler.files import make_folder, whole_file
from labeler.samplers.batches.lines import Line, Result, result_of

WRITTEN, SENT, ENDED = "written", "sent", "ended"


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of ours by its `name`; `id` is the server's, "" while it is not known."""

    name: str
    endpoint: str
    state: str
    id: str
    created: float


class Ledger:
    """The batches of one run. One process at a time writes it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._places: dict[str, dict[str, int]] = {}
        try:
            make_folder(folder)
            self._db = sqlite3.connect(folder / "ledger.sqlite", check_same_thread=False)
            self._db.execute("PRAGMA journal_mode=WAL")
            with self._db:
                self._db.execute(
                    "CREATE TABLE IF NOT EXISTS batches (name TEXT PRIMARY KEY, endpoint TEXT, "
                    "state TEXT NOT NULL, id TEXT NOT NULL, created REAL NOT NULL)"
                )
                self._db.execute(
                    "CREATE TABLE IF NOT EXISTS asked"
                    " (key TEXT PRIMARY KEY, name TEXT NOT NULL, tries INTEGER NOT NULL)"
                )
                # Another run may have more luck.
                self._db.execute("UPDATE asked SET tries = 0 WHERE name = ''")
        except (sqlite3.Error, OSError) as error:
            raise DatasetError(f"{folder}: cannot keep what was asked in batches ({error})")

    def batch_of(self, key: str) -> Batch | None:
        """The batch that a request is in, None if it is in none."""
        found = self._db.execute(
            "SELECT b.name, endpoint, state, id, created FROM batches b JOIN asked a"
            " ON a.name = b.name WHERE key = ?",
            (key,),
        ).fetchone()
        return Batch(*found) if found else None

    def tries(self, key: str) -> int:
        """In how many batches a request was."""
        found = self._db.execute("SELECT tries FROM asked WHERE key = ?", (key,)).fetchone()
        return int(found[0]) if found else 0

    def write(self, batch: Batch, lines: Sequence[Line]) -> None:
        """Notes a batch that is about to be sent, and its lines."""
        with whole_file(self._file(batch.name, "requests")) as file:
            file.writelines(f"{line.text}\n".encode() for line in lines)
        with self._db:
            self._db.execute(
                "INSERT INTO batches VALUES (?, ?, ?, ?, ?)",
                (batch.name, batch.endpoint, batch.state, batch.id, batch.created),
            )
            self._db.executemany(
                "INSERT INTO asked VALUES (?, ?, 1)"
                " ON CONFLICT (key) DO UPDATE SET name = excluded.name, tries = tries + 1",
                [(line.key, batch.name) for line in lines],
            )

    def requests(self, batch: Batch) -> bytes:
        """The content of its file."""
        return self._file(batch.name, "requests").read_bytes()

    def keys(self, batch: Batch) -> list[str]:
        """The requests in a batch, in the order of its lines."""
        lines = self.requests(batch).splitlines()
        return [json.loads(line)["custom_id"] for line in lines]

    def sent(self, batch: Batch, server_id: str) -> None:
        """Notes the server's id of a batch."""
        with self._db:
            self._db.execute(
                "UPDATE batches SET state = ?, id = ? WHERE name = ?", (SENT, server_id, batch.name)
            )

    def end(self, batch: Batch, results: bytes, unanswered: Iterable[str]) -> None:
        """Keeps the results of a batch; what it left unanswered is in no batch any more."""
        with whole_file(self._file(batch.name, "results")) as file:
            file.write(results)
        with self._db:
            self._db.execute("UPDATE batches SET state = ? WHERE name = ?", (ENDED, batch.name))
            self._db.executemany(
                "UPDATE asked SET name = '' WHERE key = ? AND name = ?",
                [(key, batch.name) for key in unanswered],
            )
        self._file(batch.name, "requests").unlink(missing_ok=True)

    def result(self, batch: Batch, key: str) -> Result | None:
        """What an ended batch says of a request; None where that cannot be read any more."""
        places = self._places.get(batch.name)
        path = self._file(batch.name, "results")
        try:
            if places is None:
                places = self._places[batch.name] = _places(path)
            if key not in places:
                return None
            with path.open("rb") as file:
                file.seek(places[key])
                return result_of(file.readline().decode("utf-8", "replace"))
        except OSError:
            return None

    def free(self, key: str) -> None:
        """Takes a request out of its batch: it is to be asked again."""
        with self._db:
            self._db.execute("UPDATE asked SET name = '' WHERE key = ?", (key,))

    def forget(self, key: str) -> None:
        """As if a request had not been in its last batch, which was never begun."""
        with self._db:
            self._db.execute("UPDATE asked SET tries = max(0, tries - 1) WHERE key = ?", (key,))

    def close(self) -> None:
        self._db.close()

    def _file(self, name: str, kind: str) -> Path:
        return self._folder / f"{name}.{kind}"


def _places(path: Path) -> dict[str, int]:
    """Where the line of each request begins."""
    places, at = {}, 0
    with path.open("rb") as file:
        for line in file:
            found = result_of(line.decode("utf-8", "replace"))
            if found is not None:
                places[found.key] = at
            at += len(line)
    return places
