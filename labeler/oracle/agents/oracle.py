"""Says of every turn of any trajectory, exactly, whether it is right, and what is wrong with it.

A call is right if it asks for the fact that the question needs next, of somebody whom the question
or an observation named; needless if that fact was seen already; wrong else. An answer is right if
it is the last fact's object, after an observation showed that fact. Turns after an error are judged
on their own merit. What stands around a call is not judged, for only the call has consequences.

A fact counts as seen once an observation holds its passage, whichever call brought it. A needless
call is no error: nothing is lost by it but its cost, and no rollout can show it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from labeler.oracle.agents.questions import Question
from labeler.oracle.agents.reading import Asked, answer_of, asked_by, passages_in, query_of
from labeler.oracle.agents.world import Fact
from labeler.records import Turn


class TurnKind(StrEnum):
    """What a turn is."""

    RIGHT = "right"
    NEEDLESS = "needless"
    """Asks for a fact that was seen already."""
    WRONG_ENTITY = "wrong_entity"
    """Asks about somebody who is not next."""
    WRONG_RELATION = "wrong_relation"
    """Asks about the right one, but for something else."""
    MISREAD = "misread_observation"
    """Goes on with, or answers, another name of the observation than the one that was asked for."""
    EARLY_ANSWER = "answered_too_early"
    """Answers with something seen before all was looked up."""
    UNSUPPORTED = "unsupported_answer"
    """Answers what no observation said, the right answer included."""
    UNREADABLE = "unreadable"
    """Neither a call of the search nor an answer."""


NO_ERRORS = (TurnKind.RIGHT, TurnKind.NEEDLESS)


@dataclass(frozen=True, slots=True)
class TrajectoryGrade:
    """One entry per turn."""

    kinds: tuple[TurnKind, ...]

    @property
    def first_error(self) -> int:
        """0-based place of the first wrong turn, -1 if none."""
        return next((i for i, kind in enumerate(self.kinds) if kind not in NO_ERRORS), -1)

    @property
    def first_error_kind(self) -> TurnKind | None:
        return self.kinds[self.first_error] if self.first_error >= 0 else None


def grade_turns(question: Question, turns: Sequence[Turn]) -> TrajectoryGrade:
    """Grades every turn of a trajectory."""
    seen: set[int] = set()
    shown: list[str] = []
    kinds = []
    for turn in turns:
        kinds.append(_kind(question, turn, seen, shown))
        for observation in turn.observations:
            shown.append(observation.text)
            seen |= _facts_in(question.hops, observation.text)
    return TrajectoryGrade(tuple(kinds))


def _facts_in(hops: tuple[Fact, ...], observation: str) -> set[int]:
    found = {(one.subject, one.relation.noun, one.object) for one in passages_in(observation)}
    return {
        i
        for i, fact in enumerate(hops)
        if (fact.subject.name, fact.relation.noun, fact.shown) in found
    }


def _kind(question: Question, turn: Turn, seen: set[int], shown: list[str]) -> TurnKind:
    if turn.calls:
        kinds = [_of_call(question, asked_by(query_of(call)), seen, shown) for call in turn.calls]
        return next((kind for kind in kinds if kind not in NO_ERRORS), kinds[0])
    answer = answer_of(turn)
    if answer is None:
        return TurnKind.UNREADABLE
    last = len(question.hops) - 1
    stands_there = any(answer in text for text in shown) and bool(answer)
    if question.hops[-1].object.is_named(answer):
        return TurnKind.RIGHT if last in seen else TurnKind.UNSUPPORTED
    if not stands_there:
        return TurnKind.UNSUPPORTED
    return TurnKind.MISREAD if last in seen else TurnKind.EARLY_ANSWER


def _of_call(question: Question, asked: Asked, seen: set[int], shown: list[str]) -> TurnKind:
    hops = question.hops
    for i, fact in enumerate(hops):
        known = i == 0 or i - 1 in seen
        if known and fact.subject.is_named(asked.name) and fact.relation is asked.relation:
            return TurnKind.NEEDLESS if i in seen else TurnKind.RIGHT
    following = next((i for i in range(len(hops)) if i not in seen), len(hops) - 1)
    if hops[following].subject.is_named(asked.name):
        return TurnKind.WRONG_RELATION
    just_shown = following - 1 in _facts_in(hops, shown[-1]) if shown else False
    others = {one.subject for one in hops if one is not hops[following]}
    is_earlier = any(other.is_named(asked.name) for other in others)
    if just_shown and asked.name and asked.name in shown[-1] and not is_earlier:
        return TurnKind.MISREAD
    return TurnKind.WRONG_ENTITY
