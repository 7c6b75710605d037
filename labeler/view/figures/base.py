"""What a picture is made of. Lengths are shares of the widest, from 0 to 1; no markup, no colours.

A `Number` carries the query of the list that shows what it counts: whoever draws it makes a link.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from labeler.stats.rates import Rate
from labeler.stats.records import LabelCounts

LABELS = ("right", "neutral", "wrong", "undecided")
VERDICTS = {"correct": "right", "wrong": "wrong", "unknown": "unknown"}


@dataclass(frozen=True, slots=True)
class Number:
    """A text, and the query of the list behind it ("" for all solutions); None leads nowhere."""

    text: str
    query: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a bar and what it counts; `kind` is a key of the legend, "" for no piece."""

    kind: str
    share: float
    number: Number


@dataclass(frozen=True, slots=True)
class Bar:
    """`parts` are drawn end to end and told in this order; `note` is what cannot be drawn."""

    name: Number
    parts: tuple[Part, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """A value with its interval on a scale, all None where there is none; `note` says why."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    numbers: tuple[Number, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Scale:
    """The ends of a scale with their words, and a place on it that means something."""

    low: float
    high: float
    words: tuple[str, str]
    mark: float | None = None

    def at(self, value: float) -> float:
        """Where a value lies, from 0 to 1."""
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))


@dataclass(frozen=True, slots=True)
class Point:
    """Of a curve: what was said, what came true, its interval, and how many there were."""

    said: float
    share: float
    low: float
    high: float
    name: str
    numbers: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Columns with their rows; the first of a row is its name."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Number, ...], ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """One question with its answer in words and in a picture; what it does not have is empty."""

    key: str
    title: str
    words: str
    legend: tuple[str, ...] = ()
    bars: tuple[Bar, ...] = ()
    more: tuple[Bar, ...] = ()
    spans: tuple[Span, ...] = ()
    more_spans: tuple[Span, ...] = ()
    scale: Scale | None = None
    points: tuple[Point, ...] = ()
    table: Table | None = None


def query(**filters: object) -> str:
    """The query of a list."""
    return urlencode({name: value for name, value in filters.items() if value not in ("", None)})


def count(n: int, words: str = "", **filters: object) -> Number:
    """How many, and the list of them; nothing is listed where there are none.

    `words` are told as they are, but of one thing in the singular.
    """
    if n == 1:
        words = {"solutions": "solution", "steps": "step", "prefixes": "prefix"}.get(words, words)
    return Number(f"{n:,} {words}".strip(), query(**filters) if n and filters else None)


def percent(share: float | None) -> str:
    """A share in words."""
    if share is None:
        return "no data"
    if share in (0, 1) or 0.01 <= share <= 0.99:
        return f"{share:.0%}"
    # What is nearly none or all is not told as it.
    return f"{max(100 * share, 0.01):.2g}%" if share < 0.5 else f"{min(100 * share, 99.9):.1f}%"


def interval(rate: Rate) -> str:
    """A share with its interval."""
    if rate.rate is None or rate.low is None or rate.high is None:
        return "no data"
    return f"{percent(rate.rate)} [{percent(rate.low)}, {percent(rate.high)}]"


def stacked(
    name: Number, counts: Mapping[str, int], widest: int, filters: Mapping[str, dict[str, object]]
) -> Bar:
    """A bar of several kinds; `filters` tell which list is behind each."""
    parts = (
        Part(kind, n / max(1, widest), count(n, kind, **filters[kind]))
        for kind, n in counts.items()
    )
    return Bar(name, tuple(part for part in parts if part.share))


def by_label(counts: LabelCounts) -> dict[str, int]:
    """Steps by label, in the order of `LABELS`."""
    numbers = (counts.n_correct, counts.n_neutral, counts.n_wrong, counts.n_undecided)
    return dict(zip(LABELS, numbers, strict=True))
