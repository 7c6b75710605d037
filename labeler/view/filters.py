"""What a list shows: read from the query of an address, applied to the index.

An unknown or broken parameter counts as not given: addresses are typed and kept by people.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    import polars as pl

CHOICES: dict[str, dict[str, str]] = {
    "outcome": {"correct": "answer correct", "wrong": "answer wrong", "unknown": "answer unknown"},
    "error": {"none": "no error", "some": "has an error", "undecided": "undecided"},
    "disagree": {"yes": "sources disagree", "no": "sources agree"},
    "kept": {"yes": "kept", "no": "dropped"},
    "human": {"yes": "judged by a person", "no": "not judged yet"},
    "sort": {"": "in order", "uncertain": "uncertain first", "p": "lowest P first"},
}
"""The values that parameters may take, with their words."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Everything that narrows or orders a list; "" and None let all pass.

    `p_from` and `p_to` bound the lowest step probability of a solution.
    """

    q: str = ""
    domain: str = ""
    outcome: str = ""
    error: str = ""
    labeler: str = ""
    disagree: str = ""
    kept: str = ""
    human: str = ""
    p_from: float | None = None
    p_to: float | None = None
    sort: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Filters:
        """From the parameters of an address."""
        texts = {name: query.get(name, "").strip() for name in ("q", "domain", "labeler")}
        chosen = {name: query[name] for name, known in CHOICES.items() if query.get(name) in known}
        bounds = {name: _probability(query.get(name, "")) for name in ("p_from", "p_to")}
        return cls(**texts, **chosen, **bounds)  # type: ignore[arg-type]

    def to_query(self) -> str:
        """The same filters as a query, "" where there are none."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        return urlencode({name: value for name, value in given.items() if value not in ("", None)})

    def matching(
        self, table: pl.DataFrame, hits: Collection[int] | None, pending: Collection[int]
    ) -> pl.Series:
        """Row numbers that pass, in the order to be shown.

        `hits` are rows whose text matches `q` (None: no text asked for), `pending` rows that were
        judged but not committed.
        """
        import polars as pl

        lines = table.lazy()
        for condition in self._conditions(pending):
            lines = lines.filter(condition)
        if hits is not None:
            named = (pl.col("solution_id") == self.q) | (pl.col("problem_id") == self.q)
            lines = lines.filter(pl.col("row").is_in(pl.Series([*hits], dtype=pl.UInt32)) | named)
        if self.sort == "uncertain":
            lines = lines.sort("uncertainty", descending=True, maintain_order=True)
        elif self.sort == "p":
            lines = lines.sort("p_min", nulls_last=True, maintain_order=True)
        return lines.select("row").collect().to_series()

    def _conditions(self, pending: Collection[int]) -> list[pl.Expr]:
        import polars as pl

        found = [
            pl.col(name).cast(pl.String) == value
            for name, value in (("domain", self.domain), ("outcome", self.outcome))
            if value
        ]
        flags = [
            ("disagree", self.disagree, pl.col("disagree")),
            ("kept", self.kept, pl.col("kept")),
        ]
        judged = pl.col("human") | pl.col("row").is_in(pl.Series([*pending], dtype=pl.UInt32))
        flags.append(("human", self.human, judged))
        found += [flag if value == "yes" else ~flag for _, value, flag in flags if value]
        if self.error:
            first_error = pl.col("first_error")
            found.append(
                {
                    "none": first_error == -1,
                    "some": first_error >= 0,
                    "undecided": first_error.is_null(),
                }[self.error]
            )
        if self.labeler:
            names = pl.lit("\n") + pl.col("labelers").cast(pl.String) + pl.lit("\n")
            found.append(names.str.contains(f"\n{self.labeler}\n", literal=True))
        if self.p_from is not None:
            found.append(pl.col("p_min") >= self.p_from)
        if self.p_to is not None:
            found.append(pl.col("p_min") <= self.p_to)
        return found


def _probability(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value <= 1 else None
