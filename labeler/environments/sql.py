"""SQL over tables of the run, by SQLite: one SELECT per call, read only, bounded.

Tables are files (CSV, JSONL, Parquet: types are those of the whole column), or one SQLite database.
A query may read and nothing else: whatever writes, attaches or sets is refused before it runs, and
so is chance. Its work is bounded in steps of SQLite's machine, not by the clock, so the same query
ends the same way everywhere; a result shows at most so many rows.
"""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import Field

from labeler.driver.requests import Act, Acted, Failed
from labeler.environments.base import MOST_CHARACTERS, Tool, observed, refused
from labeler.errors import ConfigError
from labeler.records import short_hash
from labeler.settings import Strict

RULES_VERSION = "1"
DESCRIPTION = "Runs one SELECT in SQLite's SQL and gives its rows."
MOST_STEPS = 50_000_000
"""Of SQLite's machine; some seconds."""
STEPS_AT_ONCE = 10_000
LONGEST_TEXT, LONGEST_QUERY = 1_000_000, 20_000
ALLOWED = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
)
BY_CHANCE = frozenset({"random", "randomblob", "load_extension"})
READERS = {".csv": "read_csv", ".jsonl": "read_ndjson", ".parquet": "read_parquet"}


class SqlArguments(Strict):
    """What the tool takes."""

    query: str = Field(description="One SELECT statement.")


class SqlTool:
    """Answers queries over `tables` (by name) or the tables of a `database`."""

    concurrency = 1

    def __init__(
        self,
        tables: Mapping[str, Path],
        database: Path | None = None,
        *,
        name: str = "sql",
        description: str = "",
        most_rows: int = 50,
        most_characters: int = MOST_CHARACTERS,
        most_steps: int = MOST_STEPS,
    ) -> None:
        self.name = name
        self._rows, self._most, self._steps = most_rows, most_characters, most_steps
        self.fingerprint = "sql-" + short_hash(
            RULES_VERSION, sqlite3.sqlite_version, *_content(tables, database),
            str(most_rows), str(most_characters), str(most_steps),
        )  # fmt: skip
        self._db, schema = _opened(tables, database)
        said = description or f"{DESCRIPTION} Tables: {schema}"
        self._tool = Tool(name, said, SqlArguments)
        self.tools: tuple[Mapping[str, Any], ...] = (self._tool.declared,)

    async def act(self, batch: Sequence[Act]) -> list[Acted | Failed]:
        return await asyncio.to_thread(lambda: [self._acted(one) for one in batch])

    async def ready(self) -> None:
        """Always is."""

    async def aclose(self) -> None:
        self._db.close()

    def _acted(self, request: Act) -> Acted:
        given = self._tool.read(request.call, SqlArguments)
        return given if isinstance(given, Acted) else self._queried(given.query)

    def _queried(self, query: str) -> Acted:
        left = [self._steps // STEPS_AT_ONCE]

        def worked() -> int:
            left[0] -= 1
            return left[0] < 0

        self._db.set_progress_handler(worked, STEPS_AT_ONCE)
        try:
            cursor = self._db.execute(query)
            rows = cursor.fetchmany(self._rows + 1)
            if cursor.description is None:
                return refused("this is no SELECT", "query")
            names = [column[0] for column in cursor.description]
            cursor.close()
        except sqlite3.OperationalError as error:
            if left[0] < 0:
                return refused("the query takes too much work", "time-out")
            return refused(str(error), "query")
        except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError, MemoryError) as error:
            return refused(str(error), "query")
        lines = [" | ".join(map(_cell, row)) for row in [names, *rows[: self._rows]]]
        if not rows:
            lines.append("(no rows)")
        if len(rows) > self._rows:
            lines.append(f"(more than {self._rows} rows; the others left out)")
        return observed("\n".join(lines), self._most)


def _cell(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"({len(value):,} bytes)"
    return " ".join(str(value).split())


def _opened(tables: Mapping[str, Path], database: Path | None) -> tuple[sqlite3.Connection, str]:
    """Read only from here on, and its tables with their columns. Raises `ConfigError`."""
    try:
        if database is not None:
            place = f"file:{quote(str(database))}?mode=ro&immutable=1"
            db = sqlite3.connect(place, uri=True, check_same_thread=False)
        else:
            db = sqlite3.connect(":memory:", check_same_thread=False)
            for name, path in tables.items():
                _load(db, name, path)
            db.commit()
        schema = _schema(db)
    except sqlite3.Error as error:
        where = database or ", ".join(tables)
        raise ConfigError(f"environments: {where}: SQLite cannot read it ({error})")
    db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_TEXT)
    db.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, LONGEST_QUERY)
    db.set_authorizer(_allowed)
    return db, schema


def _allowed(action: int, _one: str | None, function: str | None, *_: str | None) -> int:
    by_chance = action == sqlite3.SQLITE_FUNCTION and (function or "").lower() in BY_CHANCE
    return sqlite3.SQLITE_OK if action in ALLOWED and not by_chance else sqlite3.SQLITE_DENY


def _load(db: sqlite3.Connection, name: str, path: Path) -> None:
    import polars as pl
    import polars.selectors as cs

    reader = READERS.get(path.suffix)
    if reader is None:
        raise ConfigError(f"environments: {path}: a table is {', '.join(READERS)}")
    whole = {} if reader == "read_parquet" else {"infer_schema_length": None}
    try:
        frame: pl.DataFrame = getattr(pl, reader)(path, **whole)
    except (OSError, pl.exceptions.PolarsError) as error:
        why = str(error).partition("\n")[0]
        raise ConfigError(f"environments: {path}: cannot read the table ({why}); mend the file")
    columns = ", ".join(f"{_quoted(one)} {_type(kind)}" for one, kind in frame.schema.items())
    db.execute(f"CREATE TABLE {_quoted(name)} ({columns})")
    places = ", ".join("?" * frame.width)
    plain = frame.with_columns(cs.temporal().cast(pl.String), cs.decimal().cast(pl.Float64))
    db.executemany(f"INSERT INTO {_quoted(name)} VALUES ({places})", plain.iter_rows())


def _type(kind: Any) -> str:
    if kind.is_integer():
        return "INTEGER"
    return "REAL" if kind.is_numeric() else "TEXT"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _schema(db: sqlite3.Connection) -> str:
    """The tables with their columns, in one line."""
    names = [row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    columns = {n: db.execute(f"PRAGMA table_info({_quoted(n)})").fetchall() for n in names}
    return "; ".join(f"{n}({', '.join(c[1] for c in columns[n])})" for n in names)


def _content(tables: Mapping[str, Path], database: Path | None) -> list[str]:
    """What the tables are, by their bytes."""
    files = {"": database} if database is not None else dict(tables)
    found = []
    for name, path in files.items():
        try:
            with path.open("rb") as file:
                found += [name, hashlib.file_digest(file, "sha256").hexdigest()]
        except OSError as error:
            raise ConfigError(f"environments: {path}: cannot be read ({error.strerror})")
    return found
