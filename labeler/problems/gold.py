"""True first errors by solution, to calibrate a consensus with.

JSONL, a line per solution: {"solution_id": "...", "first_error": 2}; 0-based, -1 for none.
Does not cover problems or solutions themselves (`labeler.problems.solved`).
"""

from __future__ import annotations

import json
from pathlib import Path

from labeler.errors import DataError

FORM = '{"solution_id": "...", "first_error": 0-based index or -1}'


def read_gold(path: Path) -> dict[str, int]:
    """First errors by solution id. Raises `DataError` that names the line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error}); check the path") from error
    gold: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        solution_id, first_error = _entry(line, f"{path}:{number}")
        if gold.setdefault(solution_id, first_error) != first_error:
            raise DataError(f"{path}:{number}: contradicts an earlier line; keep one of them")
    if not gold:
        raise DataError(f"{path}: holds no line; write {FORM}")
    return gold


def _entry(line: str, where: str) -> tuple[str, int]:
    try:
        entry = json.loads(line)
        solution_id, first_error = entry["solution_id"], entry["first_error"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(f"{where}: not of the form {FORM}") from error
    if not isinstance(solution_id, str) or type(first_error) is not int or first_error < -1:
        raise DataError(f"{where}: not of the form {FORM}")
    return solution_id, first_error
