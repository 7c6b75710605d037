"""Pictures of the labels: where solutions go wrong, labels by place and domain, what is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from labeler.stats.records import LabelCounts, LabelStatistics
from labeler.view.figures.base import (
    LABELS,
    Bar,
    Figure,
    Number,
    Part,
    Scale,
    Span,
    by_label,
    count,
    interval,
    percent,
    query,
    stacked,
)
from labeler.view.filters import CHOICES, NO_REASON

MOST_BARS = 12
"""More are folded away."""
MOST_IN_ALL = 300


def label_figures(s: LabelStatistics) -> Iterator[Figure]:
    """Those that there is data for."""
    if s.n_solutions:
        yield first_errors(s)
    if s.n_steps:
        yield labels_by_place(s)
    if len(s.labels_by_domain) > 1:
        yield labels_by_domain(s)
    if s.keep_by_difficulty:
        yield difficulty(s)
    if s.drop_reasons:
        yield reasons(s)


def first_errors(s: LabelStatistics) -> Figure:
    """A bar per place of the first error, with none and undecided."""
    found = dict(s.first_error_histogram)
    none, undecided = found.pop("-1", 0), found.pop("undecided", 0)
    widest = max([none, undecided, *found.values(), 1])
    bars = [_bar("no error", "right", none, widest, error="none")]
    # Places where nothing went wrong are shown too, or the picture would lie.
    places = range(min(MOST_IN_ALL, max(map(int, found), default=-1) + 1))
    bars += [
        _bar(f"step {t + 1}", "wrong", found.get(str(t), 0), widest, first=t + 1) for t in places
    ]
    bars += [
        _bar(
            f"step {int(t) + 1} or before", "wrong", n, widest, error="undecided", wrong=int(t) + 1
        )
        for t, n in list(s.wrong_where_undecided.items())[:MOST_IN_ALL]
    ]
    n_open = undecided - sum(s.wrong_where_undecided.values())
    bars.append(_bar("undecided", "undecided", n_open, widest, error="undecided", wrong="none"))
    n_wrong = sum(found.values())
    words = f"{percent(none / s.n_solutions)} of the solutions have no error"
    if found:
        worst = max(found, key=lambda place: (found[place], -int(place)))
        words += (
            f"; of those that have one, {percent(found[worst] / n_wrong)} go wrong first in step "
            f"{int(worst) + 1}"
        )
    if undecided:
        words += f"; {percent(undecided / s.n_solutions)} are undecided"
    legend = ("right", "wrong", "undecided")
    return Figure("first-errors", "Where solutions go wrong", f"{words}.", legend, *_folded(bars))


def _places(counts: Mapping[str, int]) -> list[tuple[int, int]]:
    """Places counted from 1, with their counts."""
    return [(int(place) + 1, n) for place, n in counts.items()][:MOST_IN_ALL]


def _bar(name: str, kind: str, n: int, widest: int, **filters: object) -> Bar:
    number = count(n, "solutions", **filters)
    return Bar(Number(name, number.query), (Part(kind, n / widest, number),))


def labels_by_place(s: LabelStatistics) -> Figure:
    """A stacked bar per place of a step."""
    shown = list(s.labels_by_position.items())[:MOST_IN_ALL]
    widest = max(sum(by_label(one).values()) for _, one in shown)
    bars = [
        stacked(
            Number(f"step {int(step) + 1}"), by_label(one), widest,
            {label: {"place": int(step) + 1, "mark": label} for label in LABELS},
        )
        for step, one in shown
    ]  # fmt: skip
    rates = {step: one.wrong_rate for step, one in shown if one.wrong_rate.rate is not None}
    words = f"{s.n_labeled_steps:,} of {s.n_steps:,} steps carry a label"
    if rates:
        worst = max(rates, key=lambda step: (rates[step].low or 0, -int(step)))
        words += (
            f"; the largest share of wrong ones is in step {int(worst) + 1}: "
            f"{interval(rates[worst])} of those that are right or wrong"
        )
    return Figure("places", "Labels along a solution", f"{words}.", LABELS, *_folded(bars))


def labels_by_domain(s: LabelStatistics) -> Figure:
    """A stacked bar per domain."""
    counts: Mapping[str, LabelCounts] = s.labels_by_domain
    widest = max(sum(by_label(one).values()) for one in counts.values())
    bars = [
        stacked(
            Number(name, query(domain=name)), by_label(one), widest,
            {label: {"domain": name, "mark": label} for label in LABELS},
        )
        for name, one in counts.items()
    ]  # fmt: skip
    words = "; ".join(
        f"{name}: {interval(one.wrong_rate)} wrong of the decided steps"
        for name, one in counts.items()
    )
    return Figure("domains", "Labels by domain", f"{words}.", LABELS, *_folded(bars))


def difficulty(s: LabelStatistics) -> Figure:
    """The share kept by how hard problems are."""
    spans = tuple(
        Span(
            CHOICES["band"][band], one.keep_rate.rate, one.keep_rate.low, one.keep_rate.high,
            (
                count(one.keep_rate.n, "solutions", band=band),
                count(one.keep_rate.n_yes, "kept", band=band, kept="yes"),
                Number(f"of {one.n_problems:,} {'problem' if one.n_problems == 1 else 'problems'}"),
                Number(interval(one.keep_rate)),
            ),
        )
        for band, one in s.keep_by_difficulty.items()
    )  # fmt: skip
    words = (
        "Solutions kept for training, by how many of their problem's samples are right. A rule "
        f"that drops what is hard shows here. In all {interval(s.keep_rate)} are kept."
    )
    scale = Scale(0, 1, ("none kept", "all kept"))
    return Figure("difficulty", "Hard and easy problems", words, spans=spans, scale=scale)


def reasons(s: LabelStatistics) -> Figure:
    """A bar per reason of the consensus."""
    widest = max(s.drop_reasons.values())
    bars = [
        _bar(why or NO_REASON, "undecided", n, widest, reason=why or NO_REASON)
        for why, n in list(s.drop_reasons.items())[:MOST_IN_ALL]
    ]
    dropped = s.n_solutions - s.n_kept
    words = f"{dropped:,} of {s.n_solutions:,} solutions are not kept; numbers in a reason are #."
    return Figure("reasons", "Why solutions are not kept", words, (), *_folded(bars))


def _folded(bars: list[Bar]) -> tuple[tuple[Bar, ...], tuple[Bar, ...]]:
    return tuple(bars[:MOST_BARS]), tuple(bars[MOST_BARS:])
