"""Entity gain: how many of the entities on the way to the answer a turn names for the first time.

    gain_t = |{e in E : e stands in the thought of turn t, and in no thought before}| / |E|

E are the problem's `entities`, kept from how it was made. Only thoughts count: an entity that a
tool's answer names was not found by the policy. Entities are found without case and at word
boundaries, so that "US" is not in "discuss". A score without a verdict: naming an entity does not
make a turn right.
Source: E-GRPO (arXiv 2510.24694), whose rate is of whole trajectories and by exact match; the share
of a step is ours, and adds up to its rate.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, Literal

from labeler.driver.conversation import Conversation
from labeler.labelers.base import Findings, Policy
from labeler.labelers.method import Method, MethodSettings, no_prompts
from labeler.labelers.shared.score_alone import score_alone
from labeler.records import Asks, Evidence, Problem, Solution, prefix_ids
from labeler.turns.own import thoughts_of

NAME: Final = "entity_gain"
VERSION = "1"


class EntityGain(MethodSettings):
    """Every step, by the share of the problem's entities that it names first; asks no model."""

    kind: Literal["entity_gain"] = NAME


def entity_gain(
    problem: Problem, solutions: tuple[Solution, ...], settings: EntityGain, policy: Policy
) -> Conversation[Findings]:
    """A signal in [0, 1] on every step; they add up to E-GRPO's rate of the solution."""
    yield from ()
    entities = tuple(map(_pattern, problem.known.entities)) if problem.known else ()
    if not entities:
        return Findings(statistics={"without_entities": 1})
    found: dict[str, Evidence] = {}
    for solution in solutions:
        prefixes = prefix_ids(problem.problem_id, solution.steps)
        missing = set(entities)
        for prefix, thought in zip(prefixes, thoughts_of(solution), strict=True):
            said = {one for one in missing if one.search(_folded(thought))}
            missing -= said
            gain = len(said) / len(entities)
            alone = score_alone(prefix, NAME, VERSION, Asks.CORRECTNESS, gain)
            found.setdefault(prefix, alone)
    return Findings(tuple(found.values()))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _pattern(entity: str) -> re.Pattern[str]:
    words = r"\s+".join(map(re.escape, _folded(entity).split()))
    return re.compile(rf"(?<!\w){words or '(?!)'}(?!\w)")


METHOD = Method(
    name=NAME,
    version=VERSION,
    settings=EntityGain,
    conversation=entity_gain,
    asks=frozenset({Asks.CORRECTNESS}),
    asks_model=False,
    rolls_out=False,
    runs_programs=False,
    writes_solutions=False,
    is_tool=True,
    may_say_right=False,
    of_whole_answers=False,
    backs_values_up=False,
    needs_reference=False,
    only_of_wrong_answers=False,
    by_place=True,
    prompts=no_prompts,
)
