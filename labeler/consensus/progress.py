"""Relative progress: what a step does to the value (GenPRM, arXiv 2504.00891, section 3.2).

    P_t = MC(after the step) / MC(before it);   the step is right if P_t >= threshold

After a step with MC = 0 all are wrong. Before the first step stands the problem's pass rate, where
it is known. The ratio is noise where the value before rests on few right rollouts (2 of 128, one
less: it halves), so `min_correct` asks for so many there; with fewer, MC > 0 decides. The paper
asks for none.
"""

from __future__ import annotations

from collections.abc import Sequence

from labeler.consensus.base import Counts

NOTHING = Counts(0, 0)


def progress(
    counts: Sequence[Counts], threshold: float, *, start: Counts = NOTHING, min_correct: int = 0
) -> list[bool] | None:
    """Which steps are right; None where a step that matters was not sampled.

    The last step's MC is its outcome. `start` is the problem's pass rate, n = 0 if unknown.
    """
    found: list[bool] = []
    before, is_dead = start, False
    for after in counts:
        if not is_dead and after.n == 0:
            return None
        found.append(not is_dead and _is_right(before, after, threshold, min_correct))
        is_dead = is_dead or after.n_correct == 0
        before = after
    return found


def _is_right(before: Counts, after: Counts, threshold: float, min_correct: int) -> bool:
    if after.n_correct == 0:
        return False
    if before.n_correct < max(1, min_correct):
        return True
    return after.n_correct / after.n >= threshold * (before.n_correct / before.n)
