"""How labelers answer: how often they speak of a step, with how many votes, at what price.

Learned on the pilot, where everybody was asked; apart for solutions with a wrong answer, which
searches work on and others may not. What a labeler says is the label model's business
(`labeler.consensus.label_model`); this is only what is to be expected of its replies' form.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from labeler.acquire.base import Unit
from labeler.acquire.board import Case
from labeler.consensus.scores import score_name
from labeler.consensus.sources import Source, counts_by_source, source_of
from labeler.labelers.shared.score_alone import is_score_alone
from labeler.records import Verdict

PRIOR_CASES = 1.0
"""The price of all solutions weighs as much, among those with a wrong answer, as one of them."""


@dataclass(frozen=True, slots=True)
class Habit:
    """Of one labeler on solutions of one kind.

    `source` is who it is to the label model, None where it never spoke; `score` the name of its
    scores, "" where it gives none. `speaks` is the share of steps that it says something of before
    it has called one wrong, `speaks_on` afterwards; `votes` how many it casts on a step.
    """

    source: Source | None
    score: str
    speaks: float
    speaks_on: float
    votes: int


@dataclass(frozen=True, slots=True)
class Prices:
    """What a step of a solution costs on average, by labeler, and the same of wrong answers."""

    by_source: Mapping[str, float]
    of_wrong: Mapping[str, float]

    def of(self, source: str, case: Case) -> float:
        """What asking about this solution will cost."""
        table = self.of_wrong if case.is_wrong else self.by_source
        return table.get(source, 0.0) * len(case.solution.steps)

    def is_free(self, source: str) -> bool:
        """Whether asking costs nothing in what is to be spent sparingly."""
        return all(prices.get(source) == 0.0 for prices in (self.by_source, self.of_wrong))


def learn_prices(cases: Iterable[Case], unit: Unit) -> Prices:
    """From what was asked."""
    spent: dict[tuple[str, bool], Counter[str]] = {}
    for case in cases:
        for source, cost in case.asked.items():
            sums = spent.setdefault((source, case.is_wrong), Counter())
            sums["cases"] += 1
            sums["steps"] += len(case.solution.steps)
            sums["spent"] += cost.of(unit)  # type: ignore[assignment]
    names = sorted({source for source, _ in spent})
    found: dict[bool, dict[str, float]] = {}
    for is_wrong in (False, True):
        found[is_wrong] = {}
        for name in names:
            own, other = (spent.get((name, one), Counter()) for one in (is_wrong, not is_wrong))
            steps, whole = own["steps"], own["spent"]
            n = own["steps"] + other["steps"]
            # A kind that was met seldom borrows from the other one.
            mean = (own["spent"] + other["spent"]) / n if n else 0.0
            borrowed = PRIOR_CASES * n / max(own["cases"] + other["cases"], 1)
            found[is_wrong][name] = (whole + borrowed * mean) / (steps + borrowed) if n else 0.0
    return Prices(found[False], found[True])


def learn_habits(cases: Iterable[Case], sources: Iterable[str]) -> dict[tuple[str, bool], Habit]:
    """By labeler, and whether the answer is wrong."""
    cases = list(cases)
    return {
        (name, is_wrong): _habit(
            name, [c for c in cases if name in c.asked and c.is_wrong == is_wrong]
        )
        for name in sources
        for is_wrong in (False, True)
    }


def _habit(name: str, cases: list[Case]) -> Habit:
    speakers: Counter[Source] = Counter()
    scores: Counter[str] = Counter()
    before, spoke_before, after, spoke_after = 1e-9, 0, 1e-9, 0
    votes: Counter[int] = Counter()
    for case in cases:
        flagged = False
        for t, step in enumerate(case.row.steps):
            pieces = [piece for piece in step.evidence if piece.labeler == name]
            said = counts_by_source(pieces)
            speakers.update(source_of(p) for p in pieces if p.verdict is not Verdict.UNKNOWN)
            scores.update(
                score_name(p, t, len(case.row.steps)) for p in pieces if is_score_alone(p)
            )
            spoke = bool(said) or any(is_score_alone(p) for p in pieces)
            if flagged:
                after, spoke_after = after + 1, spoke_after + spoke
            else:
                before, spoke_before = before + 1, spoke_before + spoke
            votes.update(counts.n for counts in said.values())
            flagged = flagged or any(counts.n_correct == 0 for counts in said.values())
    return Habit(
        speakers.most_common(1)[0][0] if speakers else None,
        scores.most_common(1)[0][0] if scores else "",
        spoke_before / before,
        spoke_after / after,
        max(1, round(sum(n * k for n, k in votes.items()) / max(1, sum(votes.values())))),
    )
