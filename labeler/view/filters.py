"""What a list shows: read from the query of an address, applied to the index.

The form of the list offers some of it; the rest is what numbers of the statistics link to.
An unknown or broken parameter counts as not given: addresses are typed and kept by people.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from labeler.dataset.summary import BANDS
from labeler.view.bounds import MOST_STEPS, number

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

CHOICES: dict[str, dict[str, str]] = {
    "outcome": {"correct": "answer correct", "wrong": "answer wrong", "unknown": "answer unknown"},
    "error": {"none": "no error", "some": "has an error", "undecided": "undecided"},
    "disagree": {"yes": "sources disagree", "no": "sources agree"},
    "kept": {"yes": "kept", "no": "dropped"},
    "human": {"yes": "judged by a person", "no": "not judged yet"},
    "mark": {"right": "right", "neutral": "neutral", "wrong": "wrong", "undecided": "undecided"},
    "band": {
        "0": "none of whose samples is right",
        **{band: f"of whose samples {band} are right" for band in BANDS[1:5]},
        "1": "all of whose samples are right",
        "undecided": "none of whose samples is decided",
    },
    "twice": {"yes": "that repeat an earlier one"},
    "said": {
        "correct": "calls a step right",
        "wrong": "calls a step wrong",
        "unknown": "cannot tell of a step",
    },
    "other_said": {
        "correct": "calls a step right",
        "wrong": "calls a step wrong",
        "unknown": "cannot tell of a step",
    },
    "sort": {
        "": "in order",
        "review": "most per minute",
        "uncertain": "uncertain first",
        "p": "lowest P first",
    },
}
"""The values that parameters may take, with their words."""

TEXTS = ("q", "domain", "reason", "labeler", "other", "odds", "rollouts")
NUMBERS = {"first": MOST_STEPS, "place": MOST_STEPS, "steps": MOST_STEPS}
SHARES = ("p_from", "p_to", "last_from", "last_to")
MARKS = {"right": "+", "neutral": "o", "wrong": "x", "undecided": "?"}
OF_STATISTICS = (
    "first", "place", "mark", "steps", "band", "reason", "said", "other", "other_said", "odds",
    "rollouts", "twice", "wrong", "last_from", "last_to",
)  # fmt: skip
"""Filters that the form of the list does not offer; it carries them along."""

NO_REASON = "no reason given"


@dataclass(frozen=True, slots=True)
class Filters:
    """Everything that narrows or orders a list; "" and None let all pass.

    `p_from` and `p_to` bound the lowest step probability of a solution, `last_from` (included) and
    `last_to` (not included, unless 1) that of its last step. Steps are counted from 1: `first` is
    the place of the first error, `mark` the label of some step, or of the one at `place`.
    `wrong` is the place of the first step labelled wrong, "none" where no step is.
    `labeler` and `other` gave a verdict, `said` and `other_said` if these are given; `odds` called
    a step wrong that `labeler` calls right. `rollouts` is "3/8": of eight rollouts of `labeler`
    three were right.
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
    first: int | None = None
    place: int | None = None
    mark: str = ""
    steps: int | None = None
    band: str = ""
    reason: str = ""
    said: str = ""
    other: str = ""
    other_said: str = ""
    odds: str = ""
    rollouts: str = ""
    twice: str = ""
    wrong: str = ""
    last_from: float | None = None
    last_to: float | None = None

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Filters:
        """From the parameters of an address."""
        texts = {name: query.get(name, "").strip() for name in TEXTS}
        chosen = {name: query[name] for name, known in CHOICES.items() if query.get(name) in known}
        texts["wrong"] = _place_or_none(query.get("wrong", ""))
        numbers = {name: number(query.get(name, ""), name, most) for name, most in NUMBERS.items()}
        bounds = {name: _probability(query.get(name, "")) for name in SHARES}
        return cls(**texts, **chosen, **numbers, **bounds)  # type: ignore[arg-type]

    def words(self) -> list[str]:
        """What numbers of the statistics link to, as it is said above the list."""
        labeler, other = self.labeler or "a source", self.other or "a source"
        told = [
            (self.first, f"whose first error is in step {self.first}"),
            (self.mark and self.place is None, f"with a step labelled {self.mark}"),
            (self.mark and self.place, f"whose step {self.place} is labelled {self.mark}"),
            (self.wrong == "none", "without a step labelled wrong"),
            (self.wrong.isdecimal(), f"whose first step labelled wrong is step {self.wrong}"),
            (self.steps, f"of {self.steps} steps"),
            (self.band, f"to problems {CHOICES['band'].get(self.band)}"),
            (self.reason, f"not kept: {self.reason}"),
            (self.said, f"in which {labeler} {CHOICES['said'].get(self.said)}"),
            (self.other, f"in which {other} {CHOICES['said'].get(self.other_said, 'speaks')}"),
            (self.odds, f"in which {labeler} calls a step right that {self.odds} calls wrong"),
            (self.rollouts, f"with a step from which {labeler} had {self.rollouts} rollouts right"),
            (self.twice, CHOICES["twice"]["yes"]),
            (
                self.last_from is not None or self.last_to is not None,
                f"whose last step has P from {self.last_from or 0} to "
                f"{1 if self.last_to is None else self.last_to}",
            ),
        ]
        return [words for given, words in told if given]

    def to_query(self) -> str:
        """The same filters as a query, "" where there are none."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        return urlencode({name: value for name, value in given.items() if value not in ("", None)})

    def matching(
        self,
        table: pl.DataFrame,
        hits: Collection[int] | None,
        pending: Collection[int],
        bands: np.ndarray | None = None,
    ) -> pl.Series:
        """Row numbers that pass, in the order to be shown.

        `hits` are rows whose text matches `q` (None: no text asked for), `pending` rows that were
        judged but not committed. `bands` tells by row how hard its problem is (place in `BANDS`).
        """
        import polars as pl

        lines = table.lazy()
        conditions = [*self._conditions(pending), *self._of_statistics()]
        if self.band and bands is not None:
            conditions.append(pl.lit(pl.Series(bands == BANDS.index(self.band))))
        if conditions:
            lines = lines.filter(*conditions)
        if hits is not None:
            named = (pl.col("solution_id") == self.q) | (pl.col("problem_id") == self.q)
            lines = lines.filter(pl.col("row").is_in(pl.Series([*hits], dtype=pl.UInt32)) | named)
        if self.sort == "review":
            by = ["decides", "uncertainty"]
            lines = lines.sort(by, descending=True, maintain_order=True)
        elif self.sort == "uncertain":
            lines = lines.sort("uncertainty", descending=True, maintain_order=True)
        elif self.sort == "p":
            lines = lines.sort("p_min", nulls_last=True, maintain_order=True)
        return lines.select("row").collect().to_series()

    @property
    def is_queue(self) -> bool:
        """Whether the list is there to be reviewed from its beginning on."""
        return self.sort in ("review", "uncertain")

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
        if self.p_from is not None:
            found.append(pl.col("p_min") >= self.p_from)
        if self.p_to is not None:
            found.append(pl.col("p_min") <= self.p_to)
        return found

    def _of_statistics(self) -> list[pl.Expr]:
        """What only numbers of the statistics ask for."""
        import polars as pl

        found = []
        if self.first:
            found.append(pl.col("first_error") == self.first - 1)
        if self.mark:
            marks, sign = pl.col("marks"), MARKS[self.mark]
            at = marks if not self.place else marks.str.slice(self.place - 1, 1)
            found.append(at.str.contains(sign, literal=True))
        if self.wrong:
            first = pl.col("marks").str.find(MARKS["wrong"], literal=True)
            at = first.is_null() if self.wrong == "none" else first == int(self.wrong) - 1
            found.append(at)
        if self.steps is not None:
            found.append(pl.col("n_steps") == self.steps)
        if self.reason:
            reason = pl.col("reason").cast(pl.String)
            found.append(~pl.col("kept") & (reason == self.reason.replace(NO_REASON, "")))
        if self.twice:
            found.append(~pl.col("solution_id").is_first_distinct())
        for labeler, verdict in ((self.labeler, self.said), (self.other, self.other_said)):
            if labeler or verdict:
                found.append(_tells("said", labeler, verdict))
        if self.odds:
            found.append(_tells("odds", self.labeler, self.odds))
        if self.rollouts:
            found.append(_tells("rollouts", self.labeler, self.rollouts))
        if self.last_from is not None:
            found.append(pl.col("p_last") >= self.last_from)
        if self.last_to is not None and self.last_to < 1:
            found.append(pl.col("p_last") < self.last_to)
        return found


def _tells(column: str, labeler: str, what: str) -> pl.Expr:
    """Whether one of the lines of a text (see `index.TOLD`) is of this labeler and says this."""
    import polars as pl

    lines = pl.lit("\n") + pl.col(column).cast(pl.String) + pl.lit("\n")
    before, after = f"\n{labeler}\t" if labeler else "\t", f"{what}\n" if what else ""
    return lines.str.contains(before + after, literal=True)


def _place_or_none(text: str) -> str:
    place = number(text, "wrong", MOST_STEPS)
    return text if text == "none" or place else ""


def _probability(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value <= 1 else None
