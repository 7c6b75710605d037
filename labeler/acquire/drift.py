"""A labeler that gets worse in the course of a run, as the explored solutions show it.

Explored solutions are drawn, not chosen, and everybody is asked about them. Whether a labeler was
right there is told by what was decided without it. Its mistakes on the pilot are compared with
those on what was explored later, a solution counting once (Fisher's exact test, one-sided): a rise
that chance explains in less than one of `RARE` cases is said.
"""

from __future__ import annotations

from collections.abc import Sequence

from labeler.consensus.fusion import Fusion
from labeler.consensus.sources import judges
from labeler.records import LabeledSolution, Verdict

RARE = 1000


def degraded(
    before: Sequence[LabeledSolution],
    later: Sequence[LabeledSolution],
    rule: Fusion,
    sources: Sequence[str],
) -> dict[str, str]:
    """By labeler, what is to be said of it; `before` and `later` were asked about by everybody."""
    from scipy.stats import fisher_exact

    found = {}
    for name in sources:
        mistakes = []
        for rows in (before, later):
            told = [one for row in rows if (one := _is_mistaken(row, name, rule)) is not None]
            mistakes.append((sum(told), len(told)))
        (old, n_old), (new, n_new) = mistakes
        if not n_old or not n_new:
            continue
        table = [[new, n_new - new], [old, n_old - old]]
        if fisher_exact(table, alternative="greater").pvalue < 1 / RARE:
            found[name] = (
                f"against what others decided it was wrong on {new} of {n_new} solutions explored "
                f"later, on {old} of {n_old} of the pilot"
            )
    return found


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
