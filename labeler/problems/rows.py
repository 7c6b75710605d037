"""The records of a place, whatever kind it is: JSON, JSON lines, Parquet, CSV, a data set of the
Hugging Face Hub or a local folder of one.

A JSON file may be one array, one record or several, one after another over many lines, or an object
whose values hold records (MR-Ben: from a question to its solutions). In CSV labels that print a
number, a truth value or a list are one; nothing else is guessed. `columns` says which column holds
which field; "a.b" looks inside a column.

Does not cover what records mean (`forms`), or how texts of numbers are kept (`written`).
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labeler.errors import DataError
from labeler.problems.arrow import rows_of
from labeler.problems.base import TOO_DEEP, content_revision, json_lines
from labeler.problems.forms.base import listed
from labeler.problems.hub import hub_rows
from labeler.problems.hub_files import ROWS_PER_BATCH, csv_rows
from labeler.problems.written import json_values
from labeler.records import Source

Located = Iterator[tuple[str, Any]]
"""Records with their places."""

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
ENDINGS = (".json", ".jsonl", ".ndjson", ".parquet", ".csv", ".tsv")
KINDS = "write .jsonl, .json, .parquet, .csv or .tsv, or a data set's id on the Hub (owner/name)"


@dataclass(frozen=True, slots=True)
class Place:
    """Where records are. `split`, `subset` and `revision` are of data sets of the Hub."""

    path: str
    split: str = "train"
    subset: str | None = None
    revision: str | None = None

    @property
    def is_dataset(self) -> bool:
        """Whether it is a data set (on the Hub, or a folder of one) rather than a file."""
        path = Path(self.path)
        if path.exists():
            return path.is_dir()
        return bool(HUB_ID.fullmatch(self.path)) and path.suffix.lower() not in ENDINGS


@dataclass(frozen=True, slots=True)
class CellsOfCsv:
    """How a CSV file is read where no card of a data set says otherwise (RFC 4180)."""

    sep: str = ","
    quotechar: str = '"'
    quoting: int = 0
    doublequote: bool = True
    escapechar: str | None = None
    skipinitialspace: bool = False
    skiprows: int | None = None
    header: str = "infer"
    names: list[str] | None = None
    encoding: str | None = None
    encoding_errors: str = "strict"
    index_col: None = None
    usecols: None = None
    converters: None = None
    nrows: None = None
    na_values: None = None
    thousands: None = None
    comment: None = None
    dialect: None = None
    lineterminator: None = None


def located_records(place: Place) -> tuple[Source, Located]:
    """The records of a place in their order, and where they come from. Raises `DataError`."""
    if place.is_dataset:
        rows, known = hub_rows(place.path, place.split, place.subset, place.revision)
        name = Path(place.path).name if Path(place.path).is_dir() else place.path
        records = ((f"{place.path}:{n}", row) for n, row in enumerate(rows(), start=1))
        return Source(name, known, place.split), records
    path = Path(place.path)
    source = Source(path.stem, content_revision(path) if path.is_file() else "")
    return source, _READERS.get(path.suffix.lower(), _json)(path)


def renamed(record: Any, columns: Mapping[str, str]) -> Any:
    """The record with fields under their own names; the other columns stay as they are."""
    if not columns or not isinstance(record, Mapping):
        return record
    used = set(columns.values())
    kept = {k: v for k, v in record.items() if k not in used and k not in columns}
    found = {field: _inside(record, column) for field, column in columns.items()}
    whole = {**kept, **{field: value for field, value in found.items() if value is not None}}
    return Cells(whole) if isinstance(record, Cells) else whole


def _inside(record: Mapping[str, Any], column: str) -> Any:
    if column in record or "." not in column:
        return record.get(column)
    first, rest = column.split(".", 1)
    held = record.get(first)
    return _inside(held, rest) if isinstance(held, Mapping) else None


def _json(path: Path) -> Located:
    """JSON lines, the elements of an array, whole records, or the records that an object holds."""
    try:
        with path.open("rb") as file:
            begin = file.read(4096).removeprefix(codecs.BOM_UTF8).lstrip()
        # An object that is not closed on its first line is no line of JSON.
        whole = begin.startswith(b"[") or (
            path.suffix.lower() == ".json" and begin.startswith(b"{") and not _is_lines(path)
        )
        text = path.read_bytes().decode("utf-8-sig").strip() if whole else ""
        values = json_values(text)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); {KINDS}") from error
    except RecursionError as error:
        raise DataError(f"{path}: not JSON ({TOO_DEEP}); mend the file") from error
    except ValueError as error:
        raise DataError(f"{path}: not JSON ({error}); mend the file") from error
    if not whole:
        yield from json_lines(path)
    elif len(values) == 1 and isinstance(values[0], list):
        yield from ((f"{path}[{i}]", record) for i, record in enumerate(values[0]))
    elif len(values) == 1:
        yield from _held(str(path), values[0])
    else:
        yield from ((f"{path}, object {n}", record) for n, record in enumerate(values, start=1))


def _is_lines(path: Path) -> bool:
    """Whether each line is an object of its own; one that holds others is read as a whole."""
    with path.open("rb") as file:
        first = next((line for line in file if line.strip(b"\xef\xbb\xbf \t\r\n")), b"")
        more = any(line.strip() for line in file)
    try:
        value = json.loads(first.removeprefix(codecs.BOM_UTF8))
    except (ValueError, RecursionError):
        return False
    return more or not _holds_records(value)


def _holds_records(value: Any) -> bool:
    """Whether an object's values are all lists of objects, which no record's are."""
    return (
        isinstance(value, dict)
        and bool(value)
        and all(
            isinstance(one, list) and one and all(isinstance(each, dict) for each in one)
            for one in value.values()
        )
    )


def _held(path: str, content: Any) -> Located:
    if not _holds_records(content):
        yield path, content
        return
    for key, records in content.items():
        yield from ((f"{path}[{key}][{i}]", record) for i, record in enumerate(records))


def _parquet(path: Path) -> Located:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            number = 0
            for batch in file.iter_batches(ROWS_PER_BATCH):
                for row in rows_of(batch):
                    number += 1
                    yield f"{path}:{number}", row
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path}: cannot be read as Parquet ({reason})") from error


def _cells(sep: str) -> Callable[[Path], Located]:
    def read(path: Path) -> Located:
        try:
            for number, row in enumerate(csv_rows(path, CellsOfCsv(sep)), start=1):
                yield f"{path}, record {number}", Cells(row) if isinstance(row, dict) else row
        except OSError as error:
            raise DataError(f"{path}: cannot be read ({error.strerror})") from error
        except UnicodeDecodeError as error:
            raise DataError(f"{path}: not UTF-8 ({error.reason}); save it as UTF-8") from error

    return read


class Cells(dict[str, Any]):
    """A row of CSV, whose cells are texts (an empty one says nothing)."""


NUMBERS, TRUTHS = ("label", "first_error"), ("final_answer_correct",)
LISTS = ("labels", "ratings", "notes", "tests", "context", "reference_solution")
NUMBER = re.compile(r"\s*[-+]?\d{1,9}(?:\.0)?\s*")


def typed(record: Any) -> Any:
    """A row of CSV whose numbers, truth values and lists are no texts; any other as it is.

    Only fields that hold nothing else are looked at: a problem may be a list of numbers.
    """
    if not isinstance(record, Cells):
        return record
    found = dict(record)
    for name, text in record.items():
        if not isinstance(text, str):
            continue
        if name in NUMBERS and NUMBER.fullmatch(text):
            found[name] = int(float(text))
        elif name in TRUTHS:
            found[name] = {"true": True, "false": False}.get(text.strip().lower(), text)
        elif name in LISTS and text.lstrip().startswith("["):
            found[name] = listed(record, name)
    return found


_READERS: dict[str, Callable[[Path], Located]] = {
    ".parquet": _parquet,
    ".csv": _cells(","),
    ".tsv": _cells("\t"),
}
"""By the ending of a file; any other is JSON."""
