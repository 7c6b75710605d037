"""The passages that an agent saw, turn by turn, and which of them are useful."""

from __future__ import annotations

from dataclasses import dataclass

from labeler.checking.useful import Passage, Useful, passages_in, useful_passages
from labeler.records import Problem, Solution
from labeler.turns.rendered import TOOL


@dataclass(frozen=True, slots=True)
class SeenPassages:
    """`by_turn`: places, in the order of all passages, of those that each turn brought."""

    by_turn: tuple[tuple[int, ...], ...]
    judged: Useful


def seen_passages(problem: Problem, solution: Solution) -> SeenPassages | None:
    """None for a solution without turns, and a problem without a gold answer. A passage that comes
    again counts where it came first.
    """
    if solution.trajectory is None or problem.gold_answer is None:
        return None
    places: dict[Passage, int] = {}
    by_turn = []
    for turn in solution.trajectory.turns:
        answers = [one for one in turn.observations if one.role == TOOL and not one.reason]
        found = [passage for one in answers for passage in passages_in(one.text)]
        by_turn.append(tuple(dict.fromkeys(places.setdefault(one, len(places)) for one in found)))
    golds = [problem.gold_answer, *(problem.known.aliases if problem.known else ())]
    return SeenPassages(tuple(by_turn), useful_passages(problem.text, golds, list(places)))
