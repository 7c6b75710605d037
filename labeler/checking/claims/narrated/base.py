"""What the simulators share: a false claim of a step, and lists as solutions write them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from labeler.checking.claims.decide import Kind, Link, claim
from labeler.records import Verdict

Simulator = Callable[[str, Sequence[str]], Iterator[tuple[int, Link]]]
"""From the problem and the steps to claims, each with the number of its step. A claim depends on
the steps up to its own only."""

MAX_ITEMS = 60
"""Longer lists are not read."""

_QUOTES = re.compile(r"[\"'“”‘’`\[\](){}*]")


def verdict(text: str, due: object, shown: object) -> Link:
    """The claim that a state is `shown`, where it is `due`."""
    if due == shown:
        return claim(text, Verdict.CORRECT, Kind.STATE)
    return claim(text, Verdict.WRONG, Kind.STATE, shown=f"{_words(due)}, not {_words(shown)}")


def listed(text: str) -> list[str]:
    """The items of `a, b, and c` or `[a, b, c]`, without quotes, in small letters."""
    parts = re.split(r",\s*(?:and\s+)?|\s+and\s+|;\s*", _QUOTES.sub("", text.strip().rstrip(".")))
    items = [part.strip().lower() for part in parts if part.strip()]
    return items if len(items) <= MAX_ITEMS else []


def _words(state: object) -> str:
    if isinstance(state, dict):
        return ", ".join(f"{k}: {v}" for k, v in state.items())
    if isinstance(state, (list, tuple)):
        return ", ".join(map(str, state)) or "nothing"
    return str(state)
