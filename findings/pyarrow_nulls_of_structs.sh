#!/bin/sh
# pyarrow 26.0.1: pa.nulls(n, type) of a struct whose fields may not be null makes an array that pyarrow
# itself will not write: the struct is null, as asked, but so are the values inside, where none may be.
# pa.array([None] * n, type) of the same type makes one that is written and read back.
#
#   pa.nulls(2, struct<tools: string not null>)          child: 2 nulls   write_table raises ArrowInvalid
#   pa.array([None, None], struct<tools: string not null>)  child: 0 nulls   written, read back as 2 nulls
#     (expected: the same of both; a.equals(b) calls them equal, and a.validate(full=True) finds no fault)
#
# Met where a column of nested structs was added to old rows. Seen on 29 November 2026 with Python 3.11.
# Exits 1 if that changes. Outside CI.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check "pyarrow==26.0.1"
"$folder/venv/bin/python" - "$folder/t.parquet" <<'PYTHON'
import sys

import pyarrow as pa
import pyarrow.parquet as pq

kind = pa.struct([pa.field("tools", pa.string(), nullable=False)])
schema = pa.schema([pa.field("trajectory", kind)])
made = {"nulls": pa.nulls(2, kind), "array": pa.array([None, None], kind)}
seen = []
for name, array in made.items():
    array.validate(full=True)
    table = pa.Table.from_arrays([array], schema=schema)
    try:
        pq.write_table(table, sys.argv[1])
        end = f"read back {pq.read_table(sys.argv[1])['trajectory'].to_pylist()}"
    except pa.ArrowInvalid as error:
        end = f"ArrowInvalid: {error}"
    seen.append((array.field("tools").null_count, end))
    print(f"pa.{name}: {array.field('tools').null_count} nulls in the field; {end}")
equal = made["nulls"].equals(made["array"])
print("equal:", equal)
as_noted = [
    (2, "ArrowInvalid: Column 'tools' is declared non-nullable but contains nulls"),
    (0, "read back [None, None]"),
]
sys.exit(0 if seen == as_noted and equal else 1)
PYTHON
