"""Writes word problems with known computation graphs: one story, a running total, many patterns.

A story is a list of sentences; each pattern adds a sentence and the nodes that it asks for. Nine
patterns carry computation (combine, take away, groups, unit rate, percent, fraction, share,
times as many, so many more) and one distracts. Numbers stay within `max_number`, which the embedded
policy needs below 1000: it has one token per number.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from pydantic import ConfigDict

from labeler.errors import ConfigError
from labeler.oracle.graph import Node, OracleProblem, Result, apply, operands, reference_steps
from labeler.records import Domain, Problem, Source, short_hash

NAMES = ("Mia", "Tom", "Ana", "Ben", "Eva", "Leo", "Zoe", "Sam", "Ida", "Max", "Lea", "Kim")
ITEMS = (
    "apples", "stickers", "marbles", "coins", "shells", "cards",
    "pens", "beads", "nuts", "stamps", "cookies", "buttons",
)  # fmt: skip
CONTAINERS = ("bags", "boxes", "packs", "jars", "trays")
FRACTIONS = {2: "half", 3: "one third", 4: "one quarter", 5: "one fifth"}


@dataclass(frozen=True, slots=True)
class Difficulty:
    """How hard problems are: number of steps (without the answer), size of numbers, distractors.

    `distractors` is the chance that a sentence which matters is preceded by one that does not.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)
    """It stands in run files as it is."""

    min_steps: int = 4
    max_steps: int = 8
    max_number: int = 150
    distractors: float = 0.15

    def __post_init__(self) -> None:
        if not 1 <= self.min_steps <= self.max_steps <= 16:
            raise ConfigError(
                f"min_steps {self.min_steps} is above max_steps {self.max_steps}, or one is out of "
                "bounds: need 1 <= min_steps <= max_steps <= 16"
            )
        if self.max_number < 40:
            raise ConfigError(f"max_number {self.max_number}: need at least 40")
        if not 0 <= self.distractors < 1:
            raise ConfigError(f"distractors {self.distractors}: need 0 <= distractors < 1")


@dataclass(slots=True)
class _Story:
    """A problem while it is written; `total` is the running total, `at` what refers to it."""

    rng: random.Random
    name: str
    friend: str
    item: str
    total: int
    at: int | Result
    limit: int
    sentences: list[str] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    values: list[int] = field(default_factory=list)
    stray: list[int] = field(default_factory=list)

    def compute(self, quote: str, operator: str, left: int | Result, right: int | Result) -> Result:
        node = Node(quote, operator, left, right)
        self.nodes.append(node)
        self.values.append(apply(operator, *operands(node, self.values)))
        return Result(len(self.nodes) - 1)

    def move_to(self, result: Result) -> None:
        self.at = result
        self.total = self.values[result.node]


# A pattern writes its sentence and nodes, or returns False where the total does not allow it.
# It is told how many steps may still be written.
_Pattern = Callable[[_Story], bool]


def _combine(story: _Story) -> bool:
    room = story.limit - story.total
    if room < 2:
        return False
    amount = story.rng.randint(2, min(room, max(9, story.limit // 2)))
    verb = story.rng.choice(("buys", "finds", "wins"))
    story.sentences.append(f"{story.name} {verb} {amount} more {story.item}.")
    story.move_to(story.compute(f"{verb} {amount} more", "+", story.at, amount))
    return True


def _take_away(story: _Story) -> bool:
    if story.total < 6:
        return False
    amount = story.rng.randint(2, story.total - 2)
    verb = story.rng.choice(("gives", "loses", "sells"))
    to = f" to {story.friend}" if verb == "gives" else ""
    story.sentences.append(f"{story.name} {verb} {amount} {story.item}{to}.")
    story.move_to(story.compute(f"{verb} {amount}", "-", story.at, amount))
    return True


def _groups(story: _Story) -> bool:
    room = min(story.limit - story.total, 144)
    if room < 8:
        return False
    groups = story.rng.randint(2, min(12, room // 2))
    size = story.rng.randint(2, min(12, room // groups)) if room // groups >= 2 else 2
    container = story.rng.choice(CONTAINERS)
    story.sentences.append(f"{story.name} buys {groups} {container} of {size} {story.item}.")
    bought = story.compute(f"buys {groups} {container} of {size}", "*", groups, size)
    story.move_to(story.compute("then", "+", story.at, bought))
    return True


def _unit_rate(story: _Story) -> bool:
    gains = story.rng.random() < 0.5
    room = min(story.limit - story.total if gains else story.total - 2, 144)
    if room < 8:
        return False
    hours = story.rng.randint(2, min(12, room // 2))
    rate = story.rng.randint(2, max(2, min(12, room // hours)))
    verb = story.rng.choice(("makes", "collects")) if gains else story.rng.choice(("uses", "drops"))
    story.sentences.append(f"Each hour {story.name} {verb} {rate} {story.item}, for {hours} hours.")
    moved = story.compute(f"{verb} {rate} for {hours} hours", "*", rate, hours)
    story.move_to(story.compute("then", "+" if gains else "-", story.at, moved))
    return True


def _percent(story: _Story) -> bool:
    fitting = [p for p in (10, 20, 25, 40, 50, 75) if (story.total * p) % 100 == 0]
    if not fitting or story.total < 8:
        return False
    percent = story.rng.choice(fitting)
    verb = story.rng.choice(("sells", "gives"))
    to = f" to {story.friend}" if verb == "gives" else ""
    story.sentences.append(f"{story.name} {verb} {percent} percent of the {story.item}{to}.")
    part = story.compute(f"{verb} {percent} percent", "%", story.at, percent)
    story.move_to(story.compute("then", "-", story.at, part))
    return True


def _fraction(story: _Story) -> bool:
    fitting = [d for d in FRACTIONS if story.total % d == 0]
    if not fitting or story.total < 8:
        return False
    divisor = story.rng.choice(fitting)
    verb = story.rng.choice(("loses", "hides"))
    story.sentences.append(f"{story.name} {verb} {FRACTIONS[divisor]} of the {story.item}.")
    part = story.compute(f"{verb} {FRACTIONS[divisor]}", "/", story.at, divisor)
    story.move_to(story.compute("then", "-", story.at, part))
    return True


def _share(story: _Story) -> bool:
    fitting = [n for n in range(2, 10) if story.total % n == 0 and story.total // n >= 4]
    if not fitting:
        return False
    parts = story.rng.choice(fitting)
    story.sentences.append(
        f"{story.name} splits the {story.item} into {parts} equal parts and keeps one part."
    )
    story.move_to(story.compute(f"splits into {parts} equal parts", "/", story.at, parts))
    return True


def _times_as_many(story: _Story) -> bool:
    most = story.limit // max(1, story.total) - 1
    if most < 2:
        return False
    times = story.rng.randint(2, min(9, most))
    story.sentences.append(
        f"{story.friend} has {times} times as many {story.item} "
        f"and gives all of them to {story.name}."
    )
    theirs = story.compute(f"{times} times as many", "*", story.at, times)
    story.move_to(story.compute("then", "+", story.at, theirs))
    return True


def _so_many_more(story: _Story) -> bool:
    room = story.limit - 2 * story.total
    if room < 2:
        return False
    more = story.rng.randint(2, min(room, 60))
    story.sentences.append(
        f"{story.friend} has {more} {story.item} more than {story.name} "
        f"and gives all of them to {story.name}."
    )
    theirs = story.compute(f"{story.friend} has {more} more", "+", story.at, more)
    story.move_to(story.compute("then", "+", story.at, theirs))
    return True


ONE_STEP: tuple[_Pattern, ...] = (_combine, _take_away, _share)
TWO_STEPS: tuple[_Pattern, ...] = (
    _groups, _unit_rate, _percent, _fraction, _times_as_many, _so_many_more,
)  # fmt: skip


def _distract(story: _Story) -> None:
    other = story.rng.choice([item for item in ITEMS if item != story.item])
    number = story.rng.randint(2, story.limit)
    story.sentences.append(f"{story.friend} has {number} {other}.")
    story.stray.append(number)


def generate_problem(seed: int, index: int, difficulty: Difficulty) -> OracleProblem:
    """Problem `index` of the endless set `seed`; the same arguments give the same problem."""
    rng = random.Random(f"oracle:{seed}:{index}:{difficulty}")
    n_steps = rng.randint(difficulty.min_steps, difficulty.max_steps)
    name, friend = rng.sample(NAMES, 2)
    start = rng.randint(5, max(9, difficulty.max_number // 3))
    story = _Story(
        rng, name, friend, rng.choice(ITEMS), start, start, difficulty.max_number
    )  # fmt: skip
    story.sentences.append(f"{name} has {start} {story.item}.")
    while len(story.nodes) < n_steps:
        if rng.random() < difficulty.distractors:
            _distract(story)
        fitting = ONE_STEP if n_steps - len(story.nodes) == 1 else ONE_STEP + TWO_STEPS
        # Combine always fits where take-away does not, so some pattern is always found.
        while not rng.choice(fitting)(story):
            pass
    story.sentences.append(f"How many {story.item} does {name} have now?")
    text = " ".join(story.sentences)
    nodes, values = tuple(story.nodes), tuple(story.values)
    problem = Problem(
        problem_id=f"oracle-{seed}-{index}-{short_hash(text)[:6]}",
        domain=Domain.MATH,
        text=text,
        gold_answer=str(values[-1]),
        reference_solution=reference_steps(nodes, values),
        source=Source("oracle", f"seed {seed}", "generated", "Apache-2.0"),
    )
    return OracleProblem(problem, nodes, tuple(story.stray))


def generate_problems(n: int, seed: int, difficulty: Difficulty) -> Iterator[OracleProblem]:
    """The first `n` problems of the set `seed`."""
    return (generate_problem(seed, index, difficulty) for index in range(n))
