"""Votes of all sources on each step: all, any and majority (CAPO, arXiv 2508.02298).

`all`: wrong only if every source that spoke says so (intersection of the wrong flags, cautious);
`any`: wrong if one says so (union, strict); `majority`: wrong or right by the weight of the voices,
where questions about value and about correctness may weigh differently and a tie decides nothing.
The place of the first error follows; a step before it on which nobody spoke leaves it undecided.

Value is read as the papers' hard estimate, and the outcome as one voice about the last step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from labeler.consensus.base import Decision, labels_before
from labeler.consensus.sources import first_error_of, verdicts_by_source
from labeler.records import Asks, Evidence, Solution, Verdict


@dataclass(frozen=True, slots=True)
class Votes:
    """`name` is the rule; the weights matter to `majority` only (0: this question is not asked)."""

    name: Literal["all", "any", "majority"] = "majority"
    value_weight: float = 1.0
    correctness_weight: float = 1.0

    def decide(self, solution: Solution, evidence: Sequence[Sequence[Evidence]]) -> Decision:
        verdicts = [self._vote(pieces) for pieces in evidence]
        first_error = first_error_of(verdicts)
        n_steps = len(verdicts)
        labels = labels_before(first_error, n_steps)
        reason = ""
        if first_error is None:
            hidden = next(t for t, v in enumerate(verdicts) if v is not Verdict.CORRECT)
            labels = tuple(1 if t < hidden else None for t in range(n_steps))
            reason = f"nothing decides step {hidden}"
        return Decision(first_error, labels, (None,) * n_steps, reason)

    def _vote(self, pieces: Sequence[Evidence]) -> Verdict:
        right = wrong = 0.0
        for source, verdict in verdicts_by_source(pieces).items():
            weight = self._weight(source.asks)
            right += weight * (verdict is Verdict.CORRECT)
            wrong += weight * (verdict is Verdict.WRONG)
        if right == wrong == 0:
            return Verdict.UNKNOWN
        if self.name == "all":
            return Verdict.CORRECT if right else Verdict.WRONG
        if self.name == "any":
            return Verdict.WRONG if wrong else Verdict.CORRECT
        if right == wrong:
            return Verdict.UNKNOWN
        return Verdict.CORRECT if right > wrong else Verdict.WRONG

    def _weight(self, asks: Asks) -> float:
        if self.name != "majority":
            return 1.0
        return self.value_weight if asks is Asks.VALUE else self.correctness_weight
