"""The whole page of statistics: what a version holds at a glance, then a picture per question."""

from __future__ import annotations

from dataclasses import dataclass

from labeler.dataset.summary.steps import HUMAN
from labeler.stats import wilson
from labeler.stats.rates import Spread
from labeler.stats.records import LabelStatistics
from labeler.view.figures.base import Figure, Number, Table, count, interval, percent, query
from labeler.view.figures.labels import label_figures
from labeler.view.figures.sources import source_figures
from labeler.view.figures.versions import side_by_side


@dataclass(frozen=True, slots=True)
class Tile:
    """A number to be seen first, its name, and what else belongs to it."""

    number: Number
    name: str
    details: tuple[Number, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Everything the template draws."""

    tiles: tuple[Tile, ...]
    figures: tuple[Figure, ...]


def page_of(
    s: LabelStatistics, older: LabelStatistics | None, n_reviewed: int, n_agreed: int
) -> Page:
    """`older` is the version to set beside it; of `n_reviewed` labels people agreed with some."""
    figures = [*label_figures(s), *source_figures(s), *([shape(s)] if s.n_solutions else [])]
    if older is not None:
        figures.append(side_by_side(older, s))
    return Page((*_tiles(s), _checked(s, n_reviewed, n_agreed)), tuple(figures))


def _tiles(s: LabelStatistics) -> tuple[Tile, ...]:
    outcomes = tuple(count(n, name, outcome=name) for name, n in s.by_outcome.items())
    labels = (
        count(s.n_correct_steps, "right", mark="right"),
        count(s.n_neutral_steps, "neutral", mark="neutral"),
        count(s.n_wrong_steps, "wrong", mark="wrong"),
        count(s.n_undecided_steps, "undecided", mark="undecided"),
    )
    dropped = s.n_solutions - s.n_kept
    kept = Number(percent(s.keep_rate.rate), query(kept="yes") if s.n_kept else None)
    return (
        Tile(Number(f"{s.n_solutions:,}", ""), "solutions", (*outcomes, *_twice(s))),
        Tile(Number(f"{s.n_problems:,}", ""), "problems",
             tuple(count(n, name, domain=name) for name, n in s.by_domain.items())),
        Tile(Number(f"{s.n_labeled_steps:,}", ""), "step labels", labels),
        Tile(kept, "kept for training",
             (count(s.n_kept, "kept", kept="yes"), count(dropped, "dropped", kept="no"))),
    )  # fmt: skip


def _twice(s: LabelStatistics) -> tuple[Number, ...]:
    n = s.duplicates.solutions
    return (count(n, "repeated", twice="yes"),) if n else ()


def _checked(s: LabelStatistics, n_reviewed: int, n_agreed: int) -> Tile:
    """No estimate where nobody looked: a prior is not a finding."""
    human = s.by_labeler.get(HUMAN)
    if human is not None and not n_reviewed:
        # Reviewed elsewhere: what the labels were before is not known here.
        return Tile(count(human.n_evidence, human="yes"), "steps judged by people")
    if not n_reviewed:
        ask = Number("review what decides most", query(sort="review"))
        return Tile(Number("none"), "labels checked by people", (ask,))
    agreed = Number(f"people agreed with {interval(wilson(n_agreed, n_reviewed))}")
    judged = Number("see them", query(human="yes"))
    return Tile(count(n_reviewed, human="yes"), "labels checked by people", (agreed, judged))


def shape(s: LabelStatistics) -> Figure:
    """How long solutions and steps are, and what is there twice."""
    rows = (
        (Number("steps per solution"), *_spread(s.steps_per_solution, is_linked=True)),
        (Number("characters per step"), *_spread(s.characters_per_step, is_linked=False)),
    )
    twice = s.duplicates
    words = (
        f"{twice.shared_steps:,} steps share their beginning with another solution; "
        f"{twice.problem_texts:,} problem texts are there twice."
    )
    columns = ("", "smallest", "10%", "median", "90%", "largest")
    return Figure("shape", "How long they are", words, table=Table(columns, rows))


def _spread(found: Spread, is_linked: bool) -> tuple[Number, ...]:
    numbers = (found.smallest, found.p10, found.median, found.p90, found.largest)
    return tuple(
        Number("-") if n is None else Number(f"{n:,}", query(steps=n) if is_linked else None)
        for n in numbers
    )
