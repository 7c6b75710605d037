"""A labeler that gets worse in the course of a run, as the explored solutions show it.

Explored solutions are drawn, not chosen, and everybody is asked about them. Whether a labeler was
right there is told by what was decided without it, a solution counting once. It may get worse at
any moment, so its mistakes from each of `MOMENTS` on are compared with those before, the pilot's
among them (Fisher's exact test, one-sided). The most surprising moment counts, and it is said where
mistakes in a random order have one as surprising in less than one of `RARE` runs.

Source: Westfall and Young, Resampling-Based Multiple Testing (1993), the least p of many tests.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from labeler.consensus.fusion import Fusion
from labeler.consensus.sources import judges
from labeler.records import LabeledSolution, Verdict

RARE = 1000
MOMENTS = 16
"""Evenly among what was explored after the pilot."""

ORDERS = 10 * RARE
AT_ONCE = 1000
SEED = 20_261_129


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
        said = got_worse(pilot, explored) if pilot else ""
        if said:
            found[name] = said
    return found


def got_worse(pilot: Sequence[bool], explored: Sequence[bool]) -> str:
    """At which moment mistakes became most surprisingly many; "" where chance explains it. Both are
    in the order of the run: whether the labeler was mistaken on each solution.
    """
    from scipy.stats import hypergeom

    if not explored:
        return ""
    mistakes = np.array([*pilot, *explored], dtype=np.int32)
    n, n_wrong = len(mistakes), int(mistakes.sum())
    moments = np.array(
        sorted({len(pilot) + part * len(explored) // MOMENTS for part in range(MOMENTS)})
    )
    # P(so many of the mistakes, or more, are among those from a moment on) [moments, mistakes + 1].
    chances = hypergeom.sf(np.arange(n_wrong + 1)[None] - 1, n, n_wrong, (n - moments)[:, None])

    def at_moments(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mistakes from each moment on, and how probable so many are [rows, moments]."""
        after = n_wrong - (rows.cumsum(axis=1) - rows)[:, moments]
        return after, chances[np.arange(len(moments)), after]

    [wrong], [seen] = at_moments(mistakes[None])
    best = int(seen.argmin())
    if seen[best] >= 1 / RARE:
        return ""
    draws = np.random.default_rng(SEED)
    n_as_rare = 0
    for _ in range(ORDERS // AT_ONCE):
        orders = draws.permuted(np.tile(mistakes, (AT_ONCE, 1)), axis=1)
        n_as_rare += int((at_moments(orders)[1].min(axis=1) <= seen[best]).sum())
    if (n_as_rare + 1) / (ORDERS + 1) >= 1 / RARE:
        return ""
    return (
        f"against what others decided it was wrong on {wrong[best]} of the last "
        f"{n - moments[best]} solutions explored, on {n_wrong - wrong[best]} of {moments[best]} "
        "before"
    )


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
