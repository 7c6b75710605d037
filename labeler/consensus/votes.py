"""Votes of all sources on each step: all, any and majority (CAPO, arXiv 2508.02298).

`all`: wrong only if every source that spoke says so (intersection of the wrong flags, cautious);
that a source speaks for a step which judges no solution as a whole (`may_veto`) acquits nothing;
`any`: wrong if one says so (union, strict); `majority`: wrong or right by the weight of the voices,
where questions about value and about correctness may weigh differently and a tie decides nothing,
unless one of the voices is a tool's, which computed that the step is wrong.
The place of the first error follows; a step before it on which nobody spoke leaves it undecided.

Value is read as the papers' hard estimate, and the outcome as one voice about the last step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from labeler.consensus.base import Decision, labels_before
from labeler.consensus.rule import ConsensusRule, RuleSettings
from labeler.consensus.sources import first_error_of, is_proof, may_veto, verdicts_by_source
from labeler.records import Asks, Evidence, Solution, Verdict


class AllRule(RuleSettings):
    """A step is wrong if all sources that spoke say so."""

    rule: Literal["all"] = "all"


class AnyRule(RuleSettings):
    """A step is wrong if one source says so."""

    rule: Literal["any"] = "any"


class MajorityRule(RuleSettings):
    """Weighted votes of the sources on each step; a tie decides nothing, but a tool's proof.

    A weight of 0: this question is not asked.
    """

    rule: Literal["majority"] = "majority"
    value_weight: Annotated[float, Field(ge=0)] = 1.0
    correctness_weight: Annotated[float, Field(ge=0)] = 1.0


@dataclass(frozen=True, slots=True)
class Votes:
    """One vote per source that spoke of a step."""

    settings: AllRule | AnyRule | MajorityRule = field(default_factory=MajorityRule)

    @property
    def name(self) -> str:
        return self.settings.rule

    def decide(self, solution: Solution, evidence: Sequence[Sequence[Evidence]]) -> Decision:
        verdicts = [self._vote(pieces) for pieces in evidence]
        first_error = first_error_of(verdicts)
        n_steps = len(verdicts)
        labels = labels_before(first_error, n_steps)
        reason = ""
        if first_error is None:
            hidden = next(t for t, v in enumerate(verdicts) if v is not Verdict.CORRECT)
            labels = tuple(1 if t < hidden else None for t in range(n_steps))
            reason = f"nothing decides step {hidden + 1}"
        return Decision(first_error, labels, (None,) * n_steps, reason)

    def _vote(self, pieces: Sequence[Evidence]) -> Verdict:
        right = wrong = 0.0
        acquitted = proved = False
        for source, verdict in verdicts_by_source(pieces).items():
            weight = self._weight(source.asks)
            right += weight * (verdict is Verdict.CORRECT)
            wrong += weight * (verdict is Verdict.WRONG)
            acquitted |= verdict is Verdict.CORRECT and may_veto(source)
            proved |= verdict is Verdict.WRONG and weight > 0 and is_proof(source)
        if right == wrong == 0:
            return Verdict.UNKNOWN
        if self.name == "all":
            return Verdict.CORRECT if acquitted or not wrong else Verdict.WRONG
        if self.name == "any":
            return Verdict.WRONG if wrong else Verdict.CORRECT
        if right == wrong:
            # A proof of error leaves nothing open that was decided without it.
            return Verdict.WRONG if proved else Verdict.UNKNOWN
        return Verdict.CORRECT if right > wrong else Verdict.WRONG

    def _weight(self, asks: Asks) -> float:
        weights = self.settings
        if not isinstance(weights, MajorityRule):
            return 1.0
        return weights.value_weight if asks is Asks.VALUE else weights.correctness_weight


ALL = ConsensusRule(name="all", settings=AllRule, build=Votes)
ANY = ConsensusRule(name="any", settings=AnyRule, build=Votes)
MAJORITY = ConsensusRule(name="majority", settings=MajorityRule, build=Votes)
