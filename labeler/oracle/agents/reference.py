"""Writes trajectories: right ones, and ones with a known error that is carried on.

A turn says what the last observation told, what is needed next, and calls the search. After an
error the rest goes on with what it found, as a careless agent does; so an error has consequences.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from labeler.oracle.agents.oracle import TurnKind, grade_turns
from labeler.oracle.agents.questions import Question, call_of, query_text
from labeler.oracle.agents.reading import Passage, passages_in
from labeler.oracle.agents.relations import RELATIONS, Relation
from labeler.records import Observation, Turn

Search = Callable[[str], str]
"""The text of an observation for a query: `[title] text`, a passage a line."""

MISTAKES = (
    TurnKind.WRONG_ENTITY,
    TurnKind.WRONG_RELATION,
    TurnKind.MISREAD,
    TurnKind.EARLY_ANSWER,
    TurnKind.UNSUPPORTED,
    TurnKind.NEEDLESS,
)


@dataclass(frozen=True, slots=True)
class Slip:
    """A mistake at turn `at`: another name or relation than the right one, or an answer there."""

    kind: TurnKind
    at: int
    name: str = ""
    relation: Relation | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """What was read last: the claim, and whom it leads to."""

    claim: str
    name: str


def reference(question: Question, search: Search) -> tuple[Turn, ...]:
    """The trajectory that makes every call once and reads each observation right."""
    return _written(question, search, None)


def with_mistake(
    question: Question, search: Search, kind: TurnKind, rng: random.Random
) -> tuple[int, tuple[Turn, ...]] | None:
    """Place and trajectory of a mistake of this kind, or None where chance found no place for it.

    The turn at that place is of this kind and the first that is not right.
    """
    right = reference(question, search)
    for _ in range(8):
        slip = _drawn(question, right, kind, rng)
        if slip is None:
            continue
        turns = _written(question, search, slip)
        kinds = grade_turns(question, turns).kinds
        first = next((i for i, one in enumerate(kinds) if one is not TurnKind.RIGHT), -1)
        if first == slip.at and kinds[first] is kind:
            return first, turns
    return None


def _drawn(
    question: Question, right: tuple[Turn, ...], kind: TurnKind, rng: random.Random
) -> Slip | None:
    n = len(question.hops)
    at = rng.randrange(n)
    world = question.world
    if kind is TurnKind.WRONG_RELATION:
        fact = question.hops[at]
        others = [r for r in RELATIONS if r.subject is fact.subject.kind and r != fact.relation]
        return Slip(kind, at, relation=rng.choice(others)) if others else None
    if kind is TurnKind.MISREAD:
        at = rng.randrange(1, n + 1)
        shown = right[at - 1].observations[0].text
        wanted = question.hops[at - 1]
        names = {one.object for one in passages_in(shown)} | {
            one.subject for one in passages_in(shown) if one.subject != wanted.subject.name
        }
        others_shown = sorted(names - {wanted.shown, wanted.object.name})
        return Slip(kind, at, rng.choice(others_shown)) if others_shown else None
    if kind is TurnKind.WRONG_ENTITY:
        kin = [e.name for e in world.entities if e.kind is question.hops[at].subject.kind]
        alike = [name for name in kin if set(name.split()) & set(question.start.split())]
        return Slip(kind, at, rng.choice(alike or kin))
    if kind is TurnKind.EARLY_ANSWER:
        return Slip(kind, at) if at else None
    if kind is TurnKind.UNSUPPORTED:
        at = rng.randrange(1, n + 1)
        kin = [e.name for e in world.entities if e.kind is question.hops[-1].object.kind]
        return Slip(kind, at, rng.choice(kin))
    return Slip(kind, rng.randrange(1, n + 1))


def _written(question: Question, search: Search, slip: Slip | None) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    found = _Found("", question.start)
    relations = [fact.relation for fact in question.hops]
    if slip is not None and slip.kind is TurnKind.NEEDLESS:
        relations.insert(slip.at, relations[slip.at - 1])
    names = [question.start]
    for at, asked in enumerate(relations):
        relation = asked
        if slip is not None and slip.at == at:
            if slip.kind in (TurnKind.EARLY_ANSWER, TurnKind.UNSUPPORTED):
                break
            relation = slip.relation or asked
            if slip.kind is TurnKind.NEEDLESS:
                found = replace(found, name=names[-1])
            elif slip.kind is TurnKind.MISREAD:
                found = _Found(f"{found.claim.removesuffix(found.name)}{slip.name}", slip.name)
            elif slip.name:
                found = replace(found, name=slip.name)
        names.append(found.name)
        observation = search(query_text(found.name, relation.query))
        need = f"I need {relation.noun} {found.name}."
        thought = f"{found.claim}. {need}" if found.claim else need
        call = call_of(query_text(found.name, relation.query))
        turns.append(Turn(thought, (call,), (Observation("tool", observation, 0),)))
        found = _read(observation, found.name, relation)
    if slip is not None and slip.name and slip.at == len(turns):
        found = replace(found, name=slip.name)
        if slip.kind is TurnKind.MISREAD:
            claim = question.hops[-1]
            found = _Found(f"{claim.subject.name} {claim.relation.verb} {slip.name}", slip.name)
    return (*turns, Turn(f"{found.claim}.\nAnswer: {found.name}"))


def _read(observation: str, name: str, relation: Relation) -> _Found:
    """What an observation says of what was asked, or else what it says first."""
    passages = passages_in(observation)
    fitting = [
        one for one in passages if one.relation == relation and name in (one.subject, one.also)
    ]
    best: list[Passage] = fitting or [p for p in passages if p.relation == relation] or passages
    return _Found(best[0].claim, best[0].object) if best else _Found("Nothing is known", name)
