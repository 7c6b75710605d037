r"""The readings of GSM8K's answers that lm-evaluation-harness has, and a reading by any pattern.

`strict`: the number behind `#### `. `last_number`: the last number of the text, whatever it counts,
which is the harness's `flexible-extract`. Results of the two differ by tens of points where a model
was not shown the form. Source: the harness's documentation of its task gsm8k (filters
`strict-match` and `flexible-extract`).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from labeler.checking.answers.thoughts import behind_thoughts

_STRICT = re.compile(r"#### (-?[0-9.,]{1,400})")
_FLEXIBLE = re.compile(r"-?[$0-9.,]{2,400}|-?[0-9]{1,400}")

REACH = 100_000
"""A pattern of the run file's sees so many characters from the end of a reply."""


def read_strict(text: str) -> str | None:
    """The first number behind `#### `, as the harness takes it."""
    found = _STRICT.search(text)
    return _number(found[1]) if found else None


def read_last_number(text: str) -> str | None:
    """The last number of a reply."""
    reply = behind_thoughts(text)
    if reply is None:
        return None
    for found in reversed(_FLEXIBLE.findall(reply)):
        if number := _number(found):
            return number
    return None


def _number(found: str) -> str | None:
    """Without the punctuation of the sentence around it; None where no digit is left."""
    number = found.strip("$").rstrip(".,$")
    return number if re.search(r"[0-9]", number) else None


def read_by(pattern: str) -> Callable[[str], str | None]:
    """A reader of the last match of a pattern: its first group that matched, or all of it."""
    compiled = re.compile(pattern)

    def read(text: str) -> str | None:
        found = list(compiled.finditer(text[-REACH:]))
        if not found:
            return None
        last = found[-1]
        groups = [group for group in last.groups() if group is not None]
        return (groups[0] if groups else last[0]).strip() or None

    return read
