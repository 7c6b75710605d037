"""Bayesian bisection: finds the first error of given solutions with few rollouts (our own method).

Brute force asks k rollouts of every prefix; OmegaPRM's binary search asks k of log T prefixes, but
one unlucky 0 of k sends it to the wrong half for good. Here a posterior over the place of the first
error is kept (`labeler.first_error`): prefixes before it succeed at rates tied to the problem's,
those after it rarely, but not never, for policies correct themselves. Each round asks the prefix
that tells most about the place per generated token, for `round_size` rollouts, and stops once a
place is `confidence` probable, or `max_samples` are spent, or nothing is left to learn.

A rollout that begins with the very steps that come next in a searched solution is a rollout of
those deeper prefixes, too, and counts at each that it goes through: where it is right, one shows
all of them alive. The problem's right solutions are rollouts of the same policy; they count so for
no tokens.

Where the run has scores without a verdict (labeler `surprise`), the posterior starts from places
weighted by them, as far as the run's first problems have shown what they are worth; else from a
flat prior. However sure that is, no place is taken for found before a rollout was asked for: a
score is no verdict by itself.

A solution whose answer is right is not searched (as in SCAN, arXiv 2509.16548): its last prefix
shows that no value was lost. Evidence are the counts; P(first error = t), and so the probability of
every step, follows from them in consensus (`posterior`, `fusion`), without asking anybody again.
Solutions of a problem share prefixes, and so rollouts; the rounds of many problems fill batches.

Nearest relatives: probabilistic bisection (Horstein 1963; Waeber et al. 2013), which halves a
posterior under noise of known rate, and Beta-Bernoulli bisection of commits (git_bayesect). To our
knowledge nobody chose rollouts so for the first error of a solution: OmegaPRM (arXiv 2406.06592)
and EpicPRM (arXiv 2503.02382) bisect, but believe each estimate.

Limits: value, not correctness; it looks one question ahead; `labeler.first_error.model` says what
the posterior assumes. It takes the prefixes that one rollout goes through for independent, so it is
too sure where a rollout recovers. Right solutions count on a prefix, wrong ones that share it do
not, so the counts alone lean high; what the posterior makes of them is measured (docs/search.md).
Steps are the same if their text is: where a policy never words a step twice alike, every rollout
counts where it was asked for, and no more is known than that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal

from pydantic import Field

from labeler.driver.conversation import Conversation
from labeler.driver.requests import CheckResult, Completion
from labeler.first_error.acquisition import next_query
from labeler.first_error.model import Array, FirstErrorPosterior, Rates, locate
from labeler.labelers.base import (
    Findings,
    Policy,
    Rollout,
    Rollouts,
    reading_counts,
    roll_out,
    value_evidence,
)
from labeler.labelers.method import AsksPolicy, Method, no_prompts
from labeler.labelers.shared.pass_rate import decided_and_right
from labeler.labelers.shared.score_alone import source_name
from labeler.labelers.shared.surprise import NAME as SURPRISE
from labeler.labelers.shared.surprise import ask_surprise
from labeler.records import Asks, Evidence, Problem, Solution, Verdict
from labeler.seeds import derive_seed

NAME: Final = "bisect"
VERSION = "2"
Prefix = tuple[str, ...]


class Bisect(AsksPolicy):
    """Bayesian bisection of wrong solutions: a posterior over the first error picks rollouts.

    `round_size` rollouts per question; `max_samples` per solution. A question that would tell less
    than `min_information` bits is not asked.
    """

    kind: Literal["bisect"] = NAME
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.9
    max_samples: Annotated[int, Field(ge=1)] = 64
    round_size: Annotated[int, Field(ge=1)] = 2
    min_information: Annotated[float, Field(ge=0)] = 0.1

    @property
    def begins_with_scores(self) -> bool:
        return True


@dataclass(slots=True)
class _Seen:
    """The rollouts that went through one prefix; what was spent on it, and in how many rounds."""

    rollouts: Rollouts = field(default_factory=lambda: Rollouts(()))
    n_rounds: int = 0


def bisect(
    problem: Problem, solutions: tuple[Solution, ...], settings: Bisect, policy: Policy
) -> Conversation[Findings]:
    """Evidence on the prefixes it chose to ask about, of every solution with a wrong answer."""
    searched = [s for s in solutions if s.outcome is Verdict.WRONG and len(s.steps) > 1]
    priors = yield from _priors(problem, searched, policy)
    seen = {s.steps[: t + 1]: _Seen() for s in searched for t in range(len(s.steps) - 1)}
    _count_right_solutions(seen, solutions)
    spent = dict.fromkeys((s.solution_id for s in searched), 0)
    located: set[str] = set()
    asked: Counter[str] = Counter()
    while True:
        queries: dict[Prefix, None] = {}
        for solution in searched:
            if solution.solution_id in located:
                continue
            prior = priors.get(solution.solution_id)
            posterior = _posterior(solution, solutions, seen, prior)
            by_score_alone = prior is not None and not posterior.counts.any()
            if posterior.confidence >= settings.confidence and not by_score_alone:
                located.add(solution.solution_id)
            elif spent[solution.solution_id] < settings.max_samples:
                least = 0.0 if by_score_alone else settings.min_information
                prefix = _next_query(solution, posterior, seen, settings, least)
                if prefix is not None:
                    queries[prefix] = None
                    spent[solution.solution_id] += settings.round_size
        if not queries:
            break
        seeds = [_seed(policy, problem, prefix, seen[prefix].n_rounds) for prefix in queries]
        found = yield from roll_out(
            policy, problem, list(queries), settings.round_size, seeds, NAME
        )
        for prefix, rollouts in zip(queries, found, strict=True):
            _count_asked(seen, prefix, rollouts, policy)
        asked.update(reading_counts(found))
    statistics = {
        "searched": len(searched),
        "located": len(located),
        "prefixes": sum(one.n_rounds > 0 for one in seen.values()),
        "rollouts": asked["replies"],
        **({name: asked[name] for name in ("replies", "unread")} if asked["replies"] else {}),
    }
    return Findings(tuple(_evidence(seen, problem, policy)), statistics=statistics)


def _count_right_solutions(seen: dict[Prefix, _Seen], solutions: Sequence[Solution]) -> None:
    """The problem's right solutions, as rollouts that cost nothing."""
    for solution in solutions:
        if solution.outcome is Verdict.CORRECT:
            text = Completion("".join(solution.steps), 0, "stop")
            _count(seen, (), solution.steps, Rollout(text, CheckResult(solution.outcome)))


def _count_asked(seen: dict[Prefix, _Seen], asked: Prefix, found: Rollouts, policy: Policy) -> None:
    """Rollouts with what they cost where they were asked for, and without it further on."""
    seen[asked].n_rounds += 1
    seen[asked].rollouts += found
    for rollout in found.rollouts:
        _count(seen, asked, policy.steps(rollout, asked), rollout)


def _count(
    seen: dict[Prefix, _Seen], prefix: Prefix, rest: Sequence[str], rollout: Rollout
) -> None:
    """At each prefix of a searched solution that the `rest` behind `prefix` goes through."""
    for step in rest:
        prefix = (*prefix, step)
        if prefix not in seen:
            return
        seen[prefix].rollouts += Rollouts((rollout,))


def _evidence(seen: dict[Prefix, _Seen], problem: Problem, policy: Policy) -> Iterator[Evidence]:
    for prefix, one in seen.items():
        if one.n_rounds or one.rollouts.rollouts:
            yield value_evidence(NAME, VERSION, policy, problem, prefix, one.rollouts, one.n_rounds)


def _priors(
    problem: Problem, searched: Sequence[Solution], policy: Policy
) -> Conversation[dict[str, Array]]:
    """What the run's scores say of the places, by solution id; of the others all are alike."""
    if policy.signals is None:
        return {}
    told = yield from ask_surprise(problem, searched, policy, NAME)
    source, found = source_name(SURPRISE, policy.model), {}
    for solution, one in zip(searched, told, strict=True):
        prior = policy.log_prior(problem, {source: one.values}) if one.values else None
        if prior is not None:
            found[solution.solution_id] = prior
    return found


def _posterior(
    solution: Solution,
    solutions: Sequence[Solution],
    seen: dict[Prefix, _Seen],
    prior: Array | None,
) -> FirstErrorPosterior:
    """The posterior over the place of its first error."""
    rollouts = [one.rollouts for one in _seen_along(solution, seen)]
    # The last prefix is the solution itself: its answer is known to be wrong.
    counts = [*(r.counts for r in rollouts), (0, 0)]
    n, n_right = decided_and_right(solutions)
    # One of the wrong ones is this solution itself.
    rates = Rates().given_root(max(n - 1, n_right), n_right)
    return locate(counts, rates, is_wrong=True, log_prior=prior)


def _next_query(
    solution: Solution,
    posterior: FirstErrorPosterior,
    seen: dict[Prefix, _Seen],
    settings: Bisect,
    min_information: float,
) -> Prefix | None:
    """The prefix to be asked; None where nothing is left to learn."""
    # Where nobody answered, nobody is asked again.
    along = _seen_along(solution, seen)
    silent = [t for t, one in enumerate(along) if one.rollouts.failure]
    best = next_query(posterior, solution.steps, settings.round_size, min_information, silent)
    return None if best is None else solution.steps[: best + 1]


def _seen_along(solution: Solution, seen: dict[Prefix, _Seen]) -> list[_Seen]:
    """What is known of each prefix but the last."""
    return [seen[solution.steps[: t + 1]] for t in range(len(solution.steps) - 1)]


def _seed(policy: Policy, problem: Problem, prefix: Prefix, n_before: int) -> int:
    """Each round at a prefix draws its own rollouts."""
    return derive_seed(policy.run_seed, NAME, problem.problem_id, "".join(prefix), str(n_before))


BISECT = Method(
    name=NAME,
    version=VERSION,
    settings=Bisect,
    conversation=bisect,
    asks=frozenset({Asks.VALUE}),
    asks_model=True,
    rolls_out=True,
    runs_programs=False,
    writes_solutions=False,
    is_tool=False,
    may_say_right=True,
    of_whole_answers=False,
    backs_values_up=True,
    needs_reference=False,
    only_of_wrong_answers=True,
    by_place=False,
    prompts=no_prompts,
)
