"""Reads and writes problems whose columns are the fields of `Problem`, as JSON lines or Parquet.

Only `text` and one of `gold_answer` and `tests` must be there: `problem_id` is derived from the
text, `domain` is math, lists are empty. A text counts as a list of one. A column with another name
is an error, for it is likely a misspelt one.
Does not cover other column names (`hub` renames them). Source: `labeler.records.Problem`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

from labeler.errors import DataError
from labeler.problems.arrow import rows_of
from labeler.problems.base import content_revision, json_lines, parse_columns, problems
from labeler.records import Problem, Rejection, Source
from labeler.schema import arrow_schema, plain

ROWS_PER_BATCH = 1000


def read_plain(path: Path, source: Source | None = None) -> Iterator[Problem | Rejection]:
    """Problems of a `.jsonl` or `.parquet` file, lazily; their own `source` column wins."""
    records = _parquet_rows(path) if _is_parquet(path) else json_lines(path)
    known = source or Source(path.stem, content_revision(path) if path.is_file() else "")
    return problems(str(path), records, parse_columns, known)


def write_problems(path: Path, problems_to_write: Iterable[Problem]) -> int:
    """Writes `.jsonl` or `.parquet` by the file's ending; the number written.

    `read_plain` gives the same problems back. The file appears when it is complete.
    """
    write = _write_parquet if _is_parquet(path) else _write_json_lines
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        n_written = write(temporary, iter(problems_to_write))
        temporary.replace(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        temporary.unlink(missing_ok=True)
    return n_written


def _is_parquet(path: Path) -> bool:
    if path.suffix not in (".jsonl", ".parquet"):
        raise DataError(f"{path}: unknown ending {path.suffix!r}; use .jsonl or .parquet")
    return path.suffix == ".parquet"


def _parquet_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            batches = file.iter_batches(ROWS_PER_BATCH)
            records = chain.from_iterable(map(rows_of, batches))
            for number, record in enumerate(records, start=1):
                yield f"{path}:{number}", record
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path}: cannot be read as Parquet ({reason})") from error


def _write_json_lines(path: Path, rows: Iterator[Problem]) -> int:
    n_written = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for problem in rows:
            file.write(json.dumps(plain(problem), ensure_ascii=False) + "\n")
            n_written += 1
    return n_written


def _write_parquet(path: Path, rows: Iterator[Problem]) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    n_written, schema = 0, arrow_schema(Problem)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        while chunk := [plain(problem) for problem in islice(rows, ROWS_PER_BATCH)]:
            writer.write_batch(pa.RecordBatch.from_pylist(chunk, schema=schema))
            n_written += len(chunk)
    return n_written
