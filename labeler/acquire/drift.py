"""A labeler that gets worse in the course of a run, as the explored solutions show it.

Explored solutions are drawn, not chosen, and everybody is asked about them. Whether a labeler was
right there is told by what was decided without it, a solution counting once. It may get worse at
any moment, so its mistakes from each of `MOMENTS` on are compared with those before, the pilot's
among them (Fisher's exact test, one-sided): a rise that chance explains at any of these moments in
less than one of `RARE` runs is said (Bonferroni's bound).
"""

from __future__ import annotations

from collections.abc import Sequence

from labeler.consensus.fusion import Fusion
from labeler.consensus.sources import judges
from labeler.records import LabeledSolution, Verdict

RARE = 1000
MOMENTS = 16
"""Evenly among what was explored after the pilot."""


def degraded(
    before: Sequence[LabeledSolution],
    later: Sequence[LabeledSolution],
    rule: Fusion,
    sources: Sequence[str],
) -> dict[str, str]:
    """By labeler, what is to be said of it; `before` and `later`, in the order of the run, were
    asked about by everybody.
    """
    found = {}
    for name in sources:
        pilot, explored = (
            [one for row in rows if (one := _is_mistaken(row, name, rule)) is not None]
            for rows in (before, later)
        )
        said = _got_worse(pilot, explored) if pilot else ""
        if said:
            found[name] = said
    return found


def _got_worse(pilot: Sequence[bool], explored: Sequence[bool]) -> str:
    """At which moment the mistakes became most surprisingly many; "" where chance explains it."""
    from scipy.stats import fisher_exact

    moments = sorted({part * len(explored) // MOMENTS for part in range(MOMENTS)})
    best, said = 1 / RARE / MOMENTS, ""
    for moment in moments if explored else ():
        old, new = [*pilot, *explored[:moment]], explored[moment:]
        wrong_before, wrong = sum(old), sum(new)
        table = [[wrong, len(new) - wrong], [wrong_before, len(old) - wrong_before]]
        chance = fisher_exact(table, alternative="greater").pvalue
        if chance < best:
            best = chance
            said = (
                f"against what others decided it was wrong on {wrong} of the last {len(new)} "
                f"solutions explored, on {wrong_before} of {len(old)} before"
            )
    return said


def _is_mistaken(row: LabeledSolution, name: str, rule: Fusion) -> bool | None:
    """Whether it contradicts a label that the others decided; None where nothing can be told."""
    evidence = [step.evidence for step in row.steps]
    without = [[e for e in pieces if e.labeler != name] for pieces in evidence]
    decision = rule.decide(row.solution, without)
    said = judges(evidence, [name])
    if not decision.kept or not said:
        return None
    pairs = [
        (verdict, label)
        for verdicts in said.values()
        for verdict, label in zip(verdicts, decision.labels, strict=True)
        if verdict in (Verdict.CORRECT, Verdict.WRONG) and label is not None
    ]
    if not pairs:
        return None
    return any((verdict is Verdict.CORRECT) != (label == 1) for verdict, label in pairs)
