"""Where value and judges put the first error, and what a tool's proof does to that.

The papers' filters (Lessons, arXiv 2501.07301; GenPRM, arXiv 2504.00891) hold rollouts against an
LLM that judges the steps without a reference solution, and drop what they disagree on. Who judges:

- By default every source that judges any solution, right or wrong, and needs no reference: `judge`,
  `rubric`, `grounded`, ... Where none of these looked at a solution, annotators that have a
  reference (`spare`) stand in for them. A run file may name them.
- A source that never says "right" (`tool_check`, `diagnostics`), or that speaks of wrong answers
  only (`repair`), judges no solution: it leaves open what it does not flag, so it never vetoes,
  named or not. People's reviews do not either: they are put in force after the rule.
- What a tool computed to be wrong is wrong. It moves the first error forward to its step where all
  sides hold every step before it to be right, and changes nothing where it comes later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labeler.consensus.human import HUMAN
from labeler.consensus.sources import (
    Source,
    first_error_of,
    is_proof,
    judges,
    may_veto,
    verdicts_by_source,
)
from labeler.labelers.methods import method_of
from labeler.records import Asks, Evidence, Verdict


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one side says: its first error (-1 none, None open), and how many steps are right."""

    first_error: int | None
    n_right: int
    reason: str = ""

    @classmethod
    def of(cls, verdicts: Sequence[Verdict | None], reason: str = "") -> Opinion:
        """From verdicts step by step; `reason` says why, where they leave the place open."""
        right = [verdict is Verdict.CORRECT for verdict in verdicts]
        n_right = right.index(False) if False in right else len(right)
        return cls(first_error_of(verdicts), n_right, reason)


def judges_of(
    evidence: Sequence[Sequence[Evidence]], names: Sequence[str]
) -> Mapping[Source, Sequence[Verdict | None]]:
    """What the judges that count say, step by step; empty `names`: the default above."""
    said = {
        source: verdicts
        for source, verdicts in judges(evidence, names).items()
        if may_veto(source) and source.labeler != HUMAN
    }
    if names or not any(_judges_unaided(piece) for pieces in evidence for piece in pieces):
        return said
    return {
        source: v for source, v in said.items() if not method_of(source.labeler).needs_reference
    }


def _judges_unaided(piece: Evidence) -> bool:
    """Whether a judge in the papers' sense looked here, even if it could not decide."""
    source = Source(piece.asks, piece.labeler, piece.model)
    return (
        piece.asks is Asks.CORRECTNESS
        and piece.labeler != HUMAN
        and may_veto(source)
        and not method_of(piece.labeler).needs_reference
    )


def proved_error(evidence: Sequence[Sequence[Evidence]], names: Sequence[str]) -> int | None:
    """The first step that a tool proves wrong; of the tools in `names`, if any are named."""
    for t, pieces in enumerate(evidence):
        for source, verdict in verdicts_by_source(pieces).items():
            heard = not names or source.labeler in names
            if heard and verdict is Verdict.WRONG and is_proof(source):
                return t
    return None


def agreed_first_error(
    by_value: Opinion,
    evidence: Sequence[Sequence[Evidence]],
    names: Sequence[str],
    by: str = "value",
) -> tuple[int | None, str]:
    """The first error that value and all judges agree on, or None and why; `by` names the value."""
    said = {source: Opinion.of(v) for source, v in judges_of(evidence, names).items()}
    if not said:
        return None, by_value.reason or "no judge"
    proof = proved_error(evidence, names)
    if proof is not None and min(o.n_right for o in (by_value, *said.values())) >= proof:
        return proof, ""
    if by_value.first_error is None:
        return None, by_value.reason
    for source, theirs in said.items():
        if theirs.first_error is None:
            return None, f"{source.labeler} is undecided"
        if theirs.first_error != by_value.first_error:
            mine, other = _named(by_value.first_error), _named(theirs.first_error)
            return None, f"{by} says {mine}, {source.labeler} says {other}"
    return by_value.first_error, ""


def _named(first_error: int) -> str:
    return "no error" if first_error == -1 else f"step {first_error + 1}"
