"""Problems of a place that grows: a folder of files, or a Delta table with `Problem`'s columns.

Files are read in the order of their names, `.jsonl` and `.parquet`, those in subfolders too; hidden
ones (a name that begins with a dot or an underscore: half-written, or bookkeeping) are passed over.
The same problem_id in two files is a rejection, as it is within one.
An empty folder gives no problem and no error. Source: Delta transaction log protocol, for tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from labeler.errors import DataError
from labeler.files import not_for_delta, shown
from labeler.problems.arrow import rows_of
from labeler.problems.base import parse_columns, problems, reject
from labeler.records import Problem, Rejection, Source
from labeler.scratch import first_seen

ENDINGS = (".jsonl", ".parquet")
Records = Iterable[Problem | Rejection]


def read_place(path: Path, read_file: Callable[[Path], Records]) -> Iterator[Problem | Rejection]:
    """Problems of a file, of all files of a folder, or of a Delta table, lazily."""
    if (path / "_delta_log").is_dir():
        yield from _read_table(path)
    elif path.is_dir():
        yield from _read_folder(path, read_file)
    else:
        yield from read_file(path)


def _read_folder(
    folder: Path, read_file: Callable[[Path], Records]
) -> Iterator[Problem | Rejection]:
    with first_seen() as locations:
        for file in sorted(folder.rglob("*")):
            hidden = _hidden(file.relative_to(folder))
            if file.suffix not in ENDINGS or not file.is_file() or hidden:
                continue
            for record in read_file(file):
                if isinstance(record, Problem):
                    first = locations.setdefault(record.problem_id, str(file))
                    if first != str(file):
                        reason = f"problem_id {record.problem_id} is already used in {first}"
                        yield reject(str(file), reason)
                        continue
                yield record


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
