"""Tables and figures of `search.py`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

NAMES = {
    "monte_carlo": "brute force",
    "omegaprm": "binary search (OmegaPRM)",
    "adaptive": "adaptive (EpicPRM's manner)",
    "bayes": "bisect with surprise (ours)",
    "bayes_baseline": "bisect, flat prior (ours)",
}
COLOURS = ["#8a94a0", "#3b7dd8", "#d9a43b", "#cf4a30", "#7a4fb5"]
BESIDE = {
    "monte_carlo": (0, -12), "omegaprm": (0, 14), "adaptive": (0, -12), "bayes": (-16, 0),
    "bayes_baseline": (16, 0),
}  # fmt: skip
"""Where labels stand, so that they do not cover each other."""
INK, GRID = "#2b3440", "#e6e9ed"


def show(results: Sequence[dict[str, Any]]) -> None:
    """A table of the methods for each k and seed."""
    console = Console()
    for result in results:
        table = Table(
            "method", "F1 [95%]", "exact", "Brier", "ECE", "samples", "tokens", "tokens/error",
            title=f"k = {result['k']}, seed {result['seed']}, {result['policy']}: {result['n']} "
            f"solutions, {result['n_erroneous']} erroneous, {result['mean_steps']:.1f} steps",
        )  # fmt: skip
        for name, m in result["methods"].items():
            low, high = m["f1_interval"]
            table.add_row(
                name, f"{m['f1']:.3f} [{low:.3f}, {high:.3f}]",
                f"{m['exact_of_wrong_answers']:.3f}", f"{m['brier']:.4f}", f"{m['ece']:.4f}",
                f"{m['samples']:,}", f"{m['generated_tokens']:,}",
                f"{m['tokens_per_located_error'] or 0:,.0f}",
            )  # fmt: skip
        console.print(table)
        if "stored_rollouts" in result:
            console.print(_stored(result))


def _stored(result: dict[str, Any]) -> Table:
    table = Table(
        "rule on brute force's rollouts", "wrong solutions decided", "exact", "Brier", "ECE",
        title="what rules make of the same stored rollouts",
    )  # fmt: skip
    for name, one in result["stored_rollouts"].items():
        numbers = [one["exact"], one["brier"], one["ece"]]
        table.add_row(
            name,
            f"{one['kept']} of {one['n']}",
            *("" if value is None else f"{value:.3f}" for value in numbers),
        )
    for band, counts in result["first_zero_by_self_confidence"].items():
        said = ", ".join(f"{off}: {n}" for off, n in counts.items())
        table.add_row(f"off by, self-confidence {band}", said)
    return table


def show_pooled(pooled: Sequence[dict[str, Any]]) -> None:
    """All seeds together; tokens as shares of brute force's, also by the length of solutions."""
    console = Console()
    for one in pooled:
        lengths = list(next(iter(one["methods"].values()))["tokens_by_length"])
        brute = one["methods"].get("monte_carlo", {}).get("tokens_by_length", {})
        table = Table(
            "method", "F1 [95%]", "bisect is above by [95%]", "ECE (steps)", "tokens",
            "of brute force", *(f"{length} steps" for length in lengths),
            title=f"seeds {', '.join(map(str, one['seeds']))} pooled, k = {one['k']}: "
            f"{one['n']} solutions, {one['n_erroneous']} erroneous",
        )  # fmt: skip
        for name, m in one["methods"].items():
            low, high = m["f1_interval"]
            above = one.get("f1_above", {}).get(name)
            shares = [
                m["tokens_by_length"][length] / brute[length] if brute.get(length) else None
                for length in lengths
            ]
            table.add_row(
                name, f"{m['f1']:.3f} [{low:.3f}, {high:.3f}]",
                _difference(above) if above else "",
                f"{m['ece']:.4f} ({m['n_probabilities']:,})", f"{m['generated_tokens']:,}",
                _share(m["tokens_of"].get("monte_carlo")), *map(_share, shares),
            )  # fmt: skip
        console.print(table)


def _difference(above: dict[str, Any]) -> str:
    low, high = above["interval"]
    return f"{above['difference']:+.3f} [{low:+.3f}, {high:+.3f}]"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def plot(results: Sequence[dict[str, Any]], file: Path) -> None:
    """Accuracy against tokens, beside the reliability diagram; all seeds together."""
    import altair as alt

    chart = alt.hconcat(_accuracy(results), _calibration(results), spacing=44)
    chart = chart.configure_axis(
        gridColor=GRID, domainColor=INK, tickColor=INK, labelColor=INK, titleColor=INK,
        labelFontSize=12, titleFontSize=13, titleFontWeight="normal",
    ).configure_view(stroke=None)  # fmt: skip
    chart = chart.configure_legend(labelColor=INK, labelFontSize=12, labelLimit=260)
    chart.save(file, **({"ppi": 110} if file.suffix == ".png" else {}))


def _points(results: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One point per method and k, or confidence; seeds are added up."""
    sums: dict[tuple[str, str], list[float]] = {}
    for result in results:
        n = result["n_wrong_answers"]
        methods = {(name, str(result["k"])): m for name, m in result["methods"].items()}
        methods = {place: m for place, m in methods.items() if not place[0].startswith("bayes")}
        # Its points do not depend on k: they are taken once per seed.
        if result["k"] == results[0]["k"]:
            for confidence, m in result.get("bayes_by_confidence", {}).items():
                methods["bayes", f"{float(confidence):g}"] = m
            for confidence, m in result.get("baseline_by_confidence", {}).items():
                methods["bayes_baseline", f"{float(confidence):g}"] = m
        for place, m in methods.items():
            one = sums.setdefault(place, [0.0, 0.0, 0.0])
            one[0] += n
            one[1] += m["generated_tokens"]
            one[2] += m["exact_of_wrong_answers"] * n
    return [
        {"method": NAMES[name], "at": at, "tokens": tokens / n, "exact": hits / n,
         "order": float(at)}
        for (name, at), (n, tokens, hits) in sums.items()
    ]  # fmt: skip


def _accuracy(results: Sequence[dict[str, Any]]) -> Any:
    import altair as alt

    points = _points(results)
    drawn = [(name, at) for name, at in zip(NAMES.values(), COLOURS, strict=True)
             if any(one["method"] == name for one in points)]  # fmt: skip
    colour = alt.Color(
        "method:N",
        scale=alt.Scale(domain=[name for name, _ in drawn], range=[at for _, at in drawn]),
        legend=alt.Legend(title=None, orient="top", columns=2),
    )
    base = alt.Chart(alt.Data(values=points)).encode(
        x=alt.X("tokens:Q", scale=alt.Scale(type="log", nice=False, padding=24),
                axis=alt.Axis(tickCount=5),
                title="generated tokens per wrong solution (log)"),
        y=alt.Y("exact:Q", scale=alt.Scale(zero=False, padding=16), axis=alt.Axis(format="%"),
                title="first error located exactly"),
        color=colour,
    )  # fmt: skip
    lines = base.mark_line(strokeWidth=2).encode(order="order:Q")
    dots = base.mark_circle(size=60, opacity=1)
    texts = [
        base.transform_filter(alt.datum.method == NAMES[name])
        .mark_text(dx=dx, dy=dy, fontSize=11)
        .encode(text="at:N")
        for name, (dx, dy) in BESIDE.items()
    ]
    return alt.layer(lines, dots, *texts).properties(width=420, height=320)


def _calibration(results: Sequence[dict[str, Any]]) -> Any:
    import altair as alt

    sums: dict[int, list[float]] = {}
    for result in results:
        if result["k"] != results[0]["k"] or "bayes" not in result["methods"]:
            continue
        for one in result["methods"]["bayes"]["reliability"]:
            total = sums.setdefault(min(int(one["claimed"] * 10), 9), [0.0, 0.0, 0.0])
            total[0] += one["n"]
            total[1] += one["n"] * one["claimed"]
            total[2] += one["n"] * one["true"]
    rows = [
        {"claimed": claimed / n, "true": true / n, "steps": n}
        for n, claimed, true in (sums[number] for number in sorted(sums))
    ]
    unit = alt.Scale(domain=[0, 1])
    diagonal = alt.Chart(alt.Data(values=[{"v": 0}, {"v": 1}]))
    diagonal = diagonal.mark_line(strokeDash=[4, 4], color="#8a94a0").encode(x="v:Q", y="v:Q")
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("claimed:Q", scale=unit, title="claimed: P(step is right), bisect"),
        y=alt.Y("true:Q", scale=unit, title="share of steps that are right"),
    )
    points = base.mark_circle(size=90, opacity=1, color=COLOURS[3])
    texts = base.mark_text(dy=-13, fontSize=11, color=INK)
    return (diagonal + points + texts.encode(text=alt.Text("steps:Q", format=","))).properties(
        width=320, height=320
    )
