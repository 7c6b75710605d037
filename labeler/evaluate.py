"""Labels against the truth: how well a labeler finds the first error, and why it misses.

F1 is ProcessBench's (arXiv 2412.06559, section 3): the harmonic mean of the accuracy on erroneous
solutions (the index of the first error must match exactly) and on correct ones (no error claimed).
Precision and recall are those of wrong steps up to the first error: later steps are not labelled.
An undecided solution counts as missed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from labeler.driver import Cost
from labeler.records import Verdict


class Miss(StrEnum):
    """Why a prediction differs from the truth."""

    UNDECIDED = "undecided"
    COMPENSATED = "right_answer_by_a_wrong_way"
    """The value was never lost: errors cancel, or the step is wrong but harmless."""
    RECOVERY = "late_because_a_rollout_recovered"
    """The policy got back to the right answer from a wrong prefix."""
    LAST_STEP = "late_and_only_the_answer_shows_it"
    """All prefixes were seen alive; only the wrong answer tells that there is an error."""
    NOISE = "early_because_all_rollouts_failed"
    """An unlucky 0 of k from a right prefix."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One solution: predicted first error (None undecided), true one, its outcome and length."""

    predicted: int | None
    truth: int
    outcome: Verdict
    n_steps: int


@dataclass(frozen=True, slots=True)
class Score:
    """How a labeler did. Rates are None where nothing was there to be counted."""

    n: int
    n_erroneous: int
    n_located: int
    n_claimed: int
    precision: float | None
    recall: float | None
    accuracy_erroneous: float | None
    accuracy_correct: float | None
    f1: float | None
    f1_interval: tuple[float, float] | None
    samples: int
    completion_tokens: int
    samples_per_located_error: float | None
    misses: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def score(judged: Iterable[Judged], cost: Cost) -> Score:
    """Counts predictions against the truth."""
    judged = list(judged)
    erroneous = [j for j in judged if j.truth >= 0]
    correct = [j for j in judged if j.truth < 0]
    located = sum(j.predicted == j.truth for j in erroneous)
    cleared = sum(j.predicted == -1 for j in correct)
    claimed = sum(j.predicted is not None and j.predicted >= 0 for j in judged)
    on_erroneous, on_correct = _rate(located, len(erroneous)), _rate(cleared, len(correct))
    return Score(
        n=len(judged),
        n_erroneous=len(erroneous),
        n_located=located,
        n_claimed=claimed,
        precision=_rate(located, claimed),
        recall=on_erroneous,
        accuracy_erroneous=on_erroneous,
        accuracy_correct=on_correct,
        f1=_harmonic(on_erroneous, on_correct),
        f1_interval=_bootstrap(judged),
        samples=cost.samples,
        completion_tokens=cost.completion_tokens,
        samples_per_located_error=_rate(cost.samples, located),
        misses=dict(Counter(str(miss) for j in judged if (miss := _miss(j)) is not None)),
    )


def _miss(judged: Judged) -> Miss | None:
    predicted, truth = judged.predicted, judged.truth
    if predicted == truth:
        return None
    if predicted is None:
        return Miss.UNDECIDED
    if predicted == -1:
        return Miss.COMPENSATED
    if truth == -1 or predicted < truth:
        return Miss.NOISE
    # Beyond the truth: a wrong prefix still reached the right answer in some rollout.
    return Miss.LAST_STEP if predicted == judged.n_steps - 1 else Miss.RECOVERY


def _rate(count: int, of: int) -> float | None:
    return count / of if of else None


def _harmonic(a: float | None, b: float | None) -> float | None:
    if a is None or b is None:
        return None
    return 2 * a * b / (a + b) if a + b else 0.0


def _bootstrap(judged: list[Judged], rounds: int = 1000) -> tuple[float, float] | None:
    """95% interval of F1 by resampling solutions (seeded)."""
    import numpy as np

    truth_wrong = np.array([j.truth >= 0 for j in judged])
    hit = np.array([j.predicted == j.truth for j in judged])
    if not truth_wrong.any() or truth_wrong.all():
        return None
    rng = np.random.default_rng(0)
    values = []
    for _ in range(rounds):
        rows = rng.integers(0, len(judged), len(judged))
        wrong, hits = truth_wrong[rows], hit[rows]
        if wrong.any() and not wrong.all():
            values.append(_harmonic(float(hits[wrong].mean()), float(hits[~wrong].mean())))
    low, high = np.percentile([value for value in values if value is not None], [2.5, 97.5])
    return float(low), float(high)
