"""Files and tables of an older schema version, as if they had been written under this one.

A newer version may only add columns (or fields of a struct) that may be null, and lists: rows from
before have null there, or nothing in the list. A file is rewritten so once, into the cache
(`bucket.cache_folder`), and read from there; the dataset's files are not touched.

Before rows are added to a table of an older version, or put in the place of others, it gets the new
columns, and the new fields of structs, by an entry of the log of its own (`add_columns_of_today`):
other readers of Delta see null in the older files. What is added so stands last, which is where the
schema has it.

Does not cover changes of meaning: those take a new column. Source: Delta transaction log protocol,
"Change Metadata".
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from labeler.dataset.bucket import cache_folder
from labeler.dataset.columns import opened
from labeler.dataset.shards import read_shards, write_parquet
from labeler.errors import DatasetError
from labeler.files import make_folder
from labeler.records import short_hash
from labeler.schema import SCHEMA_VERSION, arrow_schema

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable


def can_be_read(old: pa.Schema) -> bool:
    """Whether all columns of an older table have kept their types, and new ones may be missing."""
    import pyarrow as pa

    return _fits(pa.struct(list(old)), pa.struct(list(arrow_schema())))


def add_columns_of_today(table: DeltaTable) -> None:
    """Gives a table of an older version the columns that it lacks, in one entry of the log.

    Whoever calls it holds the committer's lock. Raises `DatasetError` where another program gave
    the table other columns, or the entry is not written.
    """
    import pyarrow as pa
    from deltalake import write_deltalake
    from deltalake.exceptions import DeltaError

    there = pa.schema(table.schema().to_arrow())
    if there.equals(arrow_schema()):
        return
    if not can_be_read(there):
        raise DatasetError(
            f"{table.table_uri}: columns are not those of schema version {SCHEMA_VERSION}; "
            "use a new dataset"
        )
    try:
        # Nothing is written but the wider schema: deltalake's own command for it knows no structs.
        write_deltalake(table, arrow_schema().empty_table(), mode="append", schema_mode="merge")
    except (DeltaError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise DatasetError(f"{table.table_uri}: columns were not added ({reason})") from error


def columns_of(file: Path) -> pa.Schema:
    """The columns that a file was written with."""
    with opened(file) as parquet:
        return parquet.schema_arrow


def is_of_today(file: Path) -> bool:
    """Whether a file was written under today's schema."""
    return bool(columns_of(file).equals(arrow_schema()))


def as_of_today(file: Path) -> Path:
    """The same rows under today's schema; the file itself if it has it, else one in the cache."""
    if is_of_today(file):
        return file
    old = columns_of(file)
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

    if field.nullable and pa.types.is_struct(field.type):
        # Parquet's writer wants a value in every field that may not be null, even below a null.
        below = [_anything(child, n) for child in field.type]
        nulls = pa.repeat(True, n)
        return pa.StructArray.from_arrays(below, fields=list(field.type), mask=nulls)
    if field.nullable:
        return pa.nulls(n, field.type)
    offsets = pa.array([0] * (n + 1), pa.int32())
    return pa.ListArray.from_arrays(offsets, pa.nulls(0, field.type.value_type), field.type)


def _anything(field: pa.Field, n: int) -> pa.Array:
    """Values that nobody reads."""
    import pyarrow as pa

    if field.nullable or pa.types.is_list(field.type):
        return _nothing(field, n)
    if pa.types.is_struct(field.type):
        below = [_anything(child, n) for child in field.type]
        return pa.StructArray.from_arrays(below, fields=list(field.type))
    empty = "" if pa.types.is_string(field.type) else 0
    return pa.repeat(pa.scalar(empty).cast(field.type), n)
