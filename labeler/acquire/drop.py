"""Labelers that are asked no more once the pilot is over, and why.

Worthless: what it says of steps before the first error and of first errors does not differ by more
than chance would have it (two shares, z below `LEAST_Z`), on at least `LEAST_ERRORS` errors. A
copy: wherever it and another labeler both spoke, they said the same, and called steps wrong in at
least `LEAST_FLAGS` solutions; the dearer of the two goes, if the other may be asked wherever it is.
Agreement so complete may come from two labelers that are both excellent; then the second is not
worth its price either.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from labeler.acquire.board import Case, speaks_of
from labeler.acquire.habits import Habit, Prices
from labeler.consensus.label_model import LabelModel
from labeler.consensus.sources import Source, verdicts_by_source
from labeler.labelers.methods import method_of
from labeler.records import Verdict

LEAST_Z = 2.0
LEAST_ERRORS = 3.0
LEAST_FLAGS = 5


def dropped(
    cases: Sequence[Case],
    model: LabelModel,
    habits: dict[tuple[str, bool], Habit],
    prices: Prices,
    sources: Iterable[str],
) -> dict[str, str]:
    """By labeler, the reason."""
    voices = {name: one for name in sources if (one := _voice(name, habits)) is not None}
    found = {
        name: reason
        for name, source in voices.items()
        if method_of(name).may_say_right and (reason := _worthless(source, model))
    }
    paid = [name for name in voices if name not in found and _price(name, prices) > 0]
    for name in sorted(paid, key=lambda name: (-_price(name, prices), name)):
        others = [
            other
            for other in paid
            if (_price(other, prices), other) < (_price(name, prices), name)
            and other not in found
            and _speaks_wherever(other, name, cases)
        ]
        for other in others:
            n_steps, n_flags, differ = _compared(cases, voices[name], voices[other])
            if n_flags >= LEAST_FLAGS and not differ:
                found[name] = f"said the same as {other} of all {n_steps} steps that both spoke of"
                break
    return found


def _speaks_wherever(name: str, other: str, cases: Sequence[Case]) -> bool:
    """Whether the one may be asked about every solution that the other may be asked about."""
    one, two = method_of(name), method_of(other)
    return all(speaks_of(one, case) or not speaks_of(two, case) for case in cases)


def _voice(name: str, habits: dict[tuple[str, bool], Habit]) -> Source | None:
    return habits[name, False].source or habits[name, True].source


def _price(name: str, prices: Prices) -> float:
    return max(prices.by_source.get(name, 0.0), prices.of_wrong.get(name, 0.0))


def _worthless(source: Source, model: LabelModel) -> str:
    if source not in model.confusion:
        return ""
    (right, not_right), (missed, flagged), _ = model.confusion[source].tolist()
    n_right, n_errors = right + not_right, missed + flagged
    if n_errors < LEAST_ERRORS or not n_right:
        return ""
    pooled = (right + missed) / (n_right + n_errors)
    spread = (pooled * (1 - pooled) * (1 / n_right + 1 / n_errors)) ** 0.5
    gap = right / n_right - missed / n_errors
    if gap > LEAST_Z * spread:
        return ""
    return (
        f"calls right {right / n_right:.2f} of steps before the first error and "
        f"{missed / n_errors:.2f} of first errors: no difference to be seen"
    )


def _compared(cases: Sequence[Case], one: Source, other: Source) -> tuple[int, int, int]:
    """Steps that both spoke of, solutions in which one called one of these wrong (what rollouts say
    after an error follows from it), and the steps on which they differ.
    """
    n_steps = n_flags = differ = 0
    for case in cases:
        told = [verdicts_by_source(step.evidence) for step in case.row.steps]
        both = [(said[one], said[other]) for said in told if one in said and other in said]
        n_steps += len(both)
        n_flags += any(mine is Verdict.WRONG for mine, _ in both)
        differ += sum(mine is not theirs for mine, theirs in both)
    return n_steps, n_flags, differ
