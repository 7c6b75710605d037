"""A run's entry in the log of its dataset: by what it was made, how much of what, and what it cost.

Does not cover how the entry is written (`labeler.dataset.store`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from labeler.dataset.store import CommitInfo
from labeler.driver.cost import Cost
from labeler.driver.requests import POLICY
from labeler.labelling.parts import Parts
from labeler.labelling.pipeline import ShardSummary


def log_entry(
    parts: Parts, run_id: str, code_version: str, whole: ShardSummary, **more: Any
) -> CommitInfo:
    """`whole` sums up all shards; `more` stands beside what they cost, unless it is empty."""
    policy = parts.samplers.get(POLICY)
    by_stage = Counter(rejection.stage for rejection in whole.rejections)
    return CommitInfo(
        run_id=run_id,
        config_sha=parts.config_sha,
        code_version=code_version,
        model=policy.model if policy else "",
        model_sha=policy.fingerprint if policy else "",
        seed=parts.seed,
        counts={
            "problems": len(parts.problems),
            "solutions": whole.n_rows,
            **{f"rejected_{stage}": count for stage, count in by_stage.items()},
        },
        cost={
            **_plain(whole.total()),
            "by_asker": {requester: _plain(cost) for requester, cost in whole.cost.items()},
            "statistics": {name: dict(counts) for name, counts in whole.statistics.items()},
            **{name: value for name, value in more.items() if value or value == 0},
        },
    )


def money_of(parts: Parts, spent: float) -> Mapping[str, Any]:
    """What the run spent, and in what; nothing where no price is known."""
    if not parts.prices.models:
        return {}
    return {"currency": parts.prices.currency, "spent": round(spent, 6)}


def _plain(cost: Cost) -> dict[str, float]:
    """Without `reused`, in which a resumed run differs from an undisturbed one."""
    content = asdict(cost)
    del content["reused"]
    money = content.pop("money")
    # Sums of parts differ in their last digits with the order of replies.
    return content | ({"money": round(money, 6)} if money else {})
