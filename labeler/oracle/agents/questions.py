"""Questions of two to five hops across a world: "What is the country of the birthplace of X?"."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from pydantic import ConfigDict

from labeler.errors import ConfigError
from labeler.oracle.agents.relations import ANSWERS
from labeler.oracle.agents.world import Fact, World, generate_world
from labeler.records import Call, Domain, Known, Problem, Source, short_hash

TOOL = "search"
HOPS = {1: 0.0, 2: 0.25, 3: 0.35, 4: 0.25, 5: 0.15}
"""How often a question has so many."""


@dataclass(frozen=True, slots=True)
class Scope:
    """How large a world is and how far its questions reach."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)
    """It stands in run files as it is."""

    people: int = 80
    min_hops: int = 2
    max_hops: int = 5

    def __post_init__(self) -> None:
        if not 1 <= self.min_hops <= self.max_hops <= max(HOPS):
            raise ConfigError(
                f"min_hops {self.min_hops}, max_hops {self.max_hops}: "
                f"need 1 <= min_hops <= max_hops <= {max(HOPS)}"
            )


@dataclass(frozen=True)
class Question:
    """A question with its world; `hops` are the facts that lead to the answer, in order.

    `start` is how the question calls the first subject.
    """

    problem: Problem
    world: World
    start: str
    hops: tuple[Fact, ...]


def query_text(name: str, query: str) -> str:
    """The query for a relation of somebody."""
    return f"{name} {query}"


def call_of(query: str) -> Call:
    """A call of the search."""
    return Call(TOOL, json.dumps({"query": query}, ensure_ascii=False))


def generate_question(
    world: World, rng: random.Random, n_hops: int, answers: bool = True
) -> Question | None:
    """A question of so many hops, or None where chance found none.

    `answers` False lets it ask for anything, people too.
    """
    facts: list[Fact] = []
    while len(facts) < n_hops:
        last = facts[-1].object if facts else rng.choice(world.entities)
        seen = {fact.subject.name for fact in facts}
        fitting = [
            fact
            for fact in world.facts_of(last.name)
            if fact.object.name not in seen
            and all(fact.relation != other.relation for other in facts)
        ]
        if not fitting:
            return None
        facts.append(rng.choice(fitting))
    if answers and facts[-1].object.kind not in ANSWERS:
        return None
    first = facts[0].subject
    start = first.alias if first.alias and rng.random() < 0.3 else first.name
    return question_of(world, start, tuple(facts))


def question_of(world: World, start: str, hops: tuple[Fact, ...]) -> Question:
    """The question that these facts lead through, its first subject called `start`."""
    return Question(_problem(world, start, hops), world, start, hops)


def _problem(world: World, start: str, hops: tuple[Fact, ...]) -> Problem:
    nouns = " ".join(fact.relation.noun for fact in reversed(hops))
    text = f"What is {nouns} {start}?"
    goal = hops[-1].object
    names = [start, *(fact.shown for fact in hops)]
    calls = [
        call_of(query_text(name, fact.relation.query))
        for name, fact in zip(names, hops, strict=False)
    ]
    aliases = tuple(name for name in (goal.name, goal.alias) if name and name != hops[-1].shown)
    return Problem(
        problem_id=f"agents-{world.seed}-{short_hash(text)[:8]}",
        domain=Domain.QA,
        text=text,
        gold_answer=hops[-1].shown,
        context=tuple(f"[{fact.subject.name}] {fact.sentence}" for fact in hops),
        source=Source("oracle_agents", f"seed {world.seed}", "generated", "Apache-2.0"),
        known=Known(aliases, tuple(calls), tuple(fact.object.name for fact in hops[:-1])),
    )


def generate_questions(n: int, seed: int, scope: Scope) -> Iterator[Question]:
    """The first `n` questions of world `seed`, no two alike. Raises `ConfigError` if it has fewer.

    The same arguments give the same questions, and a larger `n` begins with them.
    """
    world = generate_world(seed, scope.people)
    rng = random.Random(f"questions:{seed}:{scope}")
    hops = range(scope.min_hops, scope.max_hops + 1)
    weights = [HOPS[k] or 0.1 for k in hops]
    seen: set[str] = set()
    for _ in range(200 * n + 1000):
        if len(seen) == n:
            return
        found = generate_question(world, rng, rng.choices(hops, weights)[0])
        if found is not None and found.problem.problem_id not in seen:
            seen.add(found.problem.problem_id)
            yield found
    if len(seen) < n:
        raise ConfigError(
            f"a world of {scope.people} people has no {n} questions; give more people"
        )
