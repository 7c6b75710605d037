"""What one source alone says: its first flag is its first error.

A source that calls some step wrong claims that the first such step is the first error. It claims
that there is none only if it called every step right; a source that leaves steps undecided and
flags none claims nothing. Scores that a source gives stand for P(step is right).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from labeler.consensus.base import Decision
from labeler.consensus.sources import is_of_an_answer
from labeler.records import Asks, Evidence, Solution, Verdict


@dataclass(frozen=True, slots=True)
class FirstFlag:
    """Reads evidence of one kind only (correctness); one source, or several taken as one.

    Of value it reads what is said of steps, not the outcome of whole answers.
    """

    name: str = "first_flag"
    asks: Asks = Asks.CORRECTNESS

    def decide(self, solution: Solution, evidence: Sequence[Sequence[Evidence]]) -> Decision:
        said = [
            [e for e in pieces if e.asks is self.asks and not is_of_an_answer(e)]
            for pieces in evidence
        ]
        verdicts = [{e.verdict for e in pieces} for pieces in said]
        flag = next((t for t, found in enumerate(verdicts) if Verdict.WRONG in found), None)
        right = [Verdict.CORRECT in found and Verdict.WRONG not in found for found in verdicts]
        end = len(verdicts) if flag is None else flag
        labels = tuple(
            -1 if t == flag else 1 if right[t] and t < end else None for t in range(len(verdicts))
        )
        scores = [[e.score for e in pieces if e.score is not None] for pieces in said]
        last = end if flag is None else flag + 1
        probabilities = tuple(
            sum(given) / len(given) if given and t < last else None
            for t, given in enumerate(scores)
        )
        if flag is None and not all(right):
            return Decision(None, labels, probabilities, "no flag, and some steps undecided")
        return Decision(-1 if flag is None else flag, labels, probabilities)
