"""Surprise: the policy's own log-probabilities as evidence on every step (our own method).

Evidence is a score without a verdict: the log-probability of a step's least likely token
(`labeler.labelers.shared.surprise`). It never says right or wrong by itself. `fusion` and
`posterior` learn on the run what it is worth, and a run with this labeler lets `bisect` and
`omegaprm` (search: bayes) begin at the places that it points to, as far as the run's first problems
have shown that it does (`labeler.labelling.pilot`).

Nearest relatives: entropy-aware branching (arXiv 2503.21961), EDU-PRM (arXiv 2503.22233), which cut
or branch where a model hesitates; as evidence whose reliability is learned, and as the prior of a
search for the first error, we know of nobody. Limits: docs/log_probabilities.md.
"""

from __future__ import annotations

from typing import Literal

from labeler.driver.conversation import Conversation
from labeler.labelers.base import Findings, Policy
from labeler.labelers.method import AsksPolicy, Method, no_prompts
from labeler.labelers.shared.score_alone import score_alone
from labeler.labelers.shared.surprise import NAME, Surprise, ask_surprise
from labeler.records import Asks, Evidence, Problem, Solution, Verdict, prefix_ids

VERSION = "1"


class SurpriseSettings(AsksPolicy):
    """Every step's least likely token, by the policy's log-probabilities: a score, no verdict."""

    kind: Literal["surprise"] = NAME

    @property
    def keeps_logprobs(self) -> bool:
        return True

    @property
    def scores_with(self) -> tuple[str, ...]:
        return self.models


def surprise(
    problem: Problem, solutions: tuple[Solution, ...], settings: SurpriseSettings, policy: Policy
) -> Conversation[Findings]:
    """Evidence on every step; of steps that several solutions share, the first one's."""
    told = yield from ask_surprise(problem, solutions, policy, NAME)
    found: dict[str, Evidence] = {}
    for solution, one in zip(solutions, told, strict=True):
        for piece in _evidence(problem, solution, one, policy):
            known = found.get(piece.prefix_id)
            if known is None or known.signal is None:
                found[piece.prefix_id] = piece
    scored = sum(not one.failure for one in told)
    statistics = {
        "solutions": len(solutions),
        "scored": scored,
        "asked": sum(one.calls for one in told),
    }
    return Findings(tuple(found.values()), statistics=statistics if solutions else {})


def _evidence(
    problem: Problem, solution: Solution, told: Surprise, policy: Policy
) -> list[Evidence]:
    """What it took stands on the first step."""
    cost = [(told.calls, told.prompt_tokens)] + [(0, 0)] * len(solution.steps)
    values = told.values or (None,) * len(solution.steps)
    pieces = []
    prefixes = prefix_ids(problem.problem_id, solution.steps)
    for prefix, value, (calls, read) in zip(prefixes, values, cost, strict=False):
        if value is None:
            pieces.append(
                Evidence(
                    prefix, NAME, VERSION, Asks.CORRECTNESS, Verdict.UNKNOWN, model=policy.model,
                    calls=calls, prompt_tokens=read, reason=told.failure or "the step has no token",
                )
            )  # fmt: skip
        else:
            pieces.append(
                score_alone(
                    prefix, NAME, VERSION, Asks.CORRECTNESS, value,
                    model=policy.model, calls=calls, prompt_tokens=read,
                )
            )  # fmt: skip
    return pieces


SURPRISE = Method(
    name=NAME,
    version=VERSION,
    settings=SurpriseSettings,
    conversation=surprise,
    asks=frozenset({Asks.CORRECTNESS}),
    asks_model=True,
    rolls_out=False,
    runs_programs=False,
    writes_solutions=False,
    is_tool=False,
    may_say_right=False,
    of_whole_answers=False,
    backs_values_up=False,
    needs_reference=False,
    only_of_wrong_answers=False,
    by_place=False,
    prompts=no_prompts,
)
