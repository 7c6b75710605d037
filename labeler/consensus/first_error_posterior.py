"""From P(first error = t) to labels."""

from __future__ import annotations

from collections.abc import Sequence

from labeler.consensus.base import Decision
from labeler.records import Verdict


def label_from_first_error_posterior(
    posterior: Sequence[float], min_confidence: float, spoken: Sequence[bool], outcome: Verdict
) -> Decision:
    """Labels from `posterior`: P(first error = t) for each step, then P(none).

    A step (or "none") that is at least `min_confidence` probable is the first error. Else single
    steps are labelled right where that is so probable. `spoken` tells of which steps somebody said
    something beyond the outcome. All behind the last of them are left open if the outcome is
    unknown, too; and if nobody said anything, that the answer is wrong tells of no single step.
    """
    n_steps = len(posterior) - 1
    last = max((t + 1 for t, is_spoken in enumerate(spoken) if is_spoken), default=0)
    knows_outcome = outcome is not Verdict.UNKNOWN
    told = n_steps if knows_outcome and last else last
    right = [min(1.0, max(0.0, 1 - sum(posterior[: t + 1]))) for t in range(n_steps)]
    best = max(range(n_steps + 1), key=lambda t: posterior[t])
    open_end = not knows_outcome and told < n_steps and best >= told
    if posterior[best] >= min_confidence and not open_end:
        first_error = -1 if best == n_steps else best
        # After the first error the question has no meaning here: no label, no probability.
        end = n_steps if first_error == -1 else best + 1
        labels = tuple(None if t >= end else -1 if t == first_error else 1 for t in range(n_steps))
        probabilities = tuple(right[t] if t < end else None for t in range(n_steps))
        return Decision(first_error, labels, probabilities)
    name = "no error" if best == n_steps else f"step {best + 1}"
    reason = f"first error undecided: most likely {name}, P = {posterior[best]:.2f}"
    return Decision(
        None,
        tuple(1 if t < told and p >= min_confidence else None for t, p in enumerate(right)),
        tuple(p if t < told else None for t, p in enumerate(right)),
        f"no evidence from step {told + 1} on" if open_end else reason,
    )
