"""Figures of the statistics as SVG: drawn by Vega-Lite here, so the page needs no script.

Every figure comes from the numbers of `labeler.stats` alone; a share is never drawn without its
interval. A figure whose data is not there is left out, not drawn empty.
Source: Altair (Vega-Lite), rendered by vl-convert.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from labeler.stats.agreement import PairAgreement, one_sided
from labeler.stats.calibration import FEWEST_POINTS, Calibration
from labeler.stats.rates import Rate
from labeler.stats.records import LabelStatistics

if TYPE_CHECKING:
    import altair as alt

COLOURS = {"right": "#1b8a6b", "neutral": "#d9a43b", "wrong": "#cf4a30", "undecided": "#b4bcc4"}
INK, GRID = "#2b3440", "#e6e9ed"
WIDTH, HEIGHT = 400, 220
MOST_PLACES = 24
"""Places after these are drawn as one."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing with the sentence that says how to read it."""

    title: str
    caption: str
    svg: str


def figures(s: LabelStatistics) -> list[Figure]:
    """All figures the statistics have data for."""
    drawn = enumerate(_figures(s))
    return [replace(figure, svg=_own_names(figure.svg, number)) for number, figure in drawn]


def _own_names(svg: str, number: int) -> str:
    """Vega names clipping areas by a counter of the process; each figure needs its own names."""
    names: dict[str, str] = {}

    def own(found: re.Match[str]) -> str:
        name = names.setdefault(found[2], f"figure{number}-clip{len(names)}")
        return f"{found[1]}{name}{found[3]}"

    return re.sub(r'(id="|url\(#)(clip\d+)("|\))', own, svg)


def _figures(s: LabelStatistics) -> Iterator[Figure]:
    if s.n_solutions:
        yield _first_errors(s)
    if s.n_steps:
        yield _labels_by_step(s)
    if s.keep_by_difficulty:
        yield _keeping(s)
    for labeler, by_n in s.monte_carlo.items():
        yield _rollouts(labeler, by_n)
    if s.agreement.pairs:
        yield _agreement(s)
    for by, found in s.calibration.items():
        yield _calibration(by, found)


OPEN = "wrong somewhere"
"""Of solutions with a step labelled wrong whose first error is undecided."""


def _first_errors(s: LabelStatistics) -> Figure:
    import altair as alt

    found = dict(s.first_error_histogram)
    none, undecided = found.pop("-1", 0), found.pop("undecided", 0)
    # Places where nothing went wrong are shown too, or the axis would lie.
    last = max(map(int, found), default=-1)
    counts = {"none": none} | dict.fromkeys(map(_step_name, range(last + 1)), 0)
    for step, n in found.items():
        counts[_step_name(int(step))] += n
    flagged = sum(s.wrong_where_undecided.values())
    counts |= {OPEN: flagged} if flagged else {}
    counts["undecided"] = undecided - flagged
    colour = {"none": COLOURS["right"], "undecided": COLOURS["undecided"]}
    rows = [
        {"place": name, "solutions": n, "colour": colour.get(name, COLOURS["wrong"])}
        for name, n in counts.items()
    ]
    chart = alt.Chart(_data(rows)).mark_bar(cornerRadiusEnd=2)
    chart = chart.encode(
        x=alt.X(
            "place:N", sort=list(counts), title="first wrong step", axis=alt.Axis(labelAngle=0)
        ),
        y=alt.Y("solutions:Q"),
        color=alt.Color("colour:N", scale=None),
    )
    caption = "Solutions by their first wrong step."
    if flagged:
        caption += f" {OPEN}: a step is labelled wrong, and some step before it has no label."
    return Figure("Where solutions go wrong", caption, _svg(chart))


def _labels_by_step(s: LabelStatistics) -> Figure:
    import altair as alt

    sums: dict[tuple[str, str], int] = {}
    for step, one in s.labels_by_position.items():
        numbers = (one.n_correct, one.n_neutral, one.n_wrong, one.n_undecided)
        for label, n in zip(COLOURS, numbers, strict=True):
            sums[_step_name(int(step)), label] = sums.get((_step_name(int(step)), label), 0) + n
    order = list(dict.fromkeys(step for step, _ in sums))
    rows = [{"place": p, "label": label, "steps": n} for (p, label), n in sums.items()]
    for row in rows:
        row["rank"] = list(COLOURS).index(str(row["label"]))
    chart = alt.Chart(_data(rows)).mark_bar()
    chart = chart.encode(
        x=alt.X("place:N", sort=order, title="step", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("steps:Q"),
        color=alt.Color(
            "label:N",
            scale=alt.Scale(domain=list(COLOURS), range=list(COLOURS.values())),
            legend=alt.Legend(orient="top", title=None),
        ),
        order=alt.Order("rank:Q"),
    )
    return Figure("Labels along a solution", "Steps by place and label.", _svg(chart))


def _keeping(s: LabelStatistics) -> Figure:
    import altair as alt

    rows = [_share(band, one.keep_rate) for band, one in s.keep_by_difficulty.items()]
    axis = alt.Axis(labelAngle=0)
    x = alt.X("name:N", sort=[row["name"] for row in rows], axis=axis,
              title="share of the problem's solutions that are right")  # fmt: skip
    return Figure(
        "What is kept of hard and easy problems",
        "Share of solutions kept, with 95% intervals. A rule that drops what is hard shows here.",
        _svg(_with_interval(rows, x, "share kept")),
    )


def _rollouts(labeler: str, by_n: Mapping[str, list[int]]) -> Figure:
    import altair as alt

    rows = [
        {"right": right, "prefixes": count, "of": f"{n} rollouts"}
        for n, counts in by_n.items()
        for right, count in enumerate(counts)
    ]
    chart = alt.Chart(_data(rows)).mark_bar(cornerRadiusEnd=2, color="#3f6fb0")
    chart = chart.encode(
        x=alt.X("right:O", title="rollouts right", axis=alt.Axis(labelAngle=0)), y="prefixes:Q"
    )
    if len(by_n) > 1:
        order = [f"{n} rollouts" for n in sorted(by_n, key=int)]
        legend = alt.Legend(orient="top", title=None)
        chart = chart.encode(color=alt.Color("of:N", sort=order, legend=legend))
    else:
        chart = chart.encode(x=alt.X("right:O", title=f"rollouts right, of {next(iter(by_n))}",
                                     axis=alt.Axis(labelAngle=0)))  # fmt: skip
    return Figure(
        f"Rollouts that reach the answer ({labeler})",
        "Prefixes by how many of their rollouts were right; 0 is what papers take for wrong.",
        _svg(chart),
    )


def _agreement(s: LabelStatistics) -> Figure:
    """Kappa of each pair; where no pair has one that tells something, how often they agree."""
    rows = [
        {"pair": f"{p.a}, {p.b}", "value": p.kappa.value, "low": p.kappa.low, "high": p.kappa.high}
        for p in s.agreement.pairs
        if p.kappa.value is not None and not one_sided(p)
    ]
    why = _of_one_sided(s.agreement.pairs)
    title = "Do sources agree?"
    if not rows:
        rows = [
            {"pair": f"{p.a}, {p.b}", "value": p.agree.rate, "low": p.agree.low,
             "high": p.agree.high}
            for p in s.agreement.pairs
        ]  # fmt: skip
        caption = f"Share of steps of which both say the same, with 95% intervals.{why}"
        return Figure(title, caption, _by_pair(rows, "say the same", (0, 1)))
    alpha = s.agreement.alpha.value
    known = "" if alpha is None else f" Krippendorff's alpha over all: {alpha:.2f}."
    caption = f"0 is chance, 1 is full agreement; 95% intervals.{known}{why}"
    return Figure(title, caption, _by_pair(rows, "Cohen's kappa", (-1, 1)))


def _of_one_sided(pairs: Sequence[PairAgreement]) -> str:
    """Who says one thing only, beside how many others: each is named once, not once for a pair."""
    told = Counter(side for pair in pairs for side in one_sided(pair))
    if not told:
        return ""
    who = "; ".join(f"{side} ({n} of the pairs)" for side, n in sorted(told.items()))
    return f" Kappa cannot tell where a source says one thing only: {who}."


def _by_pair(rows: list[dict[str, Any]], what: str, ends: tuple[int, int]) -> str:
    import altair as alt

    base = alt.Chart(_data(rows)).encode(
        y=alt.Y("pair:N", title=None, axis=alt.Axis(labelLimit=260))
    )
    scale = alt.Scale(domain=list(ends))
    x = alt.X("value:Q", title=what, scale=scale, axis=alt.Axis(tickCount=5))
    chart = base.mark_rule(strokeWidth=2, color=INK).encode(
        x=alt.X("low:Q", title=what), x2="high:Q"
    ) + base.mark_point(filled=True, size=70, color="#3f6fb0", opacity=1).encode(x=x)
    return _svg(chart, height=max(90, 34 * len(rows)))


def _calibration(by: str, found: Calibration) -> Figure:
    import altair as alt

    rows = [
        _share("", one.right) | {"said": one.mean_probability, "n": one.right.n}
        for one in found.bins
    ]
    unit = alt.Scale(domain=[0, 1])
    x = alt.X("said:Q", title="probability given", scale=unit)
    diagonal = alt.Chart(_data([{"said": 0, "share": 0}, {"said": 1, "share": 1}])).mark_line(
        strokeDash=[4, 4], color="#9aa3ad"
    ).encode(x=x, y=alt.Y("share:Q", scale=unit))  # fmt: skip
    named = {"human": "people's verdicts", "annotated": "the file's own labels"}
    whose = {**named, "outcome": "outcomes"}.get(by, by)
    brier = "" if found.brier is None else f" Brier score {found.brier:.3f}."
    only = " The rule sees the outcome, so this shows fit, not truth." if by == "outcome" else ""
    title = f"Do probabilities hold, against {whose}?"
    if len(rows) < FEWEST_POINTS:
        told = "; ".join(
            f"said {one.mean_probability:.2f}, right {one.right.n_yes:,} of {one.right.n:,}"
            for one in found.bins
        )
        # Beside each other, not along a scale: two points would be taken for a curve.
        points = [row | {"name": f"said {row['said']:.2f}"} for row in rows]
        beside = alt.X("name:N", title=None, axis=alt.Axis(labelAngle=0))
        caption = f"{found.n:,} steps, too alike for a curve: {told}.{brier}{only}"
        return Figure(title, caption, _svg(_with_interval(points, beside, "share right")))
    return Figure(
        title,
        f"{found.n:,} steps; on the dashed line they would.{brier}{only}",
        _svg(diagonal + _with_interval(rows, x, "share right")),
    )


def _share(name: str, rate: Rate) -> dict[str, Any]:
    return {"name": name, "share": rate.rate, "low": rate.low, "high": rate.high}


def _with_interval(rows: list[dict[str, Any]], x: alt.X, title: str) -> alt.LayerChart:
    import altair as alt

    base = alt.Chart(_data(rows)).encode(x=x)
    unit = alt.Scale(domain=[0, 1])
    y = alt.Y("share:Q", title=title, scale=unit, axis=alt.Axis(format="%"))
    interval = base.mark_rule(strokeWidth=2, color=INK).encode(
        y=alt.Y("low:Q", title=title, scale=unit), y2="high:Q"
    )
    point = base.mark_point(filled=True, size=70, color="#3f6fb0", opacity=1).encode(y=y)
    return alt.LayerChart(layer=[interval, point])


def _step_name(index: int) -> str:
    return str(index + 1) if index < MOST_PLACES else f"{MOST_PLACES + 1}+"


def _data(rows: list[dict[str, Any]]) -> alt.Data:
    import altair as alt

    return alt.Data(values=rows)


def _svg(chart: alt.Chart | alt.LayerChart, height: int = HEIGHT) -> str:
    import vl_convert

    styled = (
        chart.properties(width=WIDTH, height=height)
        .configure(font="sans-serif", background="transparent", padding=8)
        .configure_view(stroke=None)
        .configure_axis(
            gridColor=GRID, domainColor=INK, tickColor=GRID, labelColor=INK, titleColor=INK,
            titleFontWeight="normal", labelFontSize=11, titleFontSize=12,
        )
        .configure_axisX(grid=False)
    )  # fmt: skip
    svg: str = vl_convert.vegalite_to_svg(styled.to_dict(validate=False))
    return svg
