"""Accuracy on pairs of next steps: of judges by their answers, of others by their evidence.

The better step in both orders scores 1, the worse one in both 0, all else 0.5: ties, answers that
go with the position, replies that nobody can read (ToolComp, arXiv 2501.01290, as released). A
request that failed is no reply, and its pair is left out. A labeler of single solutions holds that
last step for better to which it gives the higher score, or verdict.

Does not cover: that pairs of one problem hang together, so that intervals are too narrow there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from labeler.evaluation.compare import Examined
from labeler.evaluation.pairs import Choice, Pair
from labeler.records import Evidence, Solution, Verdict, prefix_id
from labeler.stats.rates import Rate, wilson, wilson_interval

ALL = "all"
POINTS = {Choice.BETTER: 1.0, Choice.WORSE: 0.0}
TIED = 0.5


@dataclass(frozen=True, slots=True)
class PairScore:
    """How a source did on `n` pairs; None where there are none. `counts` are by `Choice`.

    `by_position`: of the pairs with a number for an answer in both orders, those with twice the
    same, 0.5 of them for who guesses; None for who was not asked in two orders.
    """

    n: int
    accuracy: float | None
    interval: tuple[float, float] | None
    counts: Mapping[str, int]
    by_position: Rate | None


@dataclass(frozen=True, slots=True)
class PairComparison:
    """Scores by source, then by kind of pair ("all" among them); how many pairs of each kind."""

    n: int
    kinds: Mapping[str, int]
    sources: Mapping[str, Mapping[str, PairScore]]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def choices_by_evidence(
    pairs: Sequence[Pair], examined: Iterable[Examined], labeler: str
) -> list[Choice]:
    """What a labeler that was asked about all solutions of the pairs holds for better."""
    found = {
        one.solved.solution.solution_id: [*one.evidence[labeler], *one.about_it.get(labeler, ())]
        for one in examined
    }
    return [
        held_for_better(
            *(
                [e for e in found[one.solution_id] if e.prefix_id == _last_prefix(one)]
                for one in (pair.better.solution, pair.worse.solution)
            )
        )
        for pair in pairs
    ]


def _last_prefix(solution: Solution) -> str:
    return prefix_id(solution.problem_id, solution.steps)


def held_for_better(on_better: Collection[Evidence], on_worse: Collection[Evidence]) -> Choice:
    """By evidence on the two steps: scores without a verdict where both have one, then `score`,
    then verdicts, of which unknown and none stand between right and wrong.
    """
    for worth in (_signal, _score_of, _verdict):
        better, worse = (
            [w for e in pieces if (w := worth(e)) is not None] for pieces in (on_better, on_worse)
        )
        if (better and worse) or (worth is _verdict and (better or worse)):
            a, b = (fmean(values or [TIED]) for values in (better, worse))
            return Choice.TIE if a == b else Choice.BETTER if a > b else Choice.WORSE
    return Choice.SILENT


def _signal(piece: Evidence) -> float | None:
    return piece.signal


def _score_of(piece: Evidence) -> float | None:
    return piece.score


def _verdict(piece: Evidence) -> float | None:
    return {Verdict.CORRECT: 1.0, Verdict.WRONG: 0.0}.get(piece.verdict)


def score_pairs(
    pairs: Sequence[Pair],
    answered: Mapping[str, Sequence[Choice]],
    held: Mapping[str, Sequence[Choice]],
) -> PairComparison:
    """Scores of every source, which has one choice for each pair: judges that `answered` in both
    orders, and labelers by what they `held` for better.
    """
    kinds = Counter(pair.kind for pair in pairs)
    groups = (ALL, *(sorted(kinds) if len(kinds) > 1 else ()))
    sources = {
        name: {
            group: _score(
                [c for c, p in zip(chosen, pairs, strict=True) if group in (ALL, p.kind)],
                in_both_orders=name in answered,
            )
            for group in groups
        }
        for name, chosen in (*answered.items(), *held.items())
    }
    return PairComparison(len(pairs), dict(kinds), sources)


def _score(choices: Sequence[Choice], *, in_both_orders: bool) -> PairScore:
    counts = Counter(choices)
    points = [POINTS.get(one, TIED) for one in choices if one is not Choice.FAILED]
    accuracy = fmean(points) if points else None
    interval = wilson_interval(accuracy, len(points)) if accuracy is not None else None
    same = counts[Choice.ALWAYS_FIRST] + counts[Choice.ALWAYS_SECOND]
    numbers = same + counts[Choice.BETTER] + counts[Choice.WORSE]
    told = {str(one): counts[one] for one in Choice if counts[one]}
    by_position = wilson(same, numbers) if in_both_orders else None
    return PairScore(len(points), accuracy, interval, told, by_position)
