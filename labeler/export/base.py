"""What all export formats share: options, what a format states about itself, what it gives.

A format turns labelled solutions into examples (one JSON object each) and rejections; it never
reads a dataset or writes a file (`labeler.export.exporter` does).
Does not cover the formats themselves: one module each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from labeler.errors import UserError
from labeler.records import LabeledSolution, LabeledStep, Rejection

IGNORED = -100
"""Label of a step that is not trained on: the index that PyTorch's cross entropy leaves out."""


class ExportError(UserError):
    """An export was asked for what its format cannot hold."""


class Labels(StrEnum):
    """HARD: right or wrong. SOFT: a number in [0, 1]."""

    HARD = "hard"
    SOFT = "soft"


class AfterError(StrEnum):
    """What becomes of the steps after the first wrong one."""

    CUT = "cut"
    """They are left out (Lessons, arXiv 2501.07301)."""
    MASK = "mask"
    """They stay as text, without a label."""
    KEEP = "keep"
    """They stay with the labels they have (SPARE, GroundedPRM)."""


class Neutral(StrEnum):
    """What a neutral step counts as. Lessons: right; TRL's script for PRM800K: wrong."""

    RIGHT = "right"
    WRONG = "wrong"
    MASK = "mask"


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """How labels become targets, which rows are taken, how they are split.

    `threshold` (hard labels only) replaces the consensus' labels: a step is right where its soft
    label is greater. `splits` are shares by name; a problem is in one of them only. `max_length`
    counts tokens of `tokenizer` (a folder with `tokenizer.json`), or characters without one.
    """

    labels: Labels = Labels.HARD
    threshold: float | None = None
    after_error: AfterError = AfterError.CUT
    neutral: Neutral = Neutral.RIGHT
    balance: bool = False
    dropped_too: bool = False
    max_length: int | None = None
    tokenizer: str = ""
    splits: dict[str, float] = field(default_factory=lambda: {"train": 0.9, "test": 0.1})
    seed: int = 0

    def __post_init__(self) -> None:
        if self.threshold is not None and self.labels is Labels.SOFT:
            raise ExportError("--threshold makes hard labels; leave it out or use --labels hard")
        if self.threshold is not None and not 0 <= self.threshold < 1:
            raise ExportError(f"--threshold {self.threshold:g}: must be at least 0 and less than 1")
        shares = self.splits.values()
        if not shares or min(shares) <= 0 or abs(sum(shares) - 1) > 1e-9:
            raise ExportError("--splits: shares must be positive and sum to 1")
        if not all(re.fullmatch(r"\w+", name) for name in self.splits):
            raise ExportError("--splits: a name has letters, digits and _ only")
        if self.max_length is not None and self.max_length < 1:
            raise ExportError(f"--max-length {self.max_length}: must be at least 1")


@dataclass(frozen=True, slots=True)
class Step:
    """A step as it is exported. `target`: 1 right, 0 wrong, between them if soft, None no label.

    `text` is without blank lines around it and trailing white space; its indentation stays.
    """

    text: str
    target: float | None
    labeled: LabeledStep

    @property
    def is_right(self) -> bool:
        """For hard labels."""
        return self.target == 1


@dataclass(frozen=True, slots=True)
class View:
    """A labelled solution under the options: its steps up to where they were cut."""

    labeled: LabeledSolution
    steps: tuple[Step, ...]

    @property
    def problem(self) -> str:
        return self.labeled.problem.text

    @property
    def solution_id(self) -> str:
        return self.labeled.solution.solution_id

    def pieces(self) -> list[tuple[str, float]]:
        """Texts with their targets; a step without a label is joined to the next that has one.

        So nothing is asked where no label is known. What follows the last label is left out.
        """
        found: list[tuple[str, float]] = []
        pending: list[str] = []
        for step in self.steps:
            pending.append(step.text)
            if step.target is not None:
                found.append(("\n".join(pending), step.target))
                pending = []
        return found

    def reject(self, reason: str) -> Rejection:
        return Rejection("export", self.solution_id, reason)


@dataclass(frozen=True, slots=True)
class Example:
    """One line of the exported file. `positive` is its side when positives are balanced."""

    content: dict[str, Any]
    positive: bool | None = None


Convert = Callable[[Sequence[View], ExportOptions], Iterator[Example | Rejection]]


class Unit(StrEnum):
    """What a format is given at once."""

    SOLUTION = "solution"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Format:
    """A target format: who reads it, what of the dataset it cannot express, how it is made.

    `needs_steps`: only solutions with step labels count (and only those that consensus kept);
    otherwise the outcome is what matters. `whole`: steps after an error always stay, as the format
    demands. `soft`: it can hold soft labels. `features`: column types, where `datasets` cannot
    infer them from the first rows.
    """

    name: str
    about: str
    readers: str
    loss: str
    convert: Convert
    unit: Unit = Unit.SOLUTION
    soft: bool = False
    whole: bool = False
    needs_steps: bool = True
    balances: bool = True
    features: tuple[tuple[str, str], ...] = ()

    def check(self, options: ExportOptions) -> None:
        """Refuses options that this format cannot honour; `ExportError` says which."""
        if options.labels is Labels.SOFT and not self.soft:
            raise ExportError(f"{self.name} has no soft labels; leave out --labels soft")
        if options.balance and not self.balances:
            raise ExportError(f"{self.name} has no positives and negatives; leave out --balance")


def single(
    convert: Callable[[View, ExportOptions], Example | Rejection],
) -> Convert:
    """For formats in which one solution becomes one example."""

    def one_by_one(views: Sequence[View], options: ExportOptions) -> Iterator[Example | Rejection]:
        for view in views:
            yield convert(view, options)

    return one_by_one


def all_right(targets: Sequence[float]) -> bool:
    """Whether no step is held to be wrong: the side of an example when balancing."""
    return all(target >= 0.5 for target in targets)
