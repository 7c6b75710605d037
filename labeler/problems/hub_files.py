"""The rows of a Hub data set's files (JSON, CSV, Parquet), as the files say them.

`datasets` gives a column one type, and so changes what stands in it: digits are lost, `007` becomes
7.0, `NA` becomes nothing. It is asked only which files a split has and how they are to be read;
they are read here. CSV is text, cell by cell; an empty cell says nothing.

Does not cover files of other kinds (`hub` reads those through `datasets`), or rows that options of
the data set's own card would change (`REFUSED`).
Source: huggingface.co/docs/datasets, "Data files configuration" and the loading parameters of its
builders; RFC 4180 (CSV).
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any

from labeler.errors import DataError
from labeler.problems.arrow import rows_of
from labeler.problems.written import Faulty, json_value

ROWS_PER_BATCH = 1000
READ_AHEAD = 4096
TOO_DEEP = "nested too deeply"
REFUSED = (
    "index_col", "usecols", "converters", "nrows", "na_values", "thousands", "comment", "dialect",
    "lineterminator",
)  # fmt: skip
"""Options of CSV that change or drop what stands in the file."""

Rows = Iterator[Any]
"""A row is a dict by column, or `Faulty`."""


def json_rows(file: Path, config: Any) -> Rows:
    """Objects of JSON lines, of one array, or of the key that the card's `field` names."""
    errors = config.encoding_errors or "strict"
    with file.open(encoding=_encoding(config), errors=errors, newline="\n") as lines:
        is_whole = config.field is not None or lines.read(READ_AHEAD).lstrip().startswith("[")
        lines.seek(0)
        content = _value(lines.read(), str(file)) if is_whole else None
        # An iterator, so that what is in memory is one line.
        for number, line in enumerate(() if is_whole else lines, start=1):
            if line.strip():
                yield _as_row(_value(line, f"{file}:{number}"))
    if config.field is not None:
        if not isinstance(content, dict) or config.field not in content:
            raise DataError(f"{file}: has no key {config.field!r}, which the card's `field` names")
        content = content[config.field]
    if isinstance(content, dict) and all(isinstance(one, list) for one in content.values()):
        yield from _transposed(content)
    elif isinstance(content, list):
        yield from map(_as_row, content)
    elif is_whole:
        raise DataError(f"{file}: holds no list of objects; write one object a line")


def _encoding(config: Any) -> str:
    """Some editors begin a file with a byte order mark, which is no part of its text."""
    stated = (config.encoding or "utf-8").lower()
    return "utf-8-sig" if stated in ("utf-8", "utf8") else str(stated)


def _value(text: str, place: str) -> Any:
    try:
        return json_value(text)
    except RecursionError as error:
        raise DataError(f"{place}: not JSON ({TOO_DEEP}); mend it") from error
    except ValueError as error:
        raise DataError(f"{place}: not JSON ({error}); mend it") from error


def _as_row(value: Any) -> Any:
    """Texts without a name are in the column `text`, as `datasets` has it."""
    return {"text": value} if isinstance(value, str) else value


def _transposed(columns: dict[str, list[Any]]) -> Rows:
    for row in zip_longest(*columns.values()):
        yield dict(zip(columns, row, strict=True))


def csv_rows(file: Path, config: Any) -> Rows:
    """Lines of a CSV file, each cell a text."""
    usual = type(config)()
    if changed := [name for name in REFUSED if getattr(config, name) != getattr(usual, name)]:
        raise DataError(
            f"{file}: the card sets {changed[0]!r}, which changes what the file says; "
            "make a file without it"
        )
    csv.field_size_limit(sys.maxsize)
    with file.open(encoding=_encoding(config), errors=config.encoding_errors, newline="") as lines:
        cells = csv.reader(
            lines,
            delimiter=config.sep,
            quotechar=config.quotechar,
            # Others would make numbers of texts.
            quoting=csv.QUOTE_NONE if config.quoting == csv.QUOTE_NONE else csv.QUOTE_MINIMAL,
            doublequote=config.doublequote,
            escapechar=config.escapechar,
            skipinitialspace=config.skipinitialspace,
            strict=True,
        )
        try:
            yield from _named(file, filter(None, islice(cells, config.skiprows or 0, None)), config)
        except csv.Error as error:
            raise DataError(f"{file}:{cells.line_num}: not CSV ({error}); mend it") from error


def _named(file: Path, cells: Iterator[list[str]], config: Any) -> Rows:
    names = config.names
    if config.header == 0 or (config.header == "infer" and names is None):
        names = names or next(cells, [])
    if names is None:
        raise DataError(f"{file}: its first line does not name its columns; set column_names")
    if twice := [name for name in names if names.count(name) > 1]:
        raise DataError(f"{file}: column {twice[0]!r} stands there twice; rename one of them")
    for row in cells:
        if len(row) != len(names):
            yield Faulty(f"the line has {len(row)} cells, not {len(names)}")
        else:
            yield {name: cell or None for name, cell in zip(names, row, strict=True)}


def parquet_rows(file: Path, config: Any) -> Rows:
    """Rows of a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if config.filters is not None:
        raise DataError(f"{file}: the card sets 'filters', which drops rows; make a file without")
    try:
        with pq.ParquetFile(file) as table:
            for batch in table.iter_batches(ROWS_PER_BATCH):
                yield from rows_of(batch)
    except pa.ArrowException as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{file}: cannot be read as Parquet ({reason})") from error


READERS: dict[str, Callable[[Path, Any], Rows]] = {
    "json": json_rows,
    "csv": csv_rows,
    "parquet": parquet_rows,
}
"""By the name of the builder that `datasets` would read such files with."""
