"""OmegaPRM: tree search for first errors by binary search (Luo et al., arXiv 2406.06592, sec. 3).

k rollouts from the question give MC(root). Wrong rollouts of states with 0 < MC < 1 wait in a pool;
each round pops the one with the largest Q + U and bisects it: k rollouts from the middle of the
undecided span, MC > 0 moves right, MC = 0 moves left, until one step is left: the first error.
States with 0 < MC < 1 found on the way put their wrong rollouts into the pool.

    Q(s, r) = alpha^(1 - MC(s)) * beta^(len(r) / L)          len(r) in tokens
    U(s)    = c_puct * sqrt(sum_i N(s_i)) / (1 + N(s))

A popped rollout does not return, N counts selections, nothing is backed up to ancestors. The pool
holds wrong rollouts only: a right one has no error to find (the paper's wording is wider; its aim
is not). The last step is decided by its answer. Solutions that come of it: the bisected rollouts,
and the root's right ones, which are paid for already. Where we differ: the unit is a step of the
solution by default; `unit = "tokens"` is the paper's mode, spans no shorter than 1/16 of the mean
solution. `search = "paper"` believes every estimate: 0 of k right is taken for dead; `"bayes"`
keeps a posterior over the first error instead (`labeler.first_error`) and asks `round_size`
rollouts at a time where they tell most, until a place is `confidence` probable. It starts from
places weighted by the run's scores without a verdict, where the run has any (labeler `surprise`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from labeler.driver.conversation import Conversation
from labeler.driver.requests import Completion
from labeler.first_error.acquisition import next_query
from labeler.first_error.model import Array, Rates, locate
from labeler.labelers.base import (
    Findings,
    Policy,
    Rollout,
    Rollouts,
    logprobs_of,
    reading_counts,
    roll_out,
    steps_of,
    value_evidence,
)
from labeler.labelers.method import AsksPolicy, Method, no_prompts
from labeler.labelers.shared.score_alone import source_name
from labeler.labelers.shared.surprise import NAME as SURPRISE
from labeler.labelers.shared.surprise import surprise_of
from labeler.records import Asks, Evidence, Problem, Solution, Verdict
from labeler.seeds import derive_seed

NAME: Final = "omegaprm"
VERSION = "1"


class OmegaPRM(AsksPolicy):
    """Tree search with binary search; the paper's constants.

    `pieces` is the number of spans that a solution is cut into where `unit` is tokens.
    """

    kind: Literal["omegaprm"] = NAME
    k: Annotated[int, Field(ge=2)] = 8
    search_limit: Annotated[int, Field(ge=1)] = 100
    alpha: Annotated[float, Field(gt=0, le=1)] = 0.5
    beta: Annotated[float, Field(gt=0, le=1)] = 0.9
    length_scale: Annotated[int, Field(ge=1)] = 500
    c_puct: Annotated[float, Field(ge=0)] = 0.125
    unit: Literal["steps", "tokens"] = "steps"
    pieces: Annotated[int, Field(ge=2)] = 16
    search: Literal["paper", "bayes"] = "paper"
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.9
    round_size: Annotated[int, Field(ge=1)] = 2
    max_samples: Annotated[int, Field(ge=1)] = 64
    min_information: Annotated[float, Field(ge=0)] = 0.1

    @property
    def weighs_tokens(self) -> bool:
        return self.unit == "tokens"

    @property
    def begins_with_scores(self) -> bool:
        return self.search == "bayes"

    @model_validator(mode="after")
    def _bayes_needs_steps(self) -> OmegaPRM:
        if self.search == "bayes" and self.unit == "tokens":
            raise ValueError("search bayes looks at steps; set unit: steps")
        return self


@dataclass(slots=True)
class _State:
    """A prefix that has rollouts; `prefix` is its text in units."""

    prefix: tuple[str, ...]
    rollouts: Rollouts
    visits: int = 0
    n_rounds: int = 1
    selected: set[str] = field(default_factory=set)
    """Rollouts that left the pool; they do not return."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A wrong rollout of a state, waiting in the pool."""

    state: _State
    rollout: Rollout


@dataclass(slots=True)
class _Tree:
    """All states by their text, the pool, and what was found."""

    states: dict[str, _State] = field(default_factory=dict)
    pool: list[_Candidate] = field(default_factory=list)
    located: list[tuple[tuple[str, ...], _Candidate]] = field(default_factory=list)
    n_selected: int = 0


def omegaprm(
    problem: Problem, solutions: tuple[Solution, ...], settings: OmegaPRM, policy: Policy
) -> Conversation[Findings]:
    """Searches one problem; returns evidence on all states and the rollouts that it bisected.

    It writes its own solutions; those sampled for others are not its concern.
    """
    tree = _Tree()
    root = yield from _evaluate(tree, (), problem, settings, policy)
    min_span = _min_span(root, settings)
    while tree.pool and tree.n_selected < settings.search_limit:
        candidate = _select(tree, settings)
        if settings.search == "bayes":
            yield from _locate(tree, candidate, problem, settings, policy)
        else:
            yield from _bisect(tree, candidate, min_span, problem, settings, policy)
    return _findings(tree, problem, policy)


def _evaluate(
    tree: _Tree, prefix: tuple[str, ...], problem: Problem, settings: OmegaPRM, policy: Policy
) -> Conversation[_State]:
    """The state of a prefix, with k fresh rollouts if it is new."""
    text = "".join(prefix)
    if text in tree.states:
        return tree.states[text]
    state = yield from _roll_out(tree, prefix, settings.k, problem, settings, policy)
    return state


def _roll_out(
    tree: _Tree,
    prefix: tuple[str, ...],
    n: int,
    problem: Problem,
    settings: OmegaPRM,
    policy: Policy,
) -> Conversation[_State]:
    """The state of a prefix with `n` more rollouts; their wrong ones wait in the pool."""
    text = "".join(prefix)
    known = tree.states.get(text)
    path = (NAME, problem.problem_id, text, *([str(known.n_rounds)] if known else []))
    seed = derive_seed(policy.run_seed, *path)
    in_tokens = settings.unit == "tokens" or _begins_with_scores(settings, policy)
    [found] = yield from roll_out(policy, problem, [prefix], n, [seed], NAME, token_texts=in_tokens)
    if known is None:
        known = tree.states[text] = _State(prefix, found)
    else:
        known.rollouts = known.rollouts + found
        known.n_rounds += 1
    value = known.rollouts.value
    if value is not None and 0 < value < 1:
        waiting = {c.rollout.completion.text for c in tree.pool if c.state is known}
        for rollout in known.rollouts.rollouts:
            text = rollout.completion.text
            # The same text twice is one error to find, not two; a policy that stops at once wrote
            # no step to find one in.
            is_new = text.strip() and text not in waiting | known.selected
            if rollout.outcome.verdict is Verdict.WRONG and is_new:
                waiting.add(text)
                tree.pool.append(_Candidate(known, rollout))
    return known


def _select(tree: _Tree, settings: OmegaPRM) -> _Candidate:
    """Pops the candidate with the largest Q + U; the earliest of equals."""
    total = sum(state.visits for state in tree.states.values())
    best = max(range(len(tree.pool)), key=lambda i: _score(tree.pool[i], total, settings))
    candidate = tree.pool.pop(best)
    candidate.state.visits += 1
    candidate.state.selected.add(candidate.rollout.completion.text)
    tree.n_selected += 1
    return candidate


def _score(candidate: _Candidate, total_visits: int, settings: OmegaPRM) -> float:
    value = candidate.state.rollouts.value or 0.0
    length = candidate.rollout.completion.n_tokens
    q: float = settings.alpha ** (1 - value) * settings.beta ** (length / settings.length_scale)
    u = settings.c_puct * math.sqrt(total_visits) / (1 + candidate.state.visits)
    return q + u


def _bisect(
    tree: _Tree,
    candidate: _Candidate,
    min_span: int,
    problem: Problem,
    settings: OmegaPRM,
    policy: Policy,
) -> Conversation[None]:
    """Finds the first span of a rollout after which MC is 0."""
    units = _units(candidate, settings, policy)
    alive, dead = 0, len(units)
    cuts = []
    while dead - alive > min_span:
        middle = (alive + dead) // 2
        prefix = (*candidate.state.prefix, *units[:middle])
        state = yield from _evaluate(tree, prefix, problem, settings, policy)
        value = state.rollouts.value
        if value is None:
            return  # No rollout could be decided: where the error is stays unknown.
        cuts.append(middle)
        alive, dead = (middle, dead) if value > 0 else (alive, middle)
    tree.located.append((_steps(candidate, units, cuts, settings), candidate))


def _locate(
    tree: _Tree, candidate: _Candidate, problem: Problem, settings: OmegaPRM, policy: Policy
) -> Conversation[None]:
    """Finds the most likely first error of a rollout by a posterior over its place."""
    units = policy.steps(candidate.rollout, candidate.state.prefix)
    prefixes = [(*candidate.state.prefix, *units[: t + 1]) for t in range(len(units))]
    root = tree.states[""].rollouts
    rates = Rates().given_root(*root.counts)
    prior = _prior(candidate.rollout.completion, units, problem, settings, policy)
    for _ in range(0, settings.max_samples, settings.round_size):
        states = [tree.states.get("".join(prefix)) for prefix in prefixes]
        counts = [s.rollouts.counts if s else (0, 0) for s in states]
        posterior = locate(counts, rates, is_wrong=True, log_prior=prior)
        silent = [t for t, s in enumerate(states) if s and s.rollouts.failure]
        by_score_alone = prior is not None and not posterior.counts.any()
        least = 0.0 if by_score_alone else settings.min_information
        best = next_query(posterior, units, settings.round_size, least, silent)
        is_found = posterior.confidence >= settings.confidence and not by_score_alone
        if is_found or best is None:
            break
        yield from _roll_out(tree, prefixes[best], settings.round_size, problem, settings, policy)
    tree.located.append(((*candidate.state.prefix, *units), candidate))


def _begins_with_scores(settings: OmegaPRM, policy: Policy) -> bool:
    return settings.begins_with_scores and policy.signals is not None


def _prior(
    written: Completion,
    units: tuple[str, ...],
    problem: Problem,
    settings: OmegaPRM,
    policy: Policy,
) -> Array | None:
    """What the run's scores say of the places in a rollout; None where nothing is known."""
    if not _begins_with_scores(settings, policy):
        return None
    told = logprobs_of(written, units)
    if told is None:
        return None
    return policy.log_prior(problem, {source_name(SURPRISE, policy.model): surprise_of(told)})


def _units(candidate: _Candidate, settings: OmegaPRM, policy: Policy) -> tuple[str, ...]:
    """What may be cut apart: steps, or tokens."""
    completion = candidate.rollout.completion
    if settings.unit == "tokens":
        return tuple(token for token in completion.tokens if token)
    return policy.steps(candidate.rollout, candidate.state.prefix)


def _min_span(root: _State, settings: OmegaPRM) -> int:
    """Spans are no longer cut when this short, in units."""
    lengths = [rollout.completion.n_tokens for rollout in root.rollouts.rollouts]
    if settings.unit == "steps" or not lengths:
        return 1
    return max(1, math.ceil(sum(lengths) / len(lengths) / settings.pieces))


def _steps(
    candidate: _Candidate, units: tuple[str, ...], cuts: list[int], settings: OmegaPRM
) -> tuple[str, ...]:
    """The steps of a bisected rollout: its own, or the spans between the cuts."""
    if settings.unit == "steps":
        return (*candidate.state.prefix, *units)
    edges = [0, *sorted(cuts), len(units)]
    spans = tuple("".join(units[a:b]) for a, b in pairwise(edges))
    prefix = "".join(candidate.state.prefix)
    return (prefix, *spans) if prefix else spans


def _findings(tree: _Tree, problem: Problem, policy: Policy) -> Findings:
    evidence: list[Evidence] = [
        value_evidence(NAME, VERSION, policy, problem, state.prefix, state.rollouts, state.n_rounds)
        for state in tree.states.values()
        if state.prefix
    ]
    solutions: dict[str, Solution] = {}
    for steps, candidate in tree.located:
        seed = derive_seed(
            policy.run_seed, NAME, problem.problem_id, "".join(candidate.state.prefix)
        )
        solution = policy.solution(problem, steps, candidate.rollout.outcome, seed)
        solutions.setdefault(solution.solution_id, solution)
    for solution in _right_rollouts(tree, problem, policy):
        solutions.setdefault(solution.solution_id, solution)
    statistics = {
        "selected": tree.n_selected,
        "located": len(tree.located),
        "states": len(tree.states),
        "rollouts": sum(len(state.rollouts.rollouts) for state in tree.states.values()),
        "pool_left": len(tree.pool),
        **reading_counts(state.rollouts for state in tree.states.values()),
    }
    return Findings(tuple(evidence), tuple(solutions.values()), statistics)


def _right_rollouts(tree: _Tree, problem: Problem, policy: Policy) -> list[Solution]:
    """The root's rollouts whose answer is right."""
    seed = derive_seed(policy.run_seed, NAME, problem.problem_id, "")
    return [
        policy.solution(problem, steps_of(policy, (), r), r.outcome, seed)
        for r in tree.states[""].rollouts.rollouts
        if r.outcome.verdict is Verdict.CORRECT
    ]


OMEGAPRM = Method(
    name=NAME,
    version=VERSION,
    settings=OmegaPRM,
    conversation=omegaprm,
    asks=frozenset({Asks.VALUE}),
    asks_model=True,
    rolls_out=True,
    runs_programs=False,
    writes_solutions=True,
    is_tool=False,
    may_say_right=True,
    of_whole_answers=False,
    backs_values_up=False,
    needs_reference=False,
    only_of_wrong_answers=False,
    by_place=False,
    prompts=no_prompts,
)
