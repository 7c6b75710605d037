"""Does what a step claims of a table agree with the result of a query?

Several claimed values agree with as many cells, in any order. A number agrees with what it can be
rounded from: 3.3 with 3.3333 (half a unit of its last digit); percent signs, currencies and
thousands separators do not count. Words agree without regard to case and white space.
"""

from __future__ import annotations

import json
from typing import Any

from labeler.labelers.table.runner import number

SEPARATOR = ";"
"""Between several claimed values."""


def agrees(claim: str, output: str) -> bool | None:
    """Whether they do; None where the output is no result of a query."""
    try:
        rows = json.loads(output)
    except ValueError:
        return None
    cells = [cell for row in rows for cell in row if cell is not None]
    values = [value.strip() for value in claim.split(SEPARATOR) if value.strip()]
    if len(cells) != len(values):
        return False
    for value in values:
        found = next((i for i, cell in enumerate(cells) if _same(value, cell)), None)
        if found is None:
            return False
        del cells[found]
    return True


def stands_in(claim: str, step: str) -> bool:
    """Whether every claimed value is written in the step."""
    written = _words(step).replace(",", "")
    values = [_words(value).replace(",", "") for value in claim.split(SEPARATOR)]
    return bool("".join(values)) and all(value in written for value in values)


def _same(value: str, cell: Any) -> bool:
    claimed = number(value)
    executed = number(cell) if isinstance(cell, str) else float(cell)
    if claimed is None or executed is None:
        return _words(value) == _words(str(cell))
    digits = value.strip(" %)")
    n_decimals = len(digits.rsplit(".", 1)[1]) if "." in digits else 0
    return abs(claimed - executed) <= 0.5 * 10.0**-n_decimals * (1 + 1e-9)


def _words(text: str) -> str:
    return " ".join(text.lower().split())
