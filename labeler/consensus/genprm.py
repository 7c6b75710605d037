"""Relative progress against a judge: GenPRM's consensus filter (arXiv 2504.00891, section 3.2).

A step is right if its relative progress (`labeler.consensus.progress`) is at least `threshold`: 0.8
in the paper, where 0 stands for the plain MC > 0.
Strict, as the paper is read literally: kept only if all labels equal the judge's, whose first wrong
step makes all later ones wrong; so solutions that dip and recover are always dropped. Lenient: only
the place of the first error must agree. What comes after it is not labelled in either reading.

The paper divides the first step's MC by the problem's pass rate, which is no evidence on a step:
here the first step is right if MC > 0. As in `lessons`, all judges must agree
(`labeler.consensus.agreement`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from labeler.consensus.agreement import Opinion, agreed_first_error
from labeler.consensus.base import Decision, labels_before, value_counts
from labeler.consensus.progress import progress
from labeler.consensus.rule import ConsensusRule, RuleSettings
from labeler.records import Evidence, Solution, Verdict


class GenPRMRule(RuleSettings):
    """Relative progress against a judge: all labels agree, or (`lenient`) the first error does.

    `min_correct`: right rollouts before a step without which MC > 0 decides it, not the ratio.
    `judges` as in `lessons`.
    """

    rule: Literal["genprm"] = "genprm"
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.8
    min_correct: Annotated[int, Field(ge=0)] = 0
    lenient: bool = False
    judges: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GenPRM:
    """Keeps a solution on which progress and judges agree."""

    settings: GenPRMRule = field(default_factory=GenPRMRule)

    @property
    def name(self) -> str:
        return self.settings.rule

    def decide(self, solution: Solution, evidence: Sequence[Sequence[Evidence]]) -> Decision:
        first_error, reason = self._agreed(evidence)
        n_steps = len(evidence)
        return Decision(first_error, labels_before(first_error, n_steps), (None,) * n_steps, reason)

    def _agreed(self, evidence: Sequence[Sequence[Evidence]]) -> tuple[int | None, str]:
        ours = progress(
            value_counts(evidence), self.settings.threshold, min_correct=self.settings.min_correct
        )
        if ours is None:
            by_value = Opinion(None, 0, "no rollouts on some step")
        else:
            by_value = Opinion.of([Verdict.CORRECT if right else Verdict.WRONG for right in ours])
        first_error, reason = agreed_first_error(
            by_value, evidence, self.settings.judges, "progress"
        )
        # What a tool proved before the values fell is no matter of values.
        fell_here = first_error is not None and 0 <= first_error == by_value.first_error
        if ours is not None and fell_here and not self.settings.lenient and any(ours[first_error:]):
            return None, "right again after its first error"
        return first_error, reason


GENPRM = ConsensusRule(name="genprm", settings=GenPRMRule, build=GenPRM)
