"""Says of every turn of any trajectory, exactly, whether it is right, and what is wrong with it.

A call is right if it asks for the fact that the question needs next, of somebody whom the question
or an observation named; needless if that fact was seen already; else wrong. An answer is right if
it is the last fact's object, after an observation showed that fact. Turns after an error are judged
on their own merit. What stands around a call is not judged, for only the call has consequences.

A fact counts as seen once an observation holds its passage, whichever call brought it, and those
before it in the chain were seen. A needless call is no error: nothing is lost by it but its cost,
and no rollout can show it. A call for the wrong thing is one, though what is needed may come along.
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
    shown: list[str] = []
    kinds = []
    for turn in turns:
        kinds.append(_kind(question, turn, shown))
        shown += [observation.text for observation in turn.observations]
    return TrajectoryGrade(tuple(kinds))


def _kind(question: Question, turn: Turn, shown: list[str]) -> TurnKind:
    hops = question.hops
    n_known = _n_known(hops, shown)
    if turn.calls:
        kinds = [_of_call(hops, asked_by(query_of(call)), n_known, shown) for call in turn.calls]
        return next((kind for kind in kinds if kind not in NO_ERRORS), kinds[0])
    answer = answer_of(turn)
    if answer is None:
        return TurnKind.UNREADABLE
    if hops[-1].object.is_named(answer):
        return TurnKind.RIGHT if n_known == len(hops) else TurnKind.UNSUPPORTED
    if not answer or not any(answer in text for text in shown):
        return TurnKind.UNSUPPORTED
    return TurnKind.MISREAD if n_known == len(hops) else TurnKind.EARLY_ANSWER


def _n_known(hops: tuple[Fact, ...], shown: list[str]) -> int:
    """How many facts of the chain have been seen, from the first one on without a gap."""
    seen = {place for text in shown for place in _facts_in(hops, text)}
    return next((i for i in range(len(hops)) if i not in seen), len(hops))


def _facts_in(hops: tuple[Fact, ...], observation: str) -> set[int]:
    found = {(one.subject, one.relation, one.object) for one in passages_in(observation)}
    return {
        i for i, fact in enumerate(hops) if (fact.subject.name, fact.relation, fact.shown) in found
    }


def _of_call(hops: tuple[Fact, ...], asked: Asked, n_known: int, shown: list[str]) -> TurnKind:
    for i, fact in enumerate(hops[: n_known + 1]):
        if fact.subject.is_named(asked.name) and fact.relation == asked.relation:
            return TurnKind.NEEDLESS if i < n_known else TurnKind.RIGHT
    if n_known == len(hops):
        return TurnKind.NEEDLESS if _was_named(hops, asked) else TurnKind.WRONG_ENTITY
    if hops[n_known].subject.is_named(asked.name):
        return TurnKind.WRONG_RELATION
    # Who was looked up before is another mistake than a name read beside the right one.
    is_new = bool(asked.name) and not _was_named(hops[:n_known], asked)
    if is_new and n_known and n_known - 1 in _facts_in(hops, shown[-1]) and asked.name in shown[-1]:
        return TurnKind.MISREAD
    return TurnKind.WRONG_ENTITY


def _was_named(hops: tuple[Fact, ...], asked: Asked) -> bool:
    return any(fact.subject.is_named(asked.name) for fact in hops)
