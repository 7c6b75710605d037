"""Consensus filtering: Monte Carlo and the judge must put the first error in the same place.

Lessons of developing PRMs (arXiv 2501.07301, section 3): a solution is kept if the first step with
MC = 0 is the judge's first wrong step (or neither sees one), else the whole solution is dropped.
Labels are hard; `soft` gives the share of right rollouts as probability, up to the first error.

Where several judges spoke, all of them must agree; `judges` names those that count. A side that
leaves its first error open (no rollouts, no verdict) agrees with nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from labeler.consensus.base import Decision, labels_before, value_counts
from labeler.consensus.first_zero import FirstZero
from labeler.consensus.rule import ConsensusRule, RuleSettings
from labeler.consensus.sources import first_error_of, judges
from labeler.records import Evidence, Solution


class LessonsRule(RuleSettings):
    """Monte Carlo and the judge put the first error in the same place, else dropped.

    `judges`: labelers whose correctness evidence counts, all of which must agree; all if empty.
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
        first_error, reason = agreed_first_error(solution, evidence, self.settings.judges)
        n_steps = len(evidence)
        soft = [c.n_correct / c.n if c.n else None for c in value_counts(evidence)]
        end = n_steps if first_error == -1 else 0 if first_error is None else first_error + 1
        return Decision(
            first_error,
            labels_before(first_error, n_steps),
            tuple(soft[t] if self.settings.soft and t < end else None for t in range(n_steps)),
            reason,
        )


def agreed_first_error(
    solution: Solution, evidence: Sequence[Sequence[Evidence]], names: Sequence[str]
) -> tuple[int | None, str]:
    """The first error that Monte Carlo and all judges agree on, or None and why."""
    by_value = FirstZero().decide(solution, evidence)
    if by_value.first_error is None:
        return None, f"value: {by_value.reason}"
    said = judges(evidence, names)
    if not said:
        return None, "no judge"
    for source, verdicts in said.items():
        first_error = first_error_of(verdicts)
        if first_error is None:
            return None, f"{source.labeler} is undecided"
        if first_error != by_value.first_error:
            ours, theirs = _named(by_value.first_error), _named(first_error)
            return None, f"value says {ours}, {source.labeler} says {theirs}"
    return by_value.first_error, ""


def _named(first_error: int) -> str:
    return "no error" if first_error == -1 else f"step {first_error}"


LESSONS = ConsensusRule(name="lessons", settings=LessonsRule, build=Lessons)
