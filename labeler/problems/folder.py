"""Problems of a place that grows: a folder of files, or a Delta table with `Problem`'s columns.

Files are read in the order of their names, `.jsonl` and `.parquet`, those in subfolders too; hidden
ones (a name that begins with a dot or an underscore: half-written, or bookkeeping) are passed over.
The same problem_id in two files is a rejection, as it is within one.
An empty folder gives no problem and no error. Somebody may be writing: a file is read when it has
been left alone for `SETTLED_S`; a broken line, or a file that is none at all, is a rejection with
its reason, and the others are read. Source: Delta transaction log protocol, for tables.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from labeler.errors import DataError
from labeler.files import not_for_delta, shown
from labeler.problems.arrow import rows_of
from labeler.problems.base import HALF_WRITTEN, parse_columns, patiently, problems, reject
from labeler.records import Problem, Rejection, Source
from labeler.scratch import OnDiskFirstSeen, first_seen

ENDINGS = (".jsonl", ".parquet")
SETTLED_S = 1.0
PATIENCE_S = 10.0
"""Who writes for longer than that is read up to where he is; the rest comes with the next run."""

Records = Iterable[Problem | Rejection]
State = tuple[int, int, int]
"""Size in bytes, when it was written and when anything of it changed, in nanoseconds."""


def read_place(path: Path, read_file: Callable[[Path], Records]) -> Iterator[Problem | Rejection]:
    """Problems of a file, of all files of a folder, or of a Delta table, lazily."""
    if (path / "_delta_log").is_dir():
        yield from _read_table(path)
    elif path.is_dir():
        yield from _read_folder(path, read_file)
    else:
        yield from read_file(path)


def files_in(folder: Path) -> Iterator[Path]:
    """The files of a folder that are read, in the order of their names."""
    for file in sorted(folder.rglob("*")):
        if file.suffix in ENDINGS and file.is_file() and not _hidden(file.relative_to(folder)):
            yield file


def _read_folder(
    folder: Path, read_file: Callable[[Path], Records]
) -> Iterator[Problem | Rejection]:
    with first_seen() as locations:
        for file in files_in(folder):
            yield from read_in_folder(file, settled(file), read_file, locations)


def read_in_folder(
    file: Path,
    state: State,
    read_file: Callable[[Path], Records],
    locations: OnDiskFirstSeen,
) -> Iterator[Problem | Rejection]:
    """The records of a file that was `settled`; `locations` has the files of ids before."""
    for record in _read_as(file, state, read_file):
        if isinstance(record, Problem):
            first = locations.setdefault(record.problem_id, str(file))
            if first != str(file):
                reason = f"problem_id {record.problem_id} is already used in {first}"
                yield reject(str(file), reason)
                continue
        yield record


def _read_as(
    file: Path, state: State, read_file: Callable[[Path], Records]
) -> Iterator[Problem | Rejection]:
    """A file's records; what makes all of it unusable is a rejection, and so is its changing."""
    try:
        yield from patiently(read_file(file))
    except DataError as error:
        # Parquet has its table of contents at its end: without it nobody knows what is missing.
        stage = HALF_WRITTEN if file.suffix == ".parquet" else "read"
        yield reject(str(file), str(error).removeprefix(f"{file}: "), stage)
    if state_of(file) != state:
        yield reject(str(file), "changed while it was read", HALF_WRITTEN)


def settled(file: Path) -> State:
    """The state of a file that has been left alone for a while, or that was waited for in vain."""
    deadline = time.monotonic() + PATIENCE_S
    state, since = state_of(file), time.monotonic()
    if time.time_ns() - state[1] > SETTLED_S * 1e9:
        return state
    while time.monotonic() < deadline and time.monotonic() - since < SETTLED_S:
        time.sleep(SETTLED_S / 10)
        if (now := state_of(file)) != state:
            state, since = now, time.monotonic()
    return state


def state_of(file: Path) -> State:
    """The state of a file as it is; zeros for one that is gone."""
    try:
        found = file.stat()
    except OSError:
        return 0, 0, 0
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _hidden(path: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.parts)


def _read_table(path: Path) -> Iterator[Problem | Rejection]:
    import pyarrow as pa
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    if (wrong := not_for_delta(path)) is not None:
        raise DataError(f"{shown(path)}: cannot be read, because of {wrong}; move it")
    try:
        table = DeltaTable(str(path))
        batches = table.to_pyarrow_dataset().to_batches()
        rows = (row for batch in batches for row in rows_of(batch))
        records = ((f"{path}:{number}", row) for number, row in enumerate(rows, start=1))
        source = Source(path.name, f"delta:{table.version()}")
        yield from problems(str(path), records, parse_columns, source)
    except (DeltaError, pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path}: cannot be read as a Delta table ({reason})") from error
