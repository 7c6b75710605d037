"""Consensus filtering: Monte Carlo and the judge must put the first error in the same place.

Lessons of developing PRMs (arXiv 2501.07301, section 3): a solution is kept if the first step with
MC = 0 is the judge's first wrong step (or neither sees one), else the whole solution is dropped.
Labels are hard; `soft` gives the share of right rollouts as probability, up to the first error.

Where several judges spoke, all of them must agree; `judges` names those that count. A side that
leaves its first error open (no rollouts, no verdict) agrees with nobody. Who is a judge, and what a
tool's proof changes: `labeler.consensus.agreement`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from labeler.consensus.agreement import Opinion, agreed_first_error
from labeler.consensus.base import Decision, labels_before, value_counts
from labeler.consensus.first_zero import FirstZero
from labeler.consensus.rule import ConsensusRule, RuleSettings
from labeler.records import Evidence, Solution


class LessonsRule(RuleSettings):
    """Monte Carlo and the judge put the first error in the same place, else dropped.

    `judges`: labelers whose correctness evidence counts, all of which must agree. Empty: those that
    judge without a reference solution, as the papers' do; where there are none, annotators.
    `soft`: probabilities are shares of right rollouts.
    """

    rule: Literal["lessons"] = "lessons"
    soft: bool = False
    judges: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lessons:
    """Keeps a solution on whose first error all agree."""

    settings: LessonsRule = field(default_factory=LessonsRule)

    @property
    def name(self) -> str:
        return self.settings.rule

    def decide(self, solution: Solution, evidence: Sequence[Sequence[Evidence]]) -> Decision:
        n_steps = len(evidence)
        found = FirstZero().decide(solution, evidence)
        n_right = found.labels.count(1)
        by_value = Opinion(
            found.first_error, n_right, f"value: {found.reason}" if found.reason else ""
        )
        first_error, reason = agreed_first_error(by_value, evidence, self.settings.judges)
        soft = [c.n_correct / c.n if c.n else None for c in value_counts(evidence)]
        end = n_steps if first_error == -1 else 0 if first_error is None else first_error + 1
        return Decision(
            first_error,
            labels_before(first_error, n_steps),
            tuple(soft[t] if self.settings.soft and t < end else None for t in range(n_steps)),
            reason,
        )


LESSONS = ConsensusRule(name="lessons", settings=LessonsRule, build=Lessons)
