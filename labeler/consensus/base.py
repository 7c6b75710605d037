"""What a consensus rule sees, and what it decides. No rule asks anything: no GPU is needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar, runtime_checkable

from labeler.records import Asks, Evidence, LabeledSolution, Solution, Verdict


@dataclass(frozen=True, slots=True)
class Decision:
    """Labels (1, 0, -1, None) and P(step is right), one per step; `first_error` as in records.

    A solution is kept if its first error (or that it has none) was decided, unless `keep` says
    otherwise: rules of single steps keep what they labelled.
    """

    first_error: int | None
    labels: tuple[int | None, ...]
    probabilities: tuple[float | None, ...]
    reason: str = ""
    keep: bool | None = None

    @property
    def kept(self) -> bool:
        return self.first_error is not None if self.keep is None else self.keep


class Rule(Protocol):
    """Decides one solution from the evidence on each of its steps."""

    @property
    def name(self) -> str: ...

    def decide(self, solution: Solution, evidence: Sequence[Sequence[Evidence]]) -> Decision: ...


@runtime_checkable
class Learner(Rule, Protocol):
    """A rule that first looks at many solutions. Unfitted, it decides by its prior."""

    def fit(self, rows: Iterable[LabeledSolution]) -> Self:
        """The same rule with what it learned from the evidence (not the labels) of `rows`."""
        ...

    def report(self) -> Mapping[str, Any]:
        """What was learned, as JSON values, for the statistics of the dataset."""
        ...


RuleKind = TypeVar("RuleKind", bound=Rule)


def fitted(rule: RuleKind, rows: Iterable[LabeledSolution]) -> RuleKind:
    """The rule, ready to decide `rows`; those that learn nothing come back as they are."""
    return rule.fit(rows) if isinstance(rule, Learner) else rule


@dataclass(frozen=True, slots=True)
class Counts:
    """Rollouts from a prefix and how many were right, over all labelers that sampled there."""

    n: int
    n_correct: int


def value_counts(evidence: Sequence[Sequence[Evidence]]) -> list[Counts]:
    """Per step, the sum of decided value evidence; n = 0 where nobody looked."""
    sums = []
    for pieces in evidence:
        decided = [e for e in pieces if e.asks is Asks.VALUE and e.verdict is not Verdict.UNKNOWN]
        sums.append(Counts(sum(e.n for e in decided), sum(e.n_correct for e in decided)))
    return sums


def labels_before(first_error: int | None, n_steps: int) -> tuple[int | None, ...]:
    """1 before the first error, -1 on it, nothing after it: value says nothing there."""
    if first_error is None:
        return (None,) * n_steps
    if first_error == -1:
        return (1,) * n_steps
    return tuple(1 if t < first_error else -1 if t == first_error else None for t in range(n_steps))
