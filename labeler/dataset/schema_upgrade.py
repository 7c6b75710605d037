"""Files of an older schema version, as if they had been written under this one.

A newer version may only add columns (or fields of a struct) that may be null, and lists: rows from
before have null there, or nothing in the list. A file is rewritten so once, into the cache
(`bucket.cache_folder`), and read from there; the dataset itself is not touched.

Does not cover appending to a dataset of an older version, which is refused, or changes of meaning:
those take a new column.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from labeler.dataset.bucket import cache_folder
from labeler.dataset.shards import read_shards, write_parquet
from labeler.files import make_folder
from labeler.records import short_hash
from labeler.schema import SCHEMA_VERSION, arrow_schema

if TYPE_CHECKING:
    import pyarrow as pa


def can_be_read(old: pa.Schema) -> bool:
    """Whether all columns of an older table have kept their types, and new ones may be missing."""
    import pyarrow as pa

    return _fits(pa.struct(list(old)), pa.struct(list(arrow_schema())))


def upgraded_file(file: Path, old: pa.Schema) -> Path:
    """The same rows under today's schema; the file of the cache, made where it is missing."""
    status = file.stat()
    key = short_hash(str(file.resolve()), str(status.st_size), str(status.st_mtime_ns))
    made = cache_folder() / f"schema-{SCHEMA_VERSION}" / f"{file.stem}-{key}.parquet"
    if not made.exists():
        make_folder(made.parent)
        write_parquet(made, _upgraded(file, old))
    return made


def _upgraded(file: Path, old: pa.Schema) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    whole = pa.struct(list(arrow_schema()))
    for batch in read_shards([file], "restore it from a copy", old):
        rows = _array(batch.to_struct_array(), whole)
        yield pa.RecordBatch.from_arrays(rows.flatten(), schema=arrow_schema())


def _fits(old: pa.DataType, new: pa.DataType) -> bool:
    import pyarrow as pa

    if pa.types.is_list(old) and pa.types.is_list(new):
        return _fits(old.value_type, new.value_type)
    if not (pa.types.is_struct(old) and pa.types.is_struct(new)):
        return bool(old.equals(new))
    before, after = {f.name: f for f in old}, {f.name: f for f in new}
    missing = [after[name] for name in after.keys() - before.keys()]
    return (
        before.keys() <= after.keys()
        and all(field.nullable or pa.types.is_list(field.type) for field in missing)
        and all(_fits(field.type, after[name].type) for name, field in before.items())
    )


def _array(array: pa.Array, kind: pa.DataType) -> pa.Array:
    """`array` under `kind`: fields that it does not have are null, or empty lists."""
    import pyarrow as pa

    if pa.types.is_list(kind):
        items = _array(array.values, kind.value_type)
        return pa.ListArray.from_arrays(array.offsets, items, kind, mask=_nulls(array))
    if not pa.types.is_struct(kind):
        return array
    there = {field.name for field in array.type}
    columns = [
        _array(array.field(field.name), field.type)
        if field.name in there
        else _nothing(field, len(array))
        for field in kind
    ]
    return pa.StructArray.from_arrays(columns, fields=list(kind), mask=_nulls(array))


def _nulls(array: pa.Array) -> pa.Array | None:
    return array.is_null() if array.null_count else None


def _nothing(field: pa.Field, n: int) -> pa.Array:
    import pyarrow as pa

    if field.nullable:
        return pa.nulls(n, field.type)
    offsets = pa.array([0] * (n + 1), pa.int32())
    return pa.ListArray.from_arrays(offsets, pa.nulls(0, field.type.value_type), field.type)
