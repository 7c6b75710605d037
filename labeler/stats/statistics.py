"""All statistics of one version, put together from one pass over solutions and one over steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from labeler.dataset import Dataset
from labeler.stats.agreement import agreement
from labeler.stats.calibration import calibration
from labeler.stats.cost import Prices, recorded_money, spent, totals, unread
from labeler.stats.frames import COSTS
from labeler.stats.rates import spread, wilson
from labeler.stats.records import LabelCounts, LabelerStatistics, LabelStatistics
from labeler.stats.solutions import count_solutions
from labeler.stats.steps import StepCounts, count_steps

if TYPE_CHECKING:
    import polars as pl


def label_statistics(dataset: Dataset, prices: Prices | None = None) -> LabelStatistics:
    """Counts one version, streamed: memory grows by about 50 bytes a step, not with their texts.

    Dollars are known where `prices` are. Raises `DatasetError` for a damaged file.
    """
    steps = count_steps(dataset)
    solutions = count_solutions(dataset, steps.n_shared)
    of_label = _sums(steps.labels, "label")
    n_steps = sum(of_label.values())
    n_labels = n_steps - of_label.get(None, 0)
    n_kept_labels = sum(n for (label, kept), n in _sums(steps.labels, "label", "kept").items()
                        if kept and label is not None)  # fmt: skip
    by_labeler = _by_labeler(steps)
    of_evidence = {
        kind: sum(getattr(one, kind) for one in by_labeler.values()) for kind in COSTS if by_labeler
    }
    cost = totals(dataset, solutions.run_ids, of_evidence)
    lengths = dict(steps.lengths)
    without = solutions.n_solutions - sum(lengths.values())
    return LabelStatistics(
        version=dataset.version,
        n_problems=solutions.n_problems,
        n_solutions=solutions.n_solutions,
        n_kept=solutions.n_kept,
        keep_rate=wilson(solutions.n_kept, solutions.n_solutions),
        n_steps=n_steps,
        n_labeled_steps=n_labels,
        n_kept_labels=n_kept_labels,
        n_correct_steps=of_label.get(1, 0),
        n_neutral_steps=of_label.get(0, 0),
        n_wrong_steps=of_label.get(-1, 0),
        n_undecided_steps=of_label.get(None, 0),
        mean_steps=n_steps / solutions.n_solutions if solutions.n_solutions else None,
        first_error_histogram={
            "undecided" if step is None else str(step): n
            for step, n in solutions.first_errors.items()
        },
        wrong_where_undecided={str(step): n for step, n in steps.wrong_where_open.items()},
        **{kind: cost[kind] for kind in COSTS},  # type: ignore[arg-type]  # tokens are whole
        cost=spent(
            cost,
            n_labels,
            n_kept_labels,
            prices,
            recorded_money(dataset, solutions.run_ids),
        ),
        by_labeler=by_labeler,
        by_outcome=solutions.by_outcome,
        by_domain={name: rate.n for name, rate in solutions.keep_by_domain.items()},
        labels_by_domain=_label_counts(steps.labels, "domain"),
        labels_by_position=_label_counts(steps.labels, "position"),
        keep_by_domain=solutions.keep_by_domain,
        keep_by_difficulty=solutions.keep_by_difficulty,
        drop_reasons=solutions.drop_reasons,
        agreement=agreement(steps.labelers, steps.patterns),
        calibration={by: calibration(tallies) for by, tallies in sorted(steps.tallies.items())},
        monte_carlo=_monte_carlo(steps),
        duplicates=solutions.duplicates,
        steps_per_solution=spread(lengths | ({0: without} if without else {})),
        characters_per_step=spread(steps.characters),
        unread=unread(dataset),
    )


def _sums(table: pl.DataFrame, *keys: str) -> dict[Any, int]:
    """Counts by one key (its value) or several (a tuple), in order."""
    import polars as pl

    if not table.columns:
        return {}
    summed = table.group_by(keys).agg(pl.col("len").sum()).sort(keys)
    return {row[0] if len(keys) == 1 else row[:-1]: row[-1] for row in summed.iter_rows()}


def _label_counts(labels: pl.DataFrame, by: str) -> dict[str, LabelCounts]:
    found: dict[str, dict[int | None, int]] = {}
    for (group, label), n in _sums(labels, by, "label").items():
        found.setdefault(str(group), {})[label] = n
    return {group: _of_labels(counts) for group, counts in found.items()}


def _of_labels(counts: Mapping[int | None, int]) -> LabelCounts:
    n_right, n_neutral, n_wrong, n_undecided = (counts.get(label, 0) for label in (1, 0, -1, None))
    wrong_rate = wilson(n_wrong, n_right + n_wrong)
    return LabelCounts(n_right, n_neutral, n_wrong, n_undecided, wrong_rate)


def _by_labeler(steps: StepCounts) -> dict[str, LabelerStatistics]:
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in steps.said.iter_rows(named=True):
        rows.setdefault(row["labeler"], []).append(row)
    return {name: _one_labeler(mine) for name, mine in rows.items()}


def _one_labeler(rows: Iterable[Mapping[str, Any]]) -> LabelerStatistics:
    rows = list(rows)

    def said(verdict: str) -> int:
        return sum(row["len"] for row in rows if row["verdict"] == verdict)

    scored = sum(row["scored"] for row in rows)
    signalled = sum(row["signalled"] for row in rows)
    alone = sum(row["alone"] for row in rows)
    return LabelerStatistics(
        n_evidence=sum(row["len"] for row in rows),
        n_correct=said("correct"),
        n_wrong=said("wrong"),
        n_unknown=said("unknown") - alone,
        **{kind: sum(row[kind] for row in rows) for kind in COSTS},
        mean_score=sum(row["score"] for row in rows) / scored if scored else None,
        n_signals=alone,
        mean_signal=sum(row["signal"] for row in rows) / signalled if signalled else None,
    )


def _monte_carlo(steps: StepCounts) -> dict[str, dict[str, list[int]]]:
    """Rollouts: value evidence with more than one sample; outcomes and votes are not."""
    found: dict[str, dict[str, list[int]]] = {}
    for row in steps.said.iter_rows(named=True):
        if row["asks"] == "value" and row["verdict"] != "unknown" and row["n"] > 1:
            counts = found.setdefault(row["labeler"], {})
            counts.setdefault(str(row["n"]), [0] * (row["n"] + 1))[row["n_correct"]] += row["len"]
    return found
