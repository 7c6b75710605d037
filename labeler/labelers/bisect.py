"""Bayesian bisection: finds the first error of given solutions with few rollouts (our own method).

Brute force asks k rollouts of every prefix; OmegaPRM's binary search asks k of log T prefixes, but
one unlucky 0 of k sends it to the wrong half for good. Here a posterior over the place of the first
error is kept (`labeler.first_error`): prefixes before it succeed at rates tied to the problem's,
those after it rarely, but not never, for policies correct themselves. Each round asks the prefix
that tells most about the place per generated token, for `round_size` rollouts, and stops once a
place is `confidence` probable, or `max_samples` are spent, or nothing is left to learn.

A solution whose answer is right is not searched (as in SCAN, arXiv 2509.16548): its last prefix
shows that no value was lost. Evidence are the counts; P(first error = t), and so the probability of
every step, follows from them in consensus (`posterior`, `fusion`), without asking anybody again.
Solutions of a problem share prefixes, and so rollouts; the rounds of many problems fill batches.

Nearest relatives: probabilistic bisection (Horstein 1963; Waeber et al. 2013), which halves a
posterior under noise of known rate, and Beta-Bernoulli bisection of commits (git_bayesect). To our
knowledge nobody chose rollouts so for the first error of a solution: OmegaPRM (arXiv 2406.06592)
and EpicPRM (arXiv 2503.02382) bisect, but believe each estimate.

Limits: value, not correctness; it looks one question ahead; `labeler.first_error.model` says what
the posterior assumes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from labeler.conversation import Conversation
from labeler.first_error.model import Place, Rates, locate
from labeler.first_error.question import question
from labeler.labelers.base import Findings, Policy, Rollouts, roll_out, value_evidence
from labeler.records import Problem, Solution, Verdict
from labeler.seeds import derive_seed

NAME = "bisect"
VERSION = "1"
Prefix = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bisect:
    """`round_size` rollouts per question; `max_samples` per solution.

    A question that would tell less than `min_information` bits is not asked.
    """

    confidence: float = 0.9
    max_samples: int = 64
    round_size: int = 2
    min_information: float = 0.1


@dataclass(slots=True)
class _Asked:
    """All rollouts of one prefix so far."""

    rollouts: Rollouts = field(default_factory=lambda: Rollouts(()))
    n_rounds: int = 0

    def add(self, more: Rollouts) -> None:
        self.n_rounds += 1
        self.rollouts = self.rollouts + more


def bisect(
    problem: Problem, solutions: tuple[Solution, ...], settings: Bisect, policy: Policy
) -> Conversation[Findings]:
    """Evidence on the prefixes it chose to ask about, of every solution with a wrong answer."""
    searched = [s for s in solutions if s.outcome is Verdict.WRONG and len(s.steps) > 1]
    asked: dict[Prefix, _Asked] = {}
    spent = dict.fromkeys((s.solution_id for s in searched), 0)
    located: set[str] = set()
    while True:
        questions: dict[Prefix, None] = {}
        for solution in searched:
            if solution.solution_id in located:
                continue
            place = _place(solution, solutions, asked)
            if place.confidence >= settings.confidence:
                located.add(solution.solution_id)
            elif spent[solution.solution_id] < settings.max_samples:
                prefix = _question(solution, place, asked, settings)
                if prefix is not None:
                    questions[prefix] = None
                    spent[solution.solution_id] += settings.round_size
        if not questions:
            break
        seeds = [_seed(policy, problem, prefix, asked) for prefix in questions]
        found = yield from roll_out(
            policy, problem, list(questions), settings.round_size, seeds, NAME
        )
        for prefix, rollouts in zip(questions, found, strict=True):
            asked.setdefault(prefix, _Asked()).add(rollouts)
    evidence = tuple(
        value_evidence(NAME, VERSION, policy, problem, prefix, one.rollouts, one.n_rounds)
        for prefix, one in asked.items()
    )
    n_rollouts = sum(len(one.rollouts.rollouts) for one in asked.values())
    statistics = {
        "searched": len(searched),
        "located": len(located),
        "prefixes": len(asked),
        "rollouts": n_rollouts,
    }
    return Findings(evidence, statistics=statistics)


def _place(solution: Solution, solutions: Sequence[Solution], asked: dict[Prefix, _Asked]) -> Place:
    """The posterior over the place of its first error."""
    counts = [_counts(asked.get(solution.steps[: t + 1])) for t in range(len(solution.steps))]
    others = [s.outcome for s in solutions if s is not solution]
    n_right, n_wrong = others.count(Verdict.CORRECT), others.count(Verdict.WRONG)
    return locate(counts, Rates().given_root(n_right + n_wrong, n_right), is_wrong=True)


def _counts(one: _Asked | None) -> tuple[int, int]:
    return (one.rollouts.n, one.rollouts.n_correct) if one else (0, 0)


def _question(
    solution: Solution, place: Place, asked: dict[Prefix, _Asked], settings: Bisect
) -> Prefix | None:
    """The prefix to be asked; None where nothing is left to learn."""
    prefixes = [solution.steps[: t + 1] for t in range(len(solution.steps))]
    # Where nobody answered, nobody is asked again.
    silent = [t for t, p in enumerate(prefixes) if p in asked and asked[p].rollouts.failure]
    best = question(place, solution.steps, settings.round_size, settings.min_information, silent)
    return None if best is None else prefixes[best]


def _seed(policy: Policy, problem: Problem, prefix: Prefix, asked: dict[Prefix, _Asked]) -> int:
    """Each round at a prefix draws its own rollouts."""
    n_before = asked[prefix].n_rounds if prefix in asked else 0
    return derive_seed(policy.run_seed, NAME, problem.problem_id, "".join(prefix), str(n_before))
