"""What a watched source holds now; a folder is not read again for what it held before.

A folder grows by files. What was made of them (problems, what was rejected, and what later problems
are compared with) stays in a database beside the dataset, `OUT/_work/source-<name>.sqlite`, so that
a look costs what is new. It is what reading everything gives, for files are read in the order of
their names: it holds good while the files that it was made of are the first of those that are
there, each as large as it was and not touched since (size, time of writing, time of change); else
all is read anew. Files that are still being written are never kept. It may be deleted at any time.

Does not cover sources that are no files, or that a limit cuts short: they are read whole, as a file
is in which something changed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from labeler.dataset.ledger import content_sha
from labeler.problems.base import HALF_WRITTEN, patiently
from labeler.problems.curation import KEPT_TABLES, kept_earlier
from labeler.problems.folder import Records, State, files_in, read_in_folder, settled, state_of
from labeler.records import Problem, Rejection
from labeler.schema import from_plain, plain
from labeler.scratch import OnDiskFirstSeen, first_seen_table

TABLES = f"""
CREATE TABLE files (number INTEGER PRIMARY KEY, file TEXT);
CREATE TABLE found (number INTEGER PRIMARY KEY, sha TEXT, problem_id TEXT);
CREATE TABLE contents (number INTEGER PRIMARY KEY, content TEXT);
CREATE INDEX found_by_sha ON found (sha);
CREATE TABLE rejected (number INTEGER PRIMARY KEY, content TEXT);
{first_seen_table("locations")}
{KEPT_TABLES}
"""
"""Of a database of `read_on`. A file is JSON of its path and state; contents are JSON."""

PROBLEMS = """
SELECT sha, content FROM found JOIN contents USING (number)
WHERE sha IN (SELECT value FROM json_each(?)) ORDER BY number
"""


@dataclass(frozen=True, slots=True)
class Held:
    """What a source holds: `ids` has the problem_id of each content, in the order of the source,
    and `problems` gives those of some contents.
    """

    ids: Mapping[str, str]
    rejections: tuple[Rejection, ...]
    problems: Callable[[Iterable[str]], list[Problem]]


def held_of(problems: Iterable[Problem], rejections: Iterable[Rejection]) -> Held:
    """Of problems that were read whole."""
    by_sha = {content_sha(problem): problem for problem in problems}
    ids = {sha: problem.problem_id for sha, problem in by_sha.items()}
    return Held(ids, tuple(rejections), lambda shas: [by_sha[sha] for sha in shas])


@contextmanager
def read_on(
    database: sqlite3.Connection,
    place: Path,
    read_file: Callable[[Path], Records],
    *,
    drop_duplicates: bool,
) -> Iterator[Held]:
    """Reads what a database with `TABLES`, in a transaction, does not hold of a file or folder."""
    files = list(files_in(place)) if place.is_dir() else [place]
    n_held = _still_held(database, files)
    locations, earlier = OnDiskFirstSeen(database, "locations"), kept_earlier(database)
    keeps = True
    for file in files[n_held:]:
        if keeps:
            database.execute("SAVEPOINT file")
        state = settled(file)
        records = (
            read_in_folder(file, state, read_file, locations)
            if place.is_dir()
            else patiently(read_file(file))
        )
        is_whole = _take(database, earlier.curate(records) if drop_duplicates else records)
        keeps = keeps and is_whole and state_of(file) == state
        if keeps:
            database.execute("INSERT INTO files (file) VALUES (?)", (_named(file, state),))
            database.execute("RELEASE file")
    yield _held(database)
    if not keeps:
        database.execute("ROLLBACK TO file")


def _still_held(database: sqlite3.Connection, files: Sequence[Path]) -> int:
    """How many of the files are held, as they are; where one is not, none is from now on."""
    held = [name for [name] in database.execute("SELECT file FROM files ORDER BY number")]
    if held == [_named(file, state_of(file)) for file in files[: len(held)]]:
        return len(held)
    tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for [table] in tables:
        if f"CREATE TABLE {table} " in TABLES:
            database.execute(f"DELETE FROM {table}")
    return 0


def _named(file: Path, state: State) -> str:
    return json.dumps([str(file), *state])


def _take(database: sqlite3.Connection, records: Records) -> bool:
    """Puts records into the tables; whether they are all that their file will have."""
    is_whole = True
    for record in records:
        if isinstance(record, Problem):
            row = (content_sha(record), record.problem_id)
            database.execute("INSERT INTO found (sha, problem_id) VALUES (?, ?)", row)
            content = json.dumps(plain(record))
            database.execute("INSERT INTO contents (content) VALUES (?)", (content,))
        else:
            is_whole = is_whole and record.stage != HALF_WRITTEN
            content = json.dumps(asdict(record))
            database.execute("INSERT INTO rejected (content) VALUES (?)", (content,))
    return is_whole


def _held(database: sqlite3.Connection) -> Held:
    def problems(shas: Iterable[str]) -> list[Problem]:
        wanted = list(shas)
        # The last of equal contents has their name.
        found = dict(database.execute(PROBLEMS, (json.dumps(wanted),)))
        return [from_plain(Problem, json.loads(found[sha])) for sha in wanted]

    ids = dict(database.execute("SELECT sha, problem_id FROM found ORDER BY number"))
    rejected = database.execute("SELECT content FROM rejected ORDER BY number")
    rejections = tuple(Rejection(**json.loads(content)) for [content] in rejected)
    return Held(ids, rejections, problems)
