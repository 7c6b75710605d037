"""The rule of the papers: the first error is the first step after which no rollout was right.

Math-Shepherd's hard estimate with everything after the first 0 dropped (Lessons, arXiv 2501.07301,
section 3). Where only some prefixes were sampled, as in OmegaPRM, those before an alive one count
as alive; the first error is undecided unless it lies right after an alive prefix. Gives no
probabilities: the papers' soft label is the `score` of the evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from labeler.consensus.base import Decision, labels_before, value_counts
from labeler.consensus.rule import ConsensusRule, RuleSettings
from labeler.records import Evidence, Solution


class FirstZeroRule(RuleSettings):
    """The papers' rule: the first MC = 0."""

    rule: Literal["first_zero"] = "first_zero"


@dataclass(frozen=True, slots=True)
class FirstZero:
    """MC > 0 means alive."""

    settings: FirstZeroRule = field(default_factory=FirstZeroRule)

    @property
    def name(self) -> str:
        return self.settings.rule

    def decide(self, solution: Solution, evidence: Sequence[Sequence[Evidence]]) -> Decision:
        counts = value_counts(evidence)
        n_steps = len(counts)
        nothing = (None,) * n_steps
        dead = next((t for t, c in enumerate(counts) if c.n and not c.n_correct), n_steps)
        alive = max((t for t in range(dead) if counts[t].n_correct), default=-1)
        if dead == n_steps:
            if alive == n_steps - 1:
                return Decision(-1, labels_before(-1, n_steps), nothing)
            return Decision(None, _right_until(alive, n_steps), nothing, "no evidence on the end")
        if dead > alive + 1:
            reason = f"first error between steps {alive + 1} and {dead}"
            return Decision(None, _right_until(alive, n_steps), nothing, reason)
        return Decision(dead, labels_before(dead, n_steps), nothing)


def _right_until(alive: int, n_steps: int) -> tuple[int | None, ...]:
    return tuple(1 if t <= alive else None for t in range(n_steps))


FIRST_ZERO = ConsensusRule(name="first_zero", settings=FirstZeroRule, build=FirstZero)
