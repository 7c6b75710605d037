"""OmegaPRM's binary search on given solutions, without its tree (arXiv 2406.06592, section 3.2).

k rollouts from the middle of the undecided span; MC > 0 moves right, MC = 0 moves left, until one
step is left: the first error. Every estimate is believed. Only solutions with a wrong answer are
searched; their last prefix is known to be dead. Solutions that share a prefix share its rollouts.

`adaptive` searches in EpicPRM's manner (arXiv 2503.02382): where it begins and how many rollouts
it draws follow how hard the problem is. The paper's formulas were not to be had; ours: with p the
share of right ones among all samples of the problem (Laplace), the first cut lies at 0.431 of the
solution for p = 0 and at 0.541 for p = 1 (the paper's mean places of the first error by
difficulty), and as many rollouts are drawn as leave a prefix with success rate p without a right
one in 5% of cases, at most k.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Final, Literal

from pydantic import Field

from labeler.driver.conversation import Conversation
from labeler.labelers.base import (
    Findings,
    Policy,
    Rollouts,
    reading_counts,
    roll_out,
    value_evidence,
)
from labeler.labelers.method import AsksPolicy, Method, no_prompts
from labeler.labelers.shared.pass_rate import decided_and_right
from labeler.records import Asks, Problem, Solution, Verdict
from labeler.seeds import derive_seed

NAME: Final = "binary_search"
VERSION = "1"

Prefix = tuple[str, ...]
EARLIEST, LATEST = 0.431, 0.541
"""Where hard and easy problems err in the mean, as a share of the solution (EpicPRM, figure 2)."""
MISSED = 0.05
"""How often all rollouts of an adaptive search may fail from a prefix as good as the problem."""


class BinarySearch(AsksPolicy):
    """OmegaPRM's binary search on given solutions, without its tree.

    `k` rollouts from each prefix that is asked; with `adaptive`, at most.
    """

    kind: Literal["binary_search"] = NAME
    k: Annotated[int, Field(ge=1)] = 8
    adaptive: bool = False


@dataclass(slots=True)
class _Span:
    """Where the first error of a solution may be: after `alive` steps, within the first `dead`."""

    solution: Solution
    alive: int
    dead: int
    start: float = 0.5

    @property
    def cut(self) -> int:
        """How many steps are asked about; `start` is where the first cut lies."""
        is_first = self.alive == 0 and self.dead == len(self.solution.steps)
        middle = int(self.start * self.dead) if is_first else (self.alive + self.dead) // 2
        return min(max(middle, self.alive + 1), self.dead - 1)

    @property
    def middle(self) -> Prefix | None:
        """The prefix to be asked; None where the place is known."""
        return self.solution.steps[: self.cut] if self.dead - self.alive > 1 else None


def binary_search(
    problem: Problem, solutions: tuple[Solution, ...], settings: BinarySearch, policy: Policy
) -> Conversation[Findings]:
    """Evidence on the prefixes that the searches came by."""
    start, k = _adapted(solutions, settings.k) if settings.adaptive else (0.5, settings.k)
    spans = [_Span(s, 0, len(s.steps), start) for s in solutions if s.outcome is Verdict.WRONG]
    asked: dict[Prefix, Rollouts] = {}
    while spans:
        middles = [span.middle for span in spans]
        new = list(dict.fromkeys(m for m in middles if m is not None and m not in asked))
        if new:
            seeds = [
                derive_seed(policy.run_seed, NAME, problem.problem_id, "".join(p)) for p in new
            ]
            found = yield from roll_out(policy, problem, new, k, seeds, NAME)
            asked |= dict(zip(new, found, strict=True))
        spans = [_narrowed(s, asked[m]) for s, m in zip(spans, middles, strict=True) if m]
        # What could not be decided stays unknown.
        spans = [span for span in spans if span.alive < span.dead]
    evidence = tuple(
        value_evidence(NAME, VERSION, policy, problem, prefix, rollouts)
        for prefix, rollouts in asked.items()
    )
    return Findings(evidence, statistics={"prefixes": len(asked)} | reading_counts(asked.values()))


def _adapted(solutions: Sequence[Solution], k: int) -> tuple[float, int]:
    """Where to begin, as a share of the solution, and how many rollouts to draw."""
    n, n_right = decided_and_right(solutions)
    rate = (n_right + 1) / (n + 2)
    enough = math.ceil(math.log(MISSED) / math.log(1 - rate))
    return EARLIEST + rate * (LATEST - EARLIEST), min(k, max(2, enough))


def _narrowed(span: _Span, rollouts: Rollouts) -> _Span:
    if rollouts.value is None:
        return replace(span, alive=span.dead)
    if rollouts.value > 0:
        return replace(span, alive=span.cut)
    return replace(span, dead=span.cut)


BINARY_SEARCH = Method(
    name=NAME,
    version=VERSION,
    settings=BinarySearch,
    conversation=binary_search,
    asks=frozenset({Asks.VALUE}),
    asks_model=True,
    rolls_out=True,
    runs_programs=False,
    writes_solutions=False,
    is_tool=False,
    may_say_right=True,
    of_whole_answers=False,
    backs_values_up=False,
    needs_reference=False,
    only_of_wrong_answers=True,
    by_place=False,
    prompts=no_prompts,
)
