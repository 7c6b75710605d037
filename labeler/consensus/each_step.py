"""Each step by itself: what correctness evidence says of it is its label.

For labelers that judge single steps of partial solutions (`program`): correct is 1, wrong -1, and a
step that was looked at but could not be told is neutral, 0. Sources that contradict each other
leave a step undecided. Verdicts are taken at their word, P 1 or 0, but for flags of a tool that
only ever flags: such a piece says itself what a flag is worth. Steps after one that is not right
stand in a changed context and have no label unless somebody judged them. A solution is kept if any
of its steps has a label.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from labeler.consensus.base import Decision
from labeler.consensus.rule import ConsensusRule, RuleSettings
from labeler.consensus.sources import only_flags
from labeler.labelers.methods import method_of
from labeler.records import Asks, Evidence, Solution, Verdict

LABELS = {Verdict.CORRECT: 1, Verdict.WRONG: -1, Verdict.UNKNOWN: 0}


class EachStepRule(RuleSettings):
    """What correctness evidence says of each step by itself; for labelers of single steps."""

    rule: Literal["each_step"] = "each_step"


@dataclass(frozen=True, slots=True)
class EachStep:
    """Value evidence is not looked at."""

    settings: EachStepRule = field(default_factory=EachStepRule)

    @property
    def name(self) -> str:
        return self.settings.rule

    def decide(self, solution: Solution, evidence: Sequence[Sequence[Evidence]]) -> Decision:
        labels = tuple(_label(pieces) for pieces in evidence)
        first = next((t for t, label in enumerate(labels) if label != 1), -1)
        first_error = first if first == -1 or labels[first] == -1 else None
        probabilities = tuple(map(_probability, labels, evidence))
        reason = "" if first_error is not None else f"step {first + 1} is neutral or undecided"
        keep = any(label is not None for label in labels)
        return Decision(first_error, labels, probabilities, reason, keep)


def _label(pieces: Sequence[Evidence]) -> int | None:
    said = {
        LABELS[e.verdict]
        for e in pieces
        if e.asks is Asks.CORRECTNESS and (e.verdict is not Verdict.UNKNOWN or _is_neutral(e))
    }
    if len(said) == 2:
        said.discard(0)
    return said.pop() if len(said) == 1 else None


def _probability(label: int | None, pieces: Sequence[Evidence]) -> float | None:
    """P(right). No flag alone makes a step certainly wrong: its score says how often flags err."""
    if label != -1:
        return 1.0 if label == 1 else None
    wrong = [e for e in pieces if e.asks is Asks.CORRECTNESS and e.verdict is Verdict.WRONG]
    if not all(only_flags(e.labeler) for e in wrong):
        return 0.0
    return min(e.score or 0.0 for e in wrong)


def _is_neutral(unknown: Evidence) -> bool:
    """Whether the labeler looked at the step, and could have called it right."""
    return unknown.n > 0 and method_of(unknown.labeler).may_say_right


EACH_STEP = ConsensusRule(name="each_step", settings=EachStepRule, build=EachStep)
