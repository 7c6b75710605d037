"""Several critiques of one solution -> one aggregated verdict per step.

A critique stops at its first error, so it votes on the steps up to there. `majority`: more than
half of the votes on a step; a tie is unknown, never a guess. `intersection`: wrong only if all say
so. `union`: wrong if any says so (CAPO, arXiv 2508.02298; step consistency of SPARK, 2512.03244).
The verdict's text is kept from a critique that agrees with the vote on every step, if there is one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from labeler.labelers.judge.settings import VoteRule
from labeler.labelers.shared.replies.base import StepVerdict
from labeler.labelers.shared.verdict_evidence import AggregatedVerdict
from labeler.records import Verdict

Critique = tuple[StepVerdict, ...]
"""One verdict per step."""


def count_votes(
    critiques: Sequence[Critique], rule: VoteRule, *, min_agreement: float, every_step: bool
) -> list[AggregatedVerdict]:
    """Verdicts on the steps up to the first one voted wrong; on all of them with `every_step`."""
    opinions: list[AggregatedVerdict] = []
    for t in range(len(critiques[0])):
        speaking = [c for c in critiques if every_step or not _flagged(c[:t])]
        opinions.append(_opinion([c[t] for c in speaking], rule, min_agreement))
        if opinions[-1].verdict is Verdict.WRONG and not every_step:
            break
    voted = [opinion.verdict for opinion in opinions]
    like_minded = [c for c in critiques if [r.verdict for r in c[: len(voted)]] == voted]
    return [
        AggregatedVerdict(
            o.verdict, o.n, o.n_correct, _text([*like_minded, *critiques], t, o), o.reason
        )
        for t, o in enumerate(opinions)
    ]


def _flagged(readings: Sequence[StepVerdict]) -> bool:
    return any(reading.verdict is Verdict.WRONG for reading in readings)


def _opinion(
    said: Sequence[StepVerdict], rule: VoteRule, min_agreement: float
) -> AggregatedVerdict:
    votes = [one for one in said if one.verdict is not Verdict.UNKNOWN]
    n, right = len(votes), sum(one.verdict is Verdict.CORRECT for one in votes)
    if n == 0:
        reasons = Counter(one.reason for one in said)
        first = reasons.most_common(1)[0][0] if reasons else "every critique stopped before"
        return AggregatedVerdict(Verdict.UNKNOWN, reason=first)
    if rule == "majority" and 2 * right == n:
        return AggregatedVerdict(Verdict.UNKNOWN, n, right, reason=f"a tie of {n} votes")
    holds = {"majority": 2 * right > n, "intersection": right > 0, "union": right == n}[rule]
    with_it = right if holds else n - right
    if with_it < min_agreement * n:
        return AggregatedVerdict(
            Verdict.UNKNOWN, n, right, reason=f"only {with_it} of {n} votes agree"
        )
    return AggregatedVerdict(Verdict.CORRECT if holds else Verdict.WRONG, n, right)


def _text(critiques: Sequence[Critique], t: int, opinion: AggregatedVerdict) -> str:
    return next((c[t].rationale for c in critiques if c[t].verdict is opinion.verdict), "")


def both_ways(critique: Critique, swapped: Critique) -> tuple[Critique, int]:
    """What a critique says in both orders, and on how many steps its verdict flipped."""
    merged = []
    flips = 0
    for one, other in zip(critique, swapped, strict=True):
        if Verdict.UNKNOWN in (one.verdict, other.verdict):
            merged.append(one if one.verdict is Verdict.UNKNOWN else other)
        elif one.verdict is other.verdict:
            merged.append(one)
        else:
            flips += 1
            merged.append(
                StepVerdict(Verdict.UNKNOWN, "the verdict turns with the order of the prompt")
            )
    return tuple(merged), flips
