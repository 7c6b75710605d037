"""OmegaPRM's binary search on given solutions, without its tree (arXiv 2406.06592, section 3.2).

k rollouts from the middle of the undecided span; MC > 0 moves right, MC = 0 moves left, until one
step is left: the first error. Every estimate is believed. Only solutions with a wrong answer are
searched; their last prefix is known to be dead. Solutions that share a prefix share its rollouts.
"""

from __future__ import annotations

from dataclasses import dataclass

from labeler.conversation import Conversation
from labeler.labelers.base import Findings, Policy, Rollouts, roll_out, value_evidence
from labeler.records import Problem, Solution, Verdict
from labeler.seeds import derive_seed

NAME = "binary_search"
VERSION = "1"

Prefix = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BinarySearch:
    """`k` rollouts from each prefix that is asked."""

    k: int = 8


@dataclass(slots=True)
class _Span:
    """Where the first error of a solution may be: after `alive` steps, within the first `dead`."""

    solution: Solution
    alive: int
    dead: int

    @property
    def middle(self) -> Prefix | None:
        """The prefix to be asked; None where the place is known."""
        steps = self.solution.steps
        return steps[: (self.alive + self.dead) // 2] if self.dead - self.alive > 1 else None


def binary_search(
    problem: Problem, solutions: tuple[Solution, ...], settings: BinarySearch, policy: Policy
) -> Conversation[Findings]:
    """Evidence on the prefixes that the searches came by."""
    spans = [_Span(s, 0, len(s.steps)) for s in solutions if s.outcome is Verdict.WRONG]
    asked: dict[Prefix, Rollouts] = {}
    while spans:
        middles = [span.middle for span in spans]
        new = list(dict.fromkeys(m for m in middles if m is not None and m not in asked))
        if new:
            seeds = [
                derive_seed(policy.run_seed, NAME, problem.problem_id, "".join(p)) for p in new
            ]
            found = yield from roll_out(policy, problem, new, settings.k, seeds, NAME)
            asked |= dict(zip(new, found, strict=True))
        spans = [_narrowed(s, asked[m]) for s, m in zip(spans, middles, strict=True) if m]
        # What could not be decided stays unknown.
        spans = [span for span in spans if span.alive < span.dead]
    evidence = tuple(
        value_evidence(NAME, VERSION, policy, problem, prefix, rollouts)
        for prefix, rollouts in asked.items()
    )
    return Findings(evidence, statistics={"prefixes": len(asked)})


def _narrowed(span: _Span, rollouts: Rollouts) -> _Span:
    middle = (span.alive + span.dead) // 2
    if rollouts.value is None:
        return _Span(span.solution, span.dead, span.dead)
    if rollouts.value > 0:
        return _Span(span.solution, middle, span.dead)
    return _Span(span.solution, span.alive, middle)
