"""Pictures of the sources: who said what, do they agree, do probabilities hold, rollouts, cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from labeler.stats.agreement import Coefficient, PairAgreement, one_sided
from labeler.stats.calibration import FEWEST_POINTS, Bin, Calibration
from labeler.stats.records import CostPerLabel, LabelerStatistics, LabelStatistics
from labeler.unread import REMEDY, Unread
from labeler.view.figures.base import (
    VERDICTS,
    Bar,
    Figure,
    Number,
    Part,
    Point,
    Scale,
    Span,
    Table,
    count,
    interval,
    query,
    stacked,
)

SIGNAL = "score-alone"
"""A piece that is a score without a verdict."""

MOST_PAIRS = 6
"""More are folded away."""


def source_figures(s: LabelStatistics) -> Iterator[Figure]:
    """Those that there is data for."""
    if s.by_labeler:
        yield who_said_what(s)
    if s.agreement.pairs:
        yield agreement(s)
    for by, found in s.calibration.items():
        yield calibration(by, found)
    for labeler, by_n in s.monte_carlo.items():
        yield rollouts(labeler, by_n)
    if s.unread:
        yield unread(s)
    if any(one.total for one in s.cost.values()):
        yield cost(s)


def who_said_what(s: LabelStatistics) -> Figure:
    """A stacked bar of verdicts per labeler."""
    widest = max(one.n_evidence for one in s.by_labeler.values())
    bars = tuple(_labeler(name, one, widest) for name, one in s.by_labeler.items())
    has_signals = any(one.n_signals for one in s.by_labeler.values())
    words = (
        "Pieces of evidence; what is said of a beginning that solutions share counts once. A number"
        " leads to the solutions in which it was said."
    )
    legend = (*VERDICTS.values(), SIGNAL) if has_signals else tuple(VERDICTS.values())
    return Figure("sources", "Who said what", words, legend, bars)


def _labeler(name: str, one: LabelerStatistics, widest: int) -> Bar:
    counts = {"right": one.n_correct, "wrong": one.n_wrong, "unknown": one.n_unknown}
    counts |= {SIGNAL: one.n_signals} if one.n_signals else {}
    said = {**{words: verdict for verdict, words in VERDICTS.items()}, SIGNAL: "unknown"}
    filters: dict[str, dict[str, object]] = {
        words: {"labeler": name, "said": verdict} for words, verdict in said.items()
    }
    bar = stacked(Number(name, query(labeler=name)), counts, widest, filters)
    notes = [] if one.mean_score is None else [f"mean score {one.mean_score:.2f}"]
    if one.mean_signal is not None:
        notes.append(f"mean signal {one.mean_signal:.2f}")
    if one.completion_tokens:
        notes.append(f"{one.completion_tokens:,} tokens generated")
    return Bar(bar.name, bar.parts, ", ".join(notes))


def agreement(s: LabelStatistics) -> Figure:
    """Kappa of every pair on a scale; where a source says one thing only, words in its place."""
    spans = tuple(_pair(pair) for pair in s.agreement.pairs)
    alpha = s.agreement.alpha
    words = f"On {s.agreement.n_steps:,} steps at least two sources decided"
    if alpha.value is not None:
        words += f"; over all of them Krippendorff's alpha is {_coefficient(alpha)}"
    words += ". Drawn is Cohen's kappa with its 95% interval: 0 is chance, 1 full agreement."
    scale = Scale(-1, 1, ("-1, opposite", "1, the same"), 0)
    shown, more = spans[:MOST_PAIRS], spans[MOST_PAIRS:]
    title = "Do the sources agree?"
    return Figure("agreement", title, words, spans=shown, more_spans=more, scale=scale)


def _pair(p: PairAgreement) -> Span:
    def both(words: str, verdict: str) -> Number:
        n = p.both_right if verdict == "correct" else p.both_wrong
        return count(
            n, words, labeler=p.a, said=verdict, other=p.b, other_said=verdict
        )  # fmt: skip

    numbers = (
        both("both right", "correct"),
        both("both wrong", "wrong"),
        count(p.only_a_right, f"only {p.a} right", labeler=p.a, odds=p.b),
        count(p.only_b_right, f"only {p.b} right", labeler=p.b, odds=p.a),
        Number(f"the same on {interval(p.agree)}"),
    )
    name, why = f"{p.a}, {p.b}", " and ".join(one_sided(p))
    if why or p.kappa.value is None:
        note = f"{why} here: kappa cannot tell agreement from chance" if why else "no kappa here"
        return Span(name, None, None, None, numbers, note)
    told = (*numbers, Number(f"kappa {_coefficient(p.kappa)}"))
    return Span(name, p.kappa.value, p.kappa.low, p.kappa.high, told)


def calibration(by: str, found: Calibration) -> Figure:
    """What probabilities promised and what came true, as a curve where there are points enough."""
    named = {"human": "people's verdicts", "annotated": "the file's own labels"}
    whose = {**named, "outcome": "the outcome"}.get(by, by)
    points = tuple(_point(by, one) for one in found.bins)
    words = f"{found.n:,} steps with a probability were settled"
    if found.brier is not None and found.expected_error is not None:
        words += (
            f"; on average they are off by {found.expected_error:.3f} (Brier {found.brier:.3f})"
        )
    words += "."
    if by == "outcome":
        words += " These are last steps; most rules see the outcome, so this shows fit, not truth."
    if len(points) < FEWEST_POINTS:
        words += (
            f" They fill {len(points)} of ten bins, too few for a curve: the numbers stand below."
        )
    title = f"Do probabilities hold, against {whose}?"
    return Figure(f"calibration-{by}", title, words, points=points)


def _point(by: str, one: Bin) -> Point:
    filters: dict[str, object] = {"last_from": one.low, "last_to": one.high}
    right: dict[str, object] = filters | {"outcome": "correct"}
    if by != "outcome":
        filters = right = {"labeler": by}
    assert one.right.rate is not None and one.right.low is not None and one.right.high is not None
    return Point(
        one.mean_probability, one.right.rate, one.right.low, one.right.high,
        f"{one.low:.1f} to {one.high:.1f}",
        (
            count(one.right.n, "steps", **filters),
            Number(f"said {one.mean_probability:.2f}"),
            count(one.right.n_yes, "right", **right),
            Number(interval(one.right)),
        ),
    )  # fmt: skip


def rollouts(labeler: str, by_n: Mapping[str, list[int]]) -> Figure:
    """Prefixes by how many of their rollouts were right."""
    ordered = sorted(by_n.items(), key=lambda item: int(item[0]))
    widest = max(n for _, counts in ordered for n in counts)
    bars = [
        Bar(
            Number(f"{right} of {n}"),
            (
                Part("blue", found / max(1, widest),
                     count(found, "prefixes", labeler=labeler, rollouts=f"{right}/{n}")),
            ),
        )
        for n, counts in ordered
        for right, found in enumerate(counts)
    ]  # fmt: skip
    words = "Prefixes by how many of their rollouts were right; 0 is what papers take for wrong."
    title = f"Rollouts that reach the answer: {labeler}"
    return Figure(f"rollouts-{labeler}", title, words, (), tuple(bars[:12]), tuple(bars[12:]))


def unread(s: LabelStatistics) -> Figure:
    """Shares of replies nobody could read."""
    spans = tuple(
        Span(
            asker, rate.rate, rate.low, rate.high,
            (Number(f"{rate.n:,} replies"), Number(f"{rate.n_yes:,} unread"),
             Number(interval(rate))),
            REMEDY if Unread(rate.n, rate.n_yes).warns else "",
        )
        for asker, rate in s.unread.items()
    )  # fmt: skip
    words = "Replies in which no answer was found; labels rest on how answers are read."
    scale = Scale(0, 1, ("all read", "none read"))
    return Figure("unread", "Replies without a readable answer", words, spans=spans, scale=scale)


def cost(s: LabelStatistics) -> Figure:
    """What it took, in all and per label."""
    rows = [
        (Number(kind.replace("_", " ")), *map(Number, _amounts(one)))
        for kind, one in s.cost.items()
    ]
    words = "Of all runs behind this version; per label, and per label that is kept for training."
    return Figure(
        "cost", "What it took", words,
        table=Table(("", "in all", "per label", "per kept label"), tuple(rows)),
    )  # fmt: skip


def _amounts(one: CostPerLabel) -> list[str]:
    return [
        "not recorded" if x is None else f"{x:,.0f}" if x >= 100 or x == int(x) else f"{x:,.3g}"
        for x in (one.total, one.per_label, one.per_kept_label)
    ]


def _coefficient(c: Coefficient) -> str:
    if c.value is None or c.low is None or c.high is None:
        return "not defined"
    return f"{c.value:.2f} [{c.low:.2f}, {c.high:.2f}]"
