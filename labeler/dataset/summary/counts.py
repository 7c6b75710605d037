"""Tables of counts that add up: what a data file holds, what several hold, what one version holds.

A table goes from a key to whole numbers; adding two tables adds the numbers of equal keys. A key
whose numbers are all 0 is not there, so tables can be taken away from each other, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

Key = tuple[Any, ...]
Table = dict[Key, tuple[int, ...]]

KEYS: Mapping[str, tuple[str, ...]] = {
    "solutions": (),
    "runs": ("run_id",),
    "first_errors": ("first_error",),
    "outcomes": ("outcome",),
    "domains": ("domain",),
    "reasons": ("reason",),
    "labels": ("domain", "position", "label", "kept"),
    "said": ("labeler", "asks", "verdict", "n", "n_correct"),
    "lengths": ("n_steps",),
    "characters": ("characters",),
    "patterns": ("pattern",),
    "settled": ("by", "bin"),
    "wrong_where_open": ("position",),
    "shared": (),
    "turns": (),
    "calls": ("tool", "failure"),
    "calls_per_solution": ("n_calls",),
}
"""The tables by name, each with what its keys are made of. `pattern` is a tuple of labeler,
verdict, labeler, ... of those that decided a step, in the order of their names.
`wrong_where_open` counts solutions without a first error by their first step labelled wrong."""

NUMBERS: Mapping[str, tuple[str, ...]] = {
    "solutions": ("n", "n_kept"),
    "domains": ("n_kept", "n"),
    "said": (
        "n_pieces", "n_scored", "score_high", "score_low", "n_signalled", "n_alone", "signal_high",
        "signal_low", "calls", "prompt_tokens", "completion_tokens",
    ),
    "settled": ("n", "n_right", "probability_high", "probability_low", "error_high", "error_low"),
    "turns": (
        "n_solutions", "n_turns", "n_calls", "n_observations", "own_tokens", "observed_tokens",
    ),
}  # fmt: skip
"""What the numbers of a key are; one count where nothing stands here. Pieces that are `alone` are
a signal without a verdict."""

OF_AGENTS = ("turns", "calls", "calls_per_solution")
"""Tables that summaries of before schema version 4 lack: their rows have no turns."""


@dataclass(frozen=True, slots=True)
class Counts:
    """All tables, by the names of `KEYS`."""

    tables: Mapping[str, Table]

    def __getitem__(self, name: str) -> Table:
        return self.tables.get(name, {})

    def total(self, name: str) -> tuple[int, ...]:
        """The numbers of a table that has one row; zeros where it has none."""
        return self[name].get((), (0,) * len(NUMBERS.get(name, ("n",))))

    def plus(self, *others: Counts) -> Counts:
        """All of them together."""
        return _added([(self, 1), *((other, 1) for other in others)])

    def minus(self, *others: Counts) -> Counts:
        """Without the others."""
        return _added([(self, 1), *((other, -1) for other in others)])

    def plain(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {
            name: [[list(key), list(numbers)] for key, numbers in self[name].items()]
            for name in KEYS
        }

    @classmethod
    def from_plain(cls, content: Mapping[str, Any]) -> Counts:
        """Reads back `plain`."""
        return cls(
            {
                name: {_key(key): tuple(map(int, numbers)) for key, numbers in rows}
                for name, rows in ((name, _rows_of(content, name)) for name in KEYS)
            }
        )


def _rows_of(content: Mapping[str, Any], name: str) -> Any:
    return content.get(name, ()) if name in OF_AGENTS else content[name]


def _key(parts: Iterable[Any]) -> Key:
    return tuple(tuple(part) if isinstance(part, list) else part for part in parts)


def _added(parts: Iterable[tuple[Counts, int]]) -> Counts:
    sums: dict[str, dict[Key, list[int]]] = {name: {} for name in KEYS}
    for counts, sign in parts:
        for name, table in counts.tables.items():
            into = sums[name]
            for key, numbers in table.items():
                there = into.get(key)
                if there is None:
                    into[key] = [sign * number for number in numbers]
                else:
                    for place, number in enumerate(numbers):
                        there[place] += sign * number
    return Counts({name: _in_order(table) for name, table in sums.items()})


def _in_order(table: Mapping[Key, Iterable[int]]) -> Table:
    """Without keys that are gone; sorted, nulls last, so that equal tables are written equally."""
    found = {key: tuple(numbers) for key, numbers in table.items()}
    kept = [key for key, numbers in found.items() if any(numbers)]
    return {key: found[key] for key in sorted(kept, key=_rank)}


def _rank(key: Key) -> list[tuple[bool, str, Any]]:
    return [(part is None, type(part).__name__, 0 if part is None else part) for part in key]


def table_of(frame: pl.DataFrame, n_keys: int) -> Table:
    """A frame whose first `n_keys` columns are keys and the others numbers, each key once."""
    return dict(_rows(frame, n_keys))


def _rows(frame: pl.DataFrame, n_keys: int) -> Iterator[tuple[Key, tuple[int, ...]]]:
    for row in frame.iter_rows():
        yield row[:n_keys], row[n_keys:]
