"""How well claimed first errors and step labels agree with the truth.

F1 is ProcessBench's (arXiv 2412.06559, section 3): the harmonic mean of the accuracy on erroneous
solutions (the index of the first error must match exactly) and on correct ones (no error claimed);
an undecided solution counts as missed. Labels and probabilities are compared up to the first error
of the truth: what comes after it is not labelled. ECE has ten bins of equal width.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from labeler.consensus.base import Decision
from labeler.driver.cost import Cost
from labeler.records import Verdict

BINS = 10


class Miss(StrEnum):
    """Why a claim differs from the truth; the last four speak of rollouts."""

    UNDECIDED = "undecided"
    EARLY = "a_right_step_called_wrong"
    LATE = "passed_over_the_first_error"
    COMPENSATED = "right_answer_by_a_wrong_way"
    """The value was never lost: errors cancel, or the step is wrong but harmless."""
    RECOVERY = "late_because_a_rollout_recovered"
    """The policy got back to the right answer from a wrong prefix."""
    LAST_STEP = "late_and_only_the_answer_shows_it"
    """All prefixes were seen alive; only the wrong answer tells that there is an error."""
    NOISE = "early_because_all_rollouts_failed"
    """An unlucky 0 of k from a right prefix."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """One solution: what was decided, the true first error (-1 none), the outcome.

    `by_rollouts` tells that the decision rests on rollouts only, which explains misses.
    """

    decision: Decision
    truth: int
    outcome: Verdict
    by_rollouts: bool = False

    @property
    def predicted(self) -> int | None:
        return self.decision.first_error

    @property
    def flag(self) -> int | None:
        """The first step called wrong."""
        return next((t for t, label in enumerate(self.decision.labels) if label == -1), None)

    @property
    def n_known(self) -> int:
        """Steps whose truth is known: those up to the first error."""
        return len(self.decision.labels) if self.truth < 0 else self.truth + 1


@dataclass(frozen=True, slots=True)
class Score:
    """How a source or a rule did. Rates are None where nothing was there to be counted.

    `coverage`: solutions with a decided first error (or none). `flagged`: erroneous solutions with
    any step called wrong; `flag_exact`: those of them whose first flag is the true step;
    `false_flag_rate`: of all solutions, those flagged although right, or before the first error.
    `unknown_rate`: steps up to the first error that got no label. `label_precision`: right ones
    among the labels of kept solutions up to the first error.
    """

    n: int
    n_erroneous: int
    n_correct: int
    acc_erroneous: float | None
    acc_correct: float | None
    f1: float | None
    f1_interval: tuple[float, float] | None
    coverage: float | None
    flagged: float | None
    false_flag_rate: float | None
    flag_exact: float | None
    unknown_rate: float | None
    brier: float | None
    ece: float | None
    n_probabilities: int
    kept_solutions: int
    kept_steps: int
    label_precision: float | None
    precision: float | None
    samples: int
    generated_tokens: int
    samples_per_located_error: float | None
    misses: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def score(predictions: Iterable[Prediction], cost: Cost) -> Score:
    """Counts decisions against the truth."""
    predictions = list(predictions)
    erroneous = [p for p in predictions if p.truth >= 0]
    correct = [p for p in predictions if p.truth < 0]
    located = sum(p.predicted == p.truth for p in erroneous)
    cleared = sum(p.predicted == -1 for p in correct)
    claimed = sum(p.predicted is not None and p.predicted >= 0 for p in predictions)
    flagged = [p for p in erroneous if p.flag is not None]
    false_flags = sum(p.flag is not None and (p.truth < 0 or p.flag < p.truth) for p in predictions)
    on_erroneous, on_correct = _rate(located, len(erroneous)), _rate(cleared, len(correct))
    labels = [label for p in predictions for label in p.decision.labels[: p.n_known]]
    kept = [p for p in predictions if p.decision.kept]
    kept_hits = [hit for p in kept for hit in _hits(p)]
    pairs = [pair for p in predictions for pair in _probabilities(p)]
    return Score(
        n=len(predictions),
        n_erroneous=len(erroneous),
        n_correct=len(correct),
        acc_erroneous=on_erroneous,
        acc_correct=on_correct,
        f1=_harmonic(on_erroneous, on_correct),
        f1_interval=_bootstrap(predictions),
        coverage=_rate(sum(p.predicted is not None for p in predictions), len(predictions)),
        flagged=_rate(len(flagged), len(erroneous)),
        false_flag_rate=_rate(false_flags, len(predictions)),
        flag_exact=_rate(sum(p.flag == p.truth for p in flagged), len(flagged)),
        unknown_rate=_rate(sum(label is None for label in labels), len(labels)),
        brier=_rate(sum((p - right) ** 2 for p, right in pairs), len(pairs)),
        ece=calibration_error(pairs),
        n_probabilities=len(pairs),
        kept_solutions=len(kept),
        kept_steps=len(kept_hits),
        label_precision=_rate(sum(kept_hits), len(kept_hits)),
        precision=_rate(located, claimed),
        samples=cost.samples,
        generated_tokens=cost.completion_tokens,
        samples_per_located_error=_rate(cost.samples, located),
        misses=dict(Counter(str(miss) for p in predictions if (miss := _miss(p)) is not None)),
    )


def calibration_error(pairs: Sequence[tuple[float, bool]]) -> float | None:
    """Expected calibration error: mean distance of confidence and accuracy over ten equal bins."""
    if not pairs:
        return None
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for probability, right in pairs:
        bins[min(int(probability * BINS), BINS - 1)].append((probability, right))
    gaps = (abs(sum(p for p, _ in some) - sum(r for _, r in some)) for some in bins)
    return sum(gaps) / len(pairs)


def _hits(prediction: Prediction) -> list[bool]:
    """Of the labels up to the first error: is each what the truth says?"""
    labels = prediction.decision.labels[: prediction.n_known]
    return [
        label == (-1 if t == prediction.truth else 1) for t, label in enumerate(labels) if label
    ]


def _probabilities(prediction: Prediction) -> list[tuple[float, bool]]:
    known = prediction.decision.probabilities[: prediction.n_known]
    return [(p, t != prediction.truth) for t, p in enumerate(known) if p is not None]


def _miss(prediction: Prediction) -> Miss | None:
    predicted, truth = prediction.predicted, prediction.truth
    if predicted == truth:
        return None
    if predicted is None:
        return Miss.UNDECIDED
    early = predicted != -1 and (truth == -1 or predicted < truth)
    if not prediction.by_rollouts:
        return Miss.EARLY if early else Miss.LATE
    if predicted == -1:
        return Miss.COMPENSATED
    if early:
        return Miss.NOISE
    # Beyond the truth: a wrong prefix still reached the right answer in some rollout.
    is_last = predicted == len(prediction.decision.labels) - 1
    return Miss.LAST_STEP if is_last else Miss.RECOVERY


def _rate(count: float, of: int) -> float | None:
    return count / of if of else None


def _harmonic(a: float | None, b: float | None) -> float | None:
    if a is None or b is None:
        return None
    return 2 * a * b / (a + b) if a + b else 0.0


def _bootstrap(predictions: list[Prediction], rounds: int = 1000) -> tuple[float, float] | None:
    """95% interval of F1 by resampling solutions (seeded)."""
    import numpy as np

    truth_wrong = np.array([p.truth >= 0 for p in predictions])
    hit = np.array([p.predicted == p.truth for p in predictions])
    if not truth_wrong.any() or truth_wrong.all():
        return None
    rng = np.random.default_rng(0)
    values = []
    for _ in range(rounds):
        rows = rng.integers(0, len(predictions), len(predictions))
        wrong, hits = truth_wrong[rows], hit[rows]
        if wrong.any() and not wrong.all():
            values.append(_harmonic(float(hits[wrong].mean()), float(hits[~wrong].mean())))
    low, high = np.percentile([value for value in values if value is not None], [2.5, 97.5])
    return float(low), float(high)
