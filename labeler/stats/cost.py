"""What a version took: calls, tokens, seconds, dollars; in all, per label and per kept label.

Totals come from the log entries of the runs, which also know what sampling cost; from the evidence
only where a run with rows in this version recorded none. Source: ../specs, trap 12: cost per
emitted label and per kept label, for filters change the second only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from labeler.dataset import CommitInfo, Dataset
from labeler.stats.rates import Rate, wilson
from labeler.stats.records import CostPerLabel
from labeler.unread import unread_by_asker

COSTS = ("calls", "prompt_tokens", "completion_tokens")
MEASURED = (*COSTS, "seconds")


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars per million tokens."""

    prompt: float
    completion: float


def totals(
    dataset: Dataset, run_ids: Sequence[str], of_evidence: Mapping[str, int]
) -> dict[str, int | float | None]:
    """Sums by kind of cost; None for what was not recorded."""
    log = {entry.version: entry.info for entry in dataset.versions()}
    costs = {info.run_id: info.cost for info in _lineage(log, dataset.version)}
    found: dict[str, int | float | None] = {}
    for kind in MEASURED:
        recorded = {run: cost[kind] for run, cost in costs.items() if kind in cost}
        if recorded and recorded.keys() >= set(run_ids):
            found[kind] = sum(recorded.values())
        else:
            found[kind] = of_evidence.get(kind)
    return found


def recorded_money(dataset: Dataset, run_ids: Sequence[str]) -> tuple[str, float] | None:
    """What the runs of this version spent, where all tell it in one currency."""
    log = {entry.version: entry.info for entry in dataset.versions()}
    told = {
        info.run_id: (info.cost["currency"], info.cost["spent"])
        for info in _lineage(log, dataset.version)
        if "spent" in info.cost
    }
    currencies = {currency for currency, _ in told.values()}
    if len(currencies) != 1 or not told.keys() >= set(run_ids):
        return None
    return currencies.pop(), sum(amount for _, amount in told.values())


def unread(dataset: Dataset) -> dict[str, Rate]:
    """Replies without a readable answer, by who asked; of the runs that this version rests on."""
    log = {entry.version: entry.info for entry in dataset.versions()}
    sums: dict[str, Counter[str]] = {}
    for info in _lineage(log, dataset.version):
        for asker, one in unread_by_asker(info.cost.get("statistics", {})).items():
            counts = Counter(replies=one.replies, unread=one.unread)
            sums.setdefault(asker, Counter()).update(counts)
    return {asker: wilson(one["unread"], one["replies"]) for asker, one in sorted(sums.items())}


def _lineage(log: Mapping[int, CommitInfo | None], version: int) -> Iterator[CommitInfo]:
    """The commits that a version rests on: it and the one before, or the one it was made from."""
    while version >= 0:
        info = log.get(version)
        before: int = version - 1
        if info is not None:
            yield info
            before = info.cost.get("consensus", {}).get("made_from", before)
        version = before


def spent(
    totals: Mapping[str, int | float | None],
    n_labels: int,
    n_kept_labels: int,
    prices: Prices | None,
    money: tuple[str, float] | None = None,
) -> dict[str, CostPerLabel]:
    """Totals and what they come to per label; dollars where prices and tokens are known, and
    `money`, a currency and an amount, as the runs recorded it.
    """
    known = dict(totals) | {"usd": _dollars(totals, prices)}
    if money is not None and prices is None:
        known[money[0].lower()] = money[1]
    return {
        kind: CostPerLabel(total, _per(total, n_labels), _per(total, n_kept_labels))
        for kind, total in known.items()
    }


def _dollars(totals: Mapping[str, int | float | None], prices: Prices | None) -> float | None:
    read, written = totals["prompt_tokens"], totals["completion_tokens"]
    if prices is None or read is None or written is None:
        return None
    return (read * prices.prompt + written * prices.completion) / 1e6


def _per(total: float | None, n: int) -> float | None:
    return None if total is None or n == 0 else total / n
