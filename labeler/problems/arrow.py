"""Columns of Arrow and Parquet, as values whose text is what the file says (see `written`).

A float of 16 or 32 bits is known by its shortest digits, as it was written; what has no standard
text (times, durations) stays what it is, and is rejected where a text is wanted.
Source: Apache Arrow, logical types.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from labeler.problems.written import NOT_UNICODE, Digits, Faulty, Moment, json_value

if TYPE_CHECKING:
    import pyarrow as pa


def rows_of(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    """The rows of a batch as plain values, by column."""
    names = batch.schema.names
    columns = [_values(batch.column(place)) for place in range(len(names))]
    for row in zip(*columns, strict=True):
        yield dict(zip(names, row, strict=True))


def _values(column: pa.Array) -> list[Any]:
    import pyarrow as pa

    types, kind = pa.types, column.type
    if isinstance(kind, pa.JsonType):
        return [None if text is None else json_value(text) for text in column.storage.to_pylist()]
    if isinstance(kind, pa.ExtensionType):
        return _values(column.storage)
    if types.is_list(kind) or types.is_large_list(kind):
        return _lists(column)
    if types.is_float16(kind) or types.is_float32(kind):
        # As Python's float, 0.1 would show the digits of its nearest 64-bit number.
        numbers, known = column.to_numpy(zero_copy_only=False), column.is_valid().to_pylist()
        return [_short(x) if there else None for x, there in zip(numbers, known, strict=True)]
    if types.is_timestamp(kind) or types.is_time(kind) or types.is_duration(kind):
        # Nanoseconds have no type in Python; whatever the text is, it is refused as an answer.
        whole = column.cast(pa.int64()) if types.is_duration(kind) else column
        texts = whole.cast(pa.string()).to_pylist()
        return [None if text is None else Moment(text) for text in texts]
    if types.is_string(kind) or types.is_large_string(kind):
        return _texts(column)
    return list(column.to_pylist())


def _lists(column: pa.Array) -> list[Any]:
    import pyarrow.compute as pc

    items = iter(_values(column.flatten()))
    lengths = pc.list_value_length(column).to_pylist()
    return [None if length is None else [next(items) for _ in range(length)] for length in lengths]


def _short(number: Any) -> Any:
    text = str(number)
    return float(number) if text in ("nan", "inf", "-inf") else Digits(text)


def _texts(column: pa.Array) -> list[Any]:
    """Texts; bytes that are none, which Arrow lets pass, are told of one record."""
    import pyarrow as pa

    try:
        return list(column.to_pylist())
    except UnicodeDecodeError:
        return [_decoded(one) for one in column.cast(pa.large_binary()).to_pylist()]


def _decoded(content: bytes | None) -> str | Faulty | None:
    try:
        return None if content is None else content.decode()
    except UnicodeDecodeError:
        return Faulty(NOT_UNICODE)
