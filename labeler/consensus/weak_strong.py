"""Steps on which a weak and a strong completer agree: Athena-PRM (arXiv 2506.09532).

A strong completer rescues wrong steps, a weak one fails right steps; where hard labels of both are
the same, the step is kept, alone: a solution may be labelled in parts. Works with any number of
completers (models; two methods that ask one model are one), of which all that sampled a step must
agree, and at least two. The last step, which the answer check decides for all of them, follows
that, where some other step was agreed on. The first error is decided where all steps up to it were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from labeler.consensus.base import Decision
from labeler.consensus.rule import ConsensusRule, RuleSettings
from labeler.consensus.sources import Source, first_error_of, verdicts_by_source
from labeler.records import Asks, Evidence, Solution, Verdict

MIN_COMPLETERS = 2
LABELS = {Verdict.CORRECT: 1, Verdict.WRONG: -1, Verdict.UNKNOWN: None}


class WeakStrongRule(RuleSettings):
    """Steps on which two completers agree."""

    rule: Literal["weak_strong"] = "weak_strong"


@dataclass(frozen=True, slots=True)
class WeakStrong:
    """No settings: the two are told apart by their models."""

    settings: WeakStrongRule = field(default_factory=WeakStrongRule)

    @property
    def name(self) -> str:
        return self.settings.rule

    def decide(self, solution: Solution, evidence: Sequence[Sequence[Evidence]]) -> Decision:
        steps = [verdicts_by_source(pieces) for pieces in evidence]
        nothing = (None,) * len(steps)
        agreed = [_agreed(step) for step in steps[:-1]]
        if all(verdict is Verdict.UNKNOWN for verdict in agreed):
            return Decision(None, nothing, nothing, "no step on which two completers agree")
        agreed.append(solution.outcome)
        end = agreed.index(Verdict.WRONG) + 1 if Verdict.WRONG in agreed else len(agreed)
        # After a step with no way back value says nothing.
        labels = tuple(LABELS[v] if t < end else None for t, v in enumerate(agreed))
        first_error = first_error_of(agreed)
        reason = "" if any(labels) else "nothing was agreed on"
        return Decision(first_error, labels, nothing, reason, keep=any(labels))


def _agreed(step: dict[Source, Verdict]) -> Verdict:
    said = {source: verdict for source, verdict in step.items() if source.asks is Asks.VALUE}
    models = {source.model for source in said if source.model}
    if len(models) < MIN_COMPLETERS or len(set(said.values())) > 1:
        return Verdict.UNKNOWN
    return next(iter(said.values()))


WEAK_STRONG = ConsensusRule(name="weak_strong", settings=WeakStrongRule, build=WeakStrong)
