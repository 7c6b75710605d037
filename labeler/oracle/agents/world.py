"""A generated knowledge base: who wrote, founded, was born where; and its corpus of passages.

Each fact is one passage, `[title] sentence`, titled by its subject. Names are drawn anew for every
world, so nothing can be known of one but by looking it up. People share first names and surnames,
every fact may be missing, and some cities and organisations have a second name, by which other
passages may call them.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from labeler.errors import ConfigError
from labeler.files import whole_file
from labeler.oracle.agents.names import (
    ALIASES,
    CITIES,
    COUNTRIES,
    FIRST_NAMES,
    ORGANISATIONS,
    SURNAMES,
    WORKS,
)
from labeler.oracle.agents.relations import RELATIONS, Kind, Relation

MOST_PEOPLE = 400
KNOWN = 0.85
"""Chance that a fact is in the corpus."""
RENAMED = 0.2
"""Chance that a city or an organisation has a second name."""
BY_ALIAS = 0.4
"""Chance that a passage calls an object by its second name, if it has one."""


@dataclass(frozen=True, slots=True)
class Entity:
    """Somebody or something; `alias` is "" where there is none."""

    name: str
    kind: Kind
    alias: str = ""

    def is_named(self, text: str) -> bool:
        """Whether a text is one of its names."""
        return text in (self.name, self.alias) and bool(text)


@dataclass(frozen=True, slots=True)
class Fact:
    """What one passage says; `shown` is how it calls the object."""

    subject: Entity
    relation: Relation
    object: Entity
    shown: str

    @property
    def claim(self) -> str:
        """The fact as a clause."""
        return f"{self.subject.name} {self.relation.verb} {self.shown}"

    @property
    def sentence(self) -> str:
        """What the passage says."""
        also = f", also called {self.subject.alias}," if self.subject.alias else ""
        return f"{self.subject.name}{also} {self.relation.verb} {self.shown}."


@dataclass(frozen=True)
class World:
    """A knowledge base: who and what there is, and what its corpus says of them, in its order."""

    seed: str
    entities: tuple[Entity, ...]
    facts: tuple[Fact, ...]

    @cached_property
    def by_name(self) -> dict[str, Entity]:
        """Entities by name, second names included."""
        named = {entity.name: entity for entity in self.entities}
        return named | {entity.alias: entity for entity in self.entities if entity.alias}

    @cached_property
    def _by_subject(self) -> dict[str, list[Fact]]:
        found: dict[str, list[Fact]] = {}
        for fact in self.facts:
            found.setdefault(fact.subject.name, []).append(fact)
        return found

    def rows(self) -> list[dict[str, str]]:
        """The corpus, a passage a row: `{id, title, text}`."""
        return [
            {"id": str(i), "title": fact.subject.name, "text": fact.sentence}
            for i, fact in enumerate(self.facts)
        ]

    def facts_of(self, name: str) -> Sequence[Fact]:
        """What is known of somebody, called by either name."""
        entity = self.by_name.get(name)
        return self._by_subject.get(entity.name, ()) if entity else ()


def generate_world(seed: int | str, people: int = 80) -> World:
    """World `seed` with so many people, some of whom share a name, and all else in proportion.

    Raises `ConfigError` out of bounds.
    """
    if not 10 <= people <= MOST_PEOPLE:
        raise ConfigError(f"people {people}: need 10 to {MOST_PEOPLE}")
    rng = random.Random(f"agents:{seed}:{people}")
    entities = tuple(_entities(rng, people))
    of_kind: dict[Kind, list[Entity]] = {kind: [] for kind in Kind}
    for entity in entities:
        of_kind[entity.kind].append(entity)
    spouses = _pairs(rng, of_kind[Kind.PERSON])
    facts: list[Fact] = []
    for entity in entities:
        for relation in RELATIONS:
            if relation.subject is entity.kind and rng.random() < KNOWN:
                symmetric = relation.noun == "the spouse of"
                others = spouses.get(entity.name, []) if symmetric else of_kind[relation.object]
                facts += _fact(rng, entity, relation, others)
    rng.shuffle(facts)
    return World(str(seed), entities, tuple(facts))


def write_corpus(path: Path, world: World) -> int:
    """Writes the passages as JSONL, for a search; the number written."""
    with whole_file(path) as file:
        file.writelines(json.dumps(row).encode() + b"\n" for row in world.rows())
    return len(world.facts)


def _entities(rng: random.Random, people: int) -> Iterator[Entity]:
    aliases = iter(rng.sample(ALIASES, len(ALIASES)))

    def named(names: list[str], share: float, kind: Kind, renamed: float = 0.0) -> Iterator[Entity]:
        n = min(len(names), max(4, round(people * share)))
        for name in rng.sample(names, n):
            alias = next(aliases, "") if rng.random() < renamed else ""
            yield Entity(name, kind, alias)

    full = [f"{first} {last}" for first in FIRST_NAMES for last in SURNAMES]
    yield from named(full, 1.0, Kind.PERSON)
    yield from named(CITIES, 0.5, Kind.CITY, RENAMED)
    yield from named(COUNTRIES, 0.25, Kind.COUNTRY)
    yield from named(ORGANISATIONS, 0.35, Kind.ORGANISATION, RENAMED)
    works = rng.sample(WORKS, min(len(WORKS), max(8, round(people * 0.8))))
    half = len(works) // 2
    yield from named(works[:half], 1.0, Kind.BOOK)
    yield from named(works[half:], 1.0, Kind.FILM)


def _pairs(rng: random.Random, people: list[Entity]) -> dict[str, list[Entity]]:
    """Who is married to whom: three quarters of the people."""
    drawn = rng.sample(people, len(people) // 8 * 6)
    couples = list(zip(drawn[::2], drawn[1::2], strict=True))
    return {one.name: [other] for a, b in couples for one, other in ((a, b), (b, a))}


def _fact(
    rng: random.Random, subject: Entity, relation: Relation, others: list[Entity]
) -> Iterator[Fact]:
    fitting = [other for other in others if other is not subject]
    if fitting:
        found = rng.choice(fitting)
        by_alias = bool(found.alias) and rng.random() < BY_ALIAS
        yield Fact(subject, relation, found, found.alias if by_alias else found.name)
