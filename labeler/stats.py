"""What a version of a dataset holds, in numbers: steps, labels, first errors, labelers, cost.

Counting is lazy and streamed by polars. Evidence on a prefix stands in the row of every solution
that passes through it; it is counted once per run (same prefix, labeler and content), and so is
its cost. Totals of calls and tokens come from the log entries of the runs, which also know what
sampling cost, and from the evidence only where a run recorded none. What nobody measured is null,
never 0 or NaN.

Does not cover agreement with human labels (`labeler.evaluate`) or figures (`labeler.report`).
Source: Wilson, "Probable inference" (1927), for the interval.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from labeler.dataset import Dataset

if TYPE_CHECKING:
    import polars as pl

COSTS = ("calls", "prompt_tokens", "completion_tokens")


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its count and 95% Wilson interval; null where `n` is 0."""

    n_yes: int
    n: int
    rate: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class LabelerStatistics:
    """All evidence of one labeler; `mean_score` over the evidence that carries a score."""

    n_evidence: int
    n_correct: int
    n_wrong: int
    n_unknown: int
    calls: int
    prompt_tokens: int
    completion_tokens: int
    mean_score: float | None


@dataclass(frozen=True, slots=True)
class LabelStatistics:
    """Statistics of one version. Steps are counted per solution, as they are trained on.

    `first_error_histogram` goes from the 0-based index (as text), "-1" for none and "undecided",
    to a number of solutions; `by_outcome` and `by_domain` count solutions too.
    """

    version: int
    n_problems: int
    n_solutions: int
    n_kept: int
    keep_rate: Rate
    n_steps: int
    n_labeled_steps: int
    n_correct_steps: int
    n_neutral_steps: int
    n_wrong_steps: int
    n_undecided_steps: int
    mean_steps: float | None
    first_error_histogram: dict[str, int]
    calls: int | None
    prompt_tokens: int | None
    completion_tokens: int | None
    by_labeler: dict[str, LabelerStatistics]
    by_outcome: dict[str, int]
    by_domain: dict[str, int]

    def to_json(self) -> str:
        """One JSON object with these fields."""
        return json.dumps(asdict(self), indent=2, allow_nan=False)


def label_statistics(dataset: Dataset) -> LabelStatistics:
    """Counts one version in one streamed pass per question."""
    import polars as pl

    rows = dataset.scan()
    queries = [
        rows.select(
            n_problems=pl.col("problem_id").n_unique(),
            n_solutions=pl.len(),
            n_kept=pl.col("consensus").struct.field("kept").sum(),
            n_steps=pl.col("steps").list.len().sum(),
        ),
        _steps(rows).group_by(pl.col("steps").struct.field("label")).len(),
        _evidence(rows),
        rows.group_by("first_error").len().sort("first_error", nulls_last=True),
        rows.group_by("outcome").len().sort("outcome"),
        rows.group_by("domain").len().sort("domain"),
    ]
    # Not collect_all: it keeps the shared scan, all evidence included, in memory (1.1 GB for 0.35).
    totals, labels, evidence, first_errors, outcomes, domains = (
        query.collect(engine="streaming") for query in queries
    )
    counts = totals.row(0, named=True)
    of_label = dict(labels.rows())
    by_labeler = {name: LabelerStatistics(*numbers) for name, *numbers in evidence.rows()}
    calls, prompt_tokens, completion_tokens = _costs(dataset, list(by_labeler.values()))
    n_solutions, n_undecided = counts["n_solutions"], of_label.get(None, 0)
    return LabelStatistics(
        version=dataset.version,
        **counts,
        keep_rate=wilson(counts["n_kept"], n_solutions),
        n_labeled_steps=counts["n_steps"] - n_undecided,
        n_correct_steps=of_label.get(1, 0),
        n_neutral_steps=of_label.get(0, 0),
        n_wrong_steps=of_label.get(-1, 0),
        n_undecided_steps=n_undecided,
        mean_steps=counts["n_steps"] / n_solutions if n_solutions else None,
        first_error_histogram=_histogram(first_errors.rows()),
        calls=calls,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        by_labeler=by_labeler,
        by_outcome=dict(outcomes.rows()),
        by_domain=dict(domains.rows()),
    )


def wilson(n_yes: int, n: int) -> Rate:
    """A share with its 95% Wilson score interval."""
    if n == 0:
        return Rate(0, 0, None, None, None)
    z = NormalDist().inv_cdf(0.975)
    rate = n_yes / n
    middle = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (rate * (1 - rate) / n + z * z / (4 * n * n)) ** 0.5
    return Rate(n_yes, n, rate, max(0.0, middle - half), min(1.0, middle + half))


def _steps(rows: pl.LazyFrame) -> pl.LazyFrame:
    # A solution without steps must not become a step of nulls.
    return rows.select("run_id", "steps").explode("steps", empty_as_null=False)


def _evidence(rows: pl.LazyFrame) -> pl.LazyFrame:
    import polars as pl

    items = _steps(rows).select("run_id", pl.col("steps").struct.field("evidence"))
    distinct = (
        items.explode("evidence", empty_as_null=False)
        .unnest("evidence")
        # A rationale is long, and only needed to tell two pieces of evidence apart.
        .with_columns(pl.col("rationale").hash())
        .unique()
    )
    said = {
        f"n_{verdict}": (pl.col("verdict") == verdict).sum()
        for verdict in ("correct", "wrong", "unknown")
    }
    return (
        distinct.group_by("labeler")
        .agg(
            n_evidence=pl.len(),
            **said,
            **{cost: pl.col(cost).sum() for cost in COSTS},
            mean_score=pl.col("score").mean(),
        )
        .sort("labeler")
    )


def _histogram(first_errors: Sequence[tuple[Any, ...]]) -> dict[str, int]:
    return {"undecided" if index is None else str(index): count for index, count in first_errors}


def _costs(dataset: Dataset, labelers: Sequence[LabelerStatistics]) -> list[int | None]:
    """Totals per kind of cost: from the log where every run recorded it, else from evidence."""
    log = [entry for entry in dataset.versions() if entry.version <= dataset.version]
    runs = [entry.info.cost for entry in log if entry.info is not None]
    totals: list[int | None] = []
    for cost in COSTS:
        if all(cost in run for run in runs):
            totals.append(sum(run[cost] for run in runs))
        else:
            spent = [getattr(labeler, cost) for labeler in labelers]
            totals.append(sum(spent) if spent else None)
    return totals
