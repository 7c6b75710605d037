"""Tables in a problem's context: Markdown's with pipes, or lines of comma or tab separated values.

The first row names the columns. What is no table with a header and a row of the same width is None;
a text is never guessed into columns. Does not cover merged cells or headers of several rows.
"""

from __future__ import annotations

import csv
import io
import re

Rows = list[list[str]]

_RULE = re.compile(r"\s*+\|?+\s*+:?-++:?\s*+(?:\|\s*+:?-++:?\s*+)*+\|?\s*+$")


MOST_CELL = 131_072
"""Characters of a cell; the csv module's own bound."""


def table_in(text: str) -> Rows | None:
    """Header and rows, cells without white space around them."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    if lines and all("|" in line or _RULE.match(line) for line in lines):
        rows = [_cells(line) for line in lines if not _RULE.match(line)]
    else:
        separator = "\t" if lines and "\t" in lines[0] else ","
        reader = csv.reader(lines, delimiter=separator, skipinitialspace=True)
        try:
            rows = [[cell.strip() for cell in row] for row in reader]
        except csv.Error:
            return None
        # The module's own bound is the process's, and others raise it.
        if any(len(cell) > MOST_CELL for row in rows for cell in row):
            return None
    widths = {len(row) for row in rows}
    return rows if len(rows) > 1 and len(widths) == 1 and min(widths) > 1 else None


def as_csv(rows: Rows) -> str:
    """The same cells as comma separated values, each column with a name of its own."""
    names: list[str] = []
    taken: set[str] = set()
    for place, name in enumerate(rows[0], 1):
        wanted = name or f"column_{place}"
        names.append(f"{wanted}_{place}" if wanted.lower() in taken else wanted)
        taken.add(names[-1].lower())
    sink = io.StringIO()
    csv.writer(sink, lineterminator="\n").writerows([names, *rows[1:]])
    return sink.getvalue()


def _cells(line: str) -> list[str]:
    inner = line.strip().removeprefix("|").removesuffix("|")
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", inner)]
