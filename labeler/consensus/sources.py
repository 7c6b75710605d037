"""Who says what of a step: the pieces of evidence on it, merged per source.

A source is a labeler with its model that asks one question. What it says of a step is a count
(n, n_correct): rollouts for value, votes for correctness (a single verdict is one vote). Evidence
that is unknown says nothing and leaves no count. Order of evidence never matters.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from labeler.consensus.base import Counts
from labeler.labelers.methods import method_of
from labeler.labelers.shared import last_step
from labeler.records import Asks, Evidence, Verdict


class Source(NamedTuple):
    """Identity of a source."""

    asks: Asks
    labeler: str
    model: str
    kind: str = ""
    """What kind of claim a tool decided, for what a flag is worth depends on it."""

    @property
    def family(self) -> tuple[Asks, str] | None:
        """Sources that share a model share its mistakes; None: nobody else's."""
        return (self.asks, self.model) if self.model else None

    def __str__(self) -> str:
        name = f"{self.labeler}@{self.model}" if self.model else self.labeler
        return f"{name} ({self.kind})" if self.kind else name


NOTHING_FALSE = "nothing false"
"""In the place of a kind of claim: claims of the step were decided, and none is false."""

OUTCOME = Source(Asks.VALUE, last_step.NAME, "")
"""The answer check."""


def source_of(piece: Evidence) -> Source:
    """Who says it; each kind of a tool's flags, told by their reason, is a source of its own."""
    tells = piece.verdict is Verdict.WRONG and method_of(piece.labeler).is_tool
    return Source(piece.asks, piece.labeler, piece.model, piece.reason if tells else "")


def counts_by_source(pieces: Iterable[Evidence]) -> dict[Source, Counts]:
    """What each source says of one step."""
    sums: dict[Source, list[Counts]] = defaultdict(list)
    for piece in pieces:
        if piece.verdict is not Verdict.UNKNOWN:
            sums[source_of(piece)].append(_counts(piece))
    return {
        source: Counts(sum(c.n for c in counts), sum(c.n_correct for c in counts))
        for source, counts in sums.items()
    }


def found_nothing_false(pieces: Iterable[Evidence]) -> set[Source]:
    """Tools that only ever flag, decided claims of this step, and flagged none of them.

    Such a tool never calls a step right, and its verdict stays unknown; a step on which it would
    have flagged some errors is all the same less likely to be one. A failure decides no claim.
    """
    looked, flagged = set(), set()
    for piece in pieces:
        if not only_flags(piece.labeler):
            continue
        source = Source(piece.asks, piece.labeler, piece.model, NOTHING_FALSE)
        if piece.verdict is not Verdict.UNKNOWN:
            flagged.add(source)
        elif 0 < piece.n == piece.n_correct:
            looked.add(source)
    return looked - flagged


def only_flags(labeler: str) -> bool:
    """Whether a labeler is a tool that never says "right"."""
    method = method_of(labeler)
    return method.is_tool and not method.may_say_right


def _counts(piece: Evidence) -> Counts:
    # What a tool counts are claims that hold: each verdict of its is one vote.
    if piece.n > 0 and not method_of(piece.labeler).is_tool:
        return Counts(piece.n, piece.n_correct)
    return Counts(1, int(piece.verdict is Verdict.CORRECT))


def verdicts_by_source(pieces: Sequence[Evidence]) -> dict[Source, Verdict]:
    """One verdict per source and step.

    Value: alive if any rollout was right (the papers' hard estimate). Correctness: the verdict, or
    the majority where a source spoke more than once; a tie is unknown.
    """
    verdicts = {}
    for source, counts in counts_by_source(pieces).items():
        if source.asks is Asks.VALUE:
            verdicts[source] = Verdict.CORRECT if counts.n_correct else Verdict.WRONG
            continue
        said = [
            1 if p.verdict is Verdict.CORRECT else -1
            for p in pieces
            if source_of(p) == source and p.verdict is not Verdict.UNKNOWN
        ]
        verdicts[source] = _sign(sum(said))
    return verdicts


def _sign(total: float) -> Verdict:
    if total == 0:
        return Verdict.UNKNOWN
    return Verdict.CORRECT if total > 0 else Verdict.WRONG


def first_error_of(verdicts: Sequence[Verdict | None]) -> int | None:
    """Where a source sees the first error: 0-based, -1 none, None where silence hides it."""
    for t, verdict in enumerate(verdicts):
        if verdict is Verdict.WRONG:
            return t
        if verdict is not Verdict.CORRECT:
            return None
    return -1


def judges(
    evidence: Sequence[Sequence[Evidence]], names: Sequence[str] = ()
) -> Mapping[Source, Sequence[Verdict | None]]:
    """What each source of correctness says, step by step; only labelers in `names`, if any."""
    steps = [verdicts_by_source(pieces) for pieces in evidence]
    found = {
        source
        for step in steps
        for source in step
        if source.asks is Asks.CORRECTNESS and (not names or source.labeler in names)
    }
    return {source: [step.get(source) for step in steps] for source in sorted(found)}


def is_of_an_answer(source: Source | Evidence) -> bool:
    """Whether what it says is the outcome of a whole solution, not the value of a prefix."""
    return source.asks is Asks.VALUE and method_of(source.labeler).of_whole_answers


def is_proof(source: Source) -> bool:
    """Whether a step that this source calls wrong was computed to be."""
    return source.asks is Asks.CORRECTNESS and method_of(source.labeler).is_tool


def may_veto(source: Source) -> bool:
    """Whether what this source says, or leaves open, can hold against what others say.

    Not where it never says "right", or speaks of wrong answers only: neither judges a solution.
    """
    return source.asks is Asks.VALUE or method_of(source.labeler).judges_any_solution
