"""Runs in the sandbox: one SQL query over the tables that lie beside it; prints rows as JSON.

`table_N.csv` become tables of that name; `query.sql` is the query. A column whose cells are all
numbers (with thousands separators, a currency's sign, a percent sign, accounting's brackets) is
DOUBLE, so that nothing is divided in integers; its blank cells are NULL. DuckDB has no access to
files. Sent as source, so it imports nothing of this package.
"""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

MOST_ROWS = 100
BLANK = frozenset(("", "-", "–", "—", "n/a", "na", "nan", "null", "none"))
_NUMBER = re.compile(r"\(?\s*[-+−]?\s*[$€£¥]?\s*(\d{1,3}(?:,\d{3})+|\d+)?(\.\d+)?\s*%?\s*\)?")


def number(text: str) -> float | None:
    """The number that a cell is; None where it is none."""
    match = _NUMBER.fullmatch(text.strip())
    if match is None or not (match[1] or match[2]):
        return None
    value = float((match[1] or "0").replace(",", "") + (match[2] or ""))
    is_negative = re.match(r"\(?\s*[-−]", text.strip()) or text.strip().startswith("(")
    return -value if is_negative else value


def columns(rows: list[list[str]]) -> tuple[list[str], list[list[Any]]]:
    """The type of each column, and its cells."""
    types: list[str] = []
    values: list[list[Any]] = []
    for column in zip(*rows, strict=True):
        filled = [cell for cell in column if cell.strip().lower() not in BLANK]
        if filled and all(number(cell) is not None for cell in filled):
            types.append("DOUBLE")
            values.append([number(cell) for cell in column])
        else:
            types.append("VARCHAR")
            values.append(list(column))
    return types, values


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def main() -> None:
    """Prints the rows of the query's result, at most `MOST_ROWS`."""
    import duckdb

    connection = duckdb.connect(config={"threads": 1})
    connection.execute("SET enable_external_access = false")
    for path in sorted(Path().glob("table_*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            names, *rows = csv.reader(file)
        types, values = columns(rows)
        described = ", ".join(f"{quoted(n)} {t}" for n, t in zip(names, types, strict=True))
        connection.execute(f"CREATE TABLE {path.stem} ({described})")
        places = ", ".join("?" * len(names))
        cells = [list(row) for row in zip(*values, strict=True)]
        connection.executemany(f"INSERT INTO {path.stem} VALUES ({places})", cells)
    found = connection.execute(Path("query.sql").read_text(encoding="utf-8"))
    rows_found = found.fetchmany(MOST_ROWS + 1)
    if len(rows_found) > MOST_ROWS:
        raise SystemExit(f"more than {MOST_ROWS} rows")
    print(json.dumps([[_plain(cell) for cell in row] for row in rows_found], ensure_ascii=False))


def _plain(cell: Any) -> Any:
    if cell is None or isinstance(cell, bool | int | str):
        return cell
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() and abs(cell) < 1e15 else cell
    try:
        return _plain(float(cell))
    except (TypeError, ValueError):
        return str(cell)


if __name__ == "__main__":
    main()
