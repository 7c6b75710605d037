"""All statistics of one version, put together from the summary of its files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from labeler.dataset import Dataset
from labeler.dataset.summary import Summary, summary_of
from labeler.dataset.summary.counts import NUMBERS, Counts
from labeler.dataset.summary.exact import value
from labeler.stats.agreement import Agreement, agreement
from labeler.stats.calibration import Calibration, Tally, calibration
from labeler.stats.cost import COSTS, Prices, recorded_money, spent, totals, unread
from labeler.stats.rates import Rate, spread, wilson
from labeler.stats.records import (
    AgentCounts,
    Duplicates,
    KeepByDifficulty,
    LabelCounts,
    LabelerStatistics,
    LabelStatistics,
    ToolCounts,
)


def label_statistics(dataset: Dataset, prices: Prices | None = None) -> LabelStatistics:
    """Counts one version by the summaries of its files; a file without one is read, once.

    Dollars are known where `prices` are. Raises `DatasetError` for a damaged file.
    """
    summary = summary_of(dataset)
    counts = summary.counts
    n_solutions, n_kept = counts.total("solutions")
    of_label = _sums(counts, "labels", 2)
    n_steps = sum(of_label.values())
    n_labels = n_steps - of_label.get(None, 0)
    n_kept_labels = sum(
        n for (_, _, label, kept), (n,) in counts["labels"].items() if kept and label is not None
    )
    by_labeler = _by_labeler(counts)
    of_evidence = {
        kind: sum(getattr(one, kind) for one in by_labeler.values()) for kind in COSTS if by_labeler
    }
    run_ids = [run for (run,) in counts["runs"]]
    cost = totals(dataset, run_ids, of_evidence)
    lengths = {steps: n for (steps,), (n,) in counts["lengths"].items()}
    without = n_solutions - sum(lengths.values())
    keep_by_domain = _keep_by_domain(counts)
    return LabelStatistics(
        version=dataset.version,
        n_problems=summary.distinct.n_problems,
        n_solutions=n_solutions,
        n_kept=n_kept,
        keep_rate=wilson(n_kept, n_solutions),
        n_steps=n_steps,
        n_labeled_steps=n_labels,
        n_kept_labels=n_kept_labels,
        n_correct_steps=of_label.get(1, 0),
        n_neutral_steps=of_label.get(0, 0),
        n_wrong_steps=of_label.get(-1, 0),
        n_undecided_steps=of_label.get(None, 0),
        mean_steps=n_steps / n_solutions if n_solutions else None,
        first_error_histogram={
            "undecided" if step is None else str(step): n
            for (step,), (n,) in counts["first_errors"].items()
        },
        wrong_where_undecided={
            str(place): n for (place,), (n,) in counts["wrong_where_open"].items()
        },
        **{kind: cost[kind] for kind in COSTS},  # type: ignore[arg-type]  # tokens are whole
        cost=spent(
            cost,
            n_labels,
            n_kept_labels,
            prices,
            recorded_money(dataset, run_ids),
        ),
        by_labeler=by_labeler,
        by_outcome={outcome: n for (outcome,), (n,) in counts["outcomes"].items()},
        by_domain={name: rate.n for name, rate in keep_by_domain.items()},
        labels_by_domain=_label_counts(counts, 0),
        labels_by_position=_label_counts(counts, 1),
        keep_by_domain=keep_by_domain,
        keep_by_difficulty=_keep_by_difficulty(summary),
        drop_reasons=_reasons(counts),
        agreement=_agreement(counts),
        calibration=_calibration(counts),
        monte_carlo=_monte_carlo(counts),
        duplicates=Duplicates(
            n_solutions - summary.distinct.n_solutions,
            summary.distinct.n_problems - summary.distinct.n_texts,
            *counts.total("shared"),
        ),
        steps_per_solution=spread(lengths | ({0: without} if without else {})),
        characters_per_step=spread({long: n for (long,), (n,) in counts["characters"].items()}),
        unread=unread(dataset),
        agents=_agents(counts),
    )


def _agents(counts: Counts) -> AgentCounts | None:
    totals = counts.total("turns")
    if not totals[0]:
        return None
    failures: dict[str, dict[str, int]] = {}
    for (tool, failure), (n,) in counts["calls"].items():
        failures.setdefault(tool, {})[failure] = n
    tools = {}
    for tool, by_kind in sorted(failures.items(), key=lambda one: (-sum(one[1].values()), one[0])):
        n_calls = sum(by_kind.values())
        failed = {kind: n for kind, n in by_kind.items() if kind}
        tools[tool] = ToolCounts(n_calls, failed, wilson(sum(failed.values()), n_calls))
    per_solution = {n: times for (n,), (times,) in counts["calls_per_solution"].items()}
    numbers = dict(zip(NUMBERS["turns"], totals, strict=True))
    return AgentCounts(**numbers, calls_per_solution=spread(per_solution), tools=tools)


def _sums(counts: Counts, table: str, place: int) -> dict[Any, int]:
    """Counts by one part of a table's keys, in order."""
    found: dict[Any, int] = {}
    for key, (n,) in counts[table].items():
        found[key[place]] = found.get(key[place], 0) + n
    return dict(sorted(found.items(), key=lambda item: (item[0] is not None, item[0])))


def _label_counts(counts: Counts, place: int) -> dict[str, LabelCounts]:
    """Labels by domain (place 0 of the keys) or by place in the solution (1)."""
    found: dict[str | int, dict[int | None, int]] = {}
    for key, (n,) in counts["labels"].items():
        labels = found.setdefault(key[place], {})
        labels[key[2]] = labels.get(key[2], 0) + n
    return {str(group): _of_labels(labels) for group, labels in sorted(found.items())}


def _of_labels(counts: Mapping[int | None, int]) -> LabelCounts:
    n_right, n_neutral, n_wrong, n_undecided = (counts.get(label, 0) for label in (1, 0, -1, None))
    wrong_rate = wilson(n_wrong, n_right + n_wrong)
    return LabelCounts(n_right, n_neutral, n_wrong, n_undecided, wrong_rate)


def _keep_by_domain(counts: Counts) -> dict[str, Rate]:
    return {name: wilson(n_kept, n) for (name,), (n_kept, n) in counts["domains"].items()}


def _keep_by_difficulty(summary: Summary) -> dict[str, KeepByDifficulty]:
    return {
        band: KeepByDifficulty(n_problems, wilson(n_kept, n))
        for band, (n_problems, n_kept, n) in summary.distinct.bands.items()
    }


def _reasons(counts: Counts) -> dict[str, int]:
    """The most frequent first."""
    reasons = {reason: n for (reason,), (n,) in counts["reasons"].items()}
    return dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0])))


def _agreement(counts: Counts) -> Agreement:
    labelers = sorted({labeler for labeler, *_ in counts["said"]})
    place = {name: number for number, name in enumerate(labelers)}
    patterns = {}
    for (said,), (n,) in counts["patterns"].items():
        verdicts = [0] * len(labelers)
        for name, sign in zip(said[::2], said[1::2], strict=True):
            verdicts[place[name]] = sign
        patterns[tuple(verdicts)] = n
    return agreement(labelers, patterns)


def _calibration(counts: Counts) -> dict[str, Calibration]:
    tallies: dict[str, dict[int, Tally]] = {}
    for (by, index), (n, n_right, *sums) in counts["settled"].items():
        tally = Tally(n, n_right, value(*sums[:2]), value(*sums[2:]))
        tallies.setdefault(by, {})[index] = tally
    return {by: calibration(bins) for by, bins in sorted(tallies.items())}


def _by_labeler(counts: Counts) -> dict[str, LabelerStatistics]:
    rows: dict[str, list[tuple[str, tuple[int, ...]]]] = {}
    for (labeler, _, verdict, *_), numbers in counts["said"].items():
        rows.setdefault(labeler, []).append((verdict, numbers))
    return {name: _one_labeler(mine) for name, mine in sorted(rows.items())}


def _one_labeler(rows: Iterable[tuple[str, tuple[int, ...]]]) -> LabelerStatistics:
    n_by_verdict: dict[str, int] = {}
    totals = [0] * len(NUMBERS["said"])
    for verdict, numbers in rows:
        n_by_verdict[verdict] = n_by_verdict.get(verdict, 0) + numbers[0]
        totals = [one + more for one, more in zip(totals, numbers, strict=True)]
    n, n_scored, high, low, n_signalled, n_alone, signal_high, signal_low, *costs = totals
    return LabelerStatistics(
        n_evidence=n,
        n_correct=n_by_verdict.get("correct", 0),
        n_wrong=n_by_verdict.get("wrong", 0),
        n_unknown=n_by_verdict.get("unknown", 0) - n_alone,
        **dict(zip(COSTS, costs, strict=True)),
        mean_score=value(high, low) / n_scored if n_scored else None,
        n_signals=n_alone,
        mean_signal=value(signal_high, signal_low) / n_signalled if n_signalled else None,
    )


def _monte_carlo(counts: Counts) -> dict[str, dict[str, list[int]]]:
    """Rollouts: value evidence with more than one sample; outcomes and votes are not."""
    found: dict[str, dict[str, list[int]]] = {}
    for (labeler, asks, verdict, n, n_correct), (n_pieces, *_) in counts["said"].items():
        if asks == "value" and verdict != "unknown" and n > 1:
            by_n = found.setdefault(labeler, {})
            by_n.setdefault(str(n), [0] * (n + 1))[n_correct] += n_pieces
    return found
