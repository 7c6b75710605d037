"""How `agents.py` reads each source alone, and fusion over several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from search_scores import judge

from labeler.consensus.base import Decision, Rule, fitted
from labeler.consensus.first_zero import FirstZero
from labeler.consensus.fusion import Fusion, FusionRule
from labeler.consensus.posterior import Posterior, PosteriorRule
from labeler.evaluation.compare import Examined, rows_of
from labeler.evaluation.first_flag import FirstFlag
from labeler.evaluation.metrics import Prediction
from labeler.labelers.bisect import Bisect
from labeler.labelers.evidence_check import EvidenceCheck
from labeler.labelers.method import MethodSettings
from labeler.labelers.monte_carlo import MonteCarlo
from labeler.labelers.sufficiency import Sufficiency
from labeler.labelers.surprise import SurpriseSettings
from labeler.labelers.tool_match import ToolMatch
from labeler.records import Evidence, Solution, Verdict

KEY = "tool_match"
FUSION, NO_WORDS, WITH_KEY = "fusion", "fusion, no words", "fusion, gold calls too"


class FlagOrOutcome:
    """The first flag; without one the last step where the answer is wrong, and none where right."""

    name = "flag_or_outcome"

    def decide(self, solution: Solution, evidence: Sequence[Sequence[Evidence]]) -> Decision:
        flagged = FirstFlag().decide(solution, evidence)
        last = len(evidence) - 1
        by_outcome = last if solution.outcome is Verdict.WRONG else -1
        return at(flagged.labels.index(-1) if -1 in flagged.labels else by_outcome, last + 1)


class LowestWhereWrong:
    """Of a wrong answer the first step with the lowest score; none where the answer is right."""

    name = "lowest_where_wrong"

    def decide(self, solution: Solution, evidence: Sequence[Sequence[Evidence]]) -> Decision:
        known = [
            (piece.signal, t)
            for t, pieces in enumerate(evidence)
            for piece in pieces
            if piece.signal is not None
        ]
        is_wrong = solution.outcome is Verdict.WRONG
        return at(min(known)[1] if known and is_wrong else -1, len(evidence))


def at(place: int, n_steps: int) -> Decision:
    """The first error at a place, -1 for none; every step before it is right."""
    before = n_steps if place < 0 else place
    labels = tuple(1 if t < before else -1 if t == place else None for t in range(n_steps))
    return Decision(place, labels, (None,) * n_steps)


@dataclass(frozen=True)
class Reading:
    """Whose evidence a rule reads; `of_value`: on trajectories with a wrong answer only."""

    heard: tuple[str, ...]
    rule: Rule
    of_value: bool = False


def settings(k: int) -> dict[str, MethodSettings]:
    """The sources by name."""
    return {
        "monte_carlo": MonteCarlo(k=k),
        "bisect": Bisect(),
        "tool_match": ToolMatch(strict=True),
        "evidence_check": EvidenceCheck(),
        "sufficiency": Sufficiency(),
        "surprise": SurpriseSettings(),
    }


def readings() -> dict[str, Reading]:
    """How each is read, alone and together."""
    fusion = Fusion(FusionRule(min_confidence=1e-9))
    posterior = Posterior(PosteriorRule(min_confidence=1e-9))
    of_agent, of_words = ("monte_carlo", "bisect", "surprise"), ("evidence_check", "sufficiency")
    return {
        "monte_carlo": Reading(("monte_carlo",), FirstZero(), of_value=True),
        "bisect": Reading(("bisect", "surprise"), posterior, of_value=True),
        **{name: Reading((name,), LowestWhereWrong()) for name in (*of_words, "surprise")},
        "outcome": Reading((), fusion),
        FUSION: Reading((*of_agent, *of_words), fusion),
        NO_WORDS: Reading(of_agent, fusion),
        KEY: Reading((KEY,), FlagOrOutcome()),
        WITH_KEY: Reading((*of_agent, *of_words, KEY), fusion),
    }


def judged(examined: Sequence[Examined], reading: Reading) -> list[Prediction]:
    """What one reading makes of every trajectory."""
    rows = rows_of(examined, reading.heard)
    rule = fitted(reading.rule, rows)
    truths = [one.solved.first_error or 0 for one in examined]
    if reading.of_value:
        return [judge(row, truth, rule) for row, truth in zip(rows, truths, strict=True)]
    decisions = [rule.decide(row.solution, [step.evidence for step in row.steps]) for row in rows]
    return [
        Prediction(decision, truth, row.solution.outcome)
        for decision, truth, row in zip(decisions, truths, rows, strict=True)
    ]
