"""Implicit rewards: the log-ratio of two language models, step by step (arXiv 2412.01981).

One model was trained on outcomes only (an implicit PRM, or a policy after reinforcement learning),
the other is what it was trained from. With d_i = log phi(y_i) - log ref(y_i) per token,

    q_t = beta * sum of d_i up to the end of step t       (Free Process Rewards, eq. 4)
    r_t = q_t - q_{t-1}                                   the step's own share

`signal` is q_t or r_t as `reading` says, `score` is sigmoid(q_t), which is what the authors'
ProcessBench script compares with its threshold (PRIME-RL/ImplicitPRM, `eval/processbench.py`).
What the evidence is about is VALUE: by construction q_t is the log of an expected return. The
export `log_ratio_rewards` has r_t, q_t, and the readings of PRL and iStar.

Where we differ: steps stand as they were written (the script rewrites each as "Step i: ...");
tokens are shared out among steps by their text, not by encoding prefixes again (which drifts where
a token crosses a step's end); sums are in float64. The assistant's turn is rendered by each model's
own chat template. Tokens of what tools answered to an agent are no actions, and left out. Does not
cover: training either model (`outcome_rm` exports what phi is trained on).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from labeler.driver.conversation import Conversation
from labeler.driver.pieces import logprobs_by_piece
from labeler.driver.requests import Failed, Reply, Request, Score, Scores
from labeler.labelers.base import Findings, Policy
from labeler.labelers.method import Method, MethodSettings, no_prompts
from labeler.labelers.shared.score_alone import NO_VERDICT
from labeler.records import Asks, Evidence, Problem, Solution, Verdict, prefix_ids
from labeler.turns.observed import own_and_observed

NAME: Final = "implicit"
VERSION = "1"


class Implicit(MethodSettings):
    """Every step, by the log-ratio of a model trained on outcomes and the one it came from.

    `beta` scales only (the paper's main value; the trainer's default is 0.1, the ProcessBench
    script's 0.001). `threshold` on sigmoid(q) makes verdicts, as the script does; without it there
    are scores only.
    """

    kind: Literal["implicit"] = NAME
    model: str = "orm"
    reference: str = "reference"
    beta: Annotated[float, Field(gt=0)] = 0.05
    reading: Literal["cumulative", "step"] = "cumulative"
    threshold: Annotated[float, Field(ge=0, le=1)] | None = None

    @property
    def models(self) -> tuple[str, ...]:
        return (self.model, self.reference)

    @property
    def scores_with(self) -> tuple[str, ...]:
        return self.models

    @model_validator(mode="after")
    def _two(self) -> Implicit:
        if self.model == self.reference:
            raise ValueError("reference: a model's ratio to itself is 1 everywhere; name another")
        return self


@dataclass(frozen=True, slots=True)
class Ratio:
    """beta * sum of d_i of each step, or why there is none; what was read for it."""

    steps: tuple[float, ...]
    model: str = ""
    prompt_tokens: int = 0
    failure: str = ""


def implicit(
    problem: Problem, solutions: tuple[Solution, ...], settings: Implicit, policy: Policy
) -> Conversation[Findings]:
    """Evidence on every step of every solution; two requests per solution, nothing generated."""
    prompt = policy.prompt(problem)
    asked: list[Request] = [
        Score(prompt, "".join(one.steps), name, requester=NAME)
        for one in solutions
        for name in settings.models
    ]
    replies = (yield asked) if asked else []
    found: dict[str, Evidence] = {}
    scored = 0
    for t, solution in enumerate(solutions):
        pieces = own_and_observed(solution)
        ratio = ratio_of(replies[2 * t], replies[2 * t + 1], pieces, settings.beta)
        ratio = replace(ratio, steps=ratio.steps[::2])  # a tool's words are no model's
        scored += not ratio.failure
        for piece in _evidence(problem, solution, ratio, settings):
            known = found.get(piece.prefix_id)
            if known is None or (known.signal is None and piece.signal is not None):
                found[piece.prefix_id] = piece
    return Findings(
        tuple(found.values()), statistics={"solutions": len(solutions), "scored": scored}
    )


def ratio_of(trained: Reply, reference: Reply, steps: Sequence[str], beta: float) -> Ratio:
    """From both models' scores of a solution to its steps' shares."""
    for reply in (trained, reference):
        if not isinstance(reply, Scores):
            return Ratio((), failure=reply.reason if isinstance(reply, Failed) else "no scores")
    assert isinstance(trained, Scores)
    assert isinstance(reference, Scores)
    read = sum(one.prompt_tokens + len(one.logprobs) for one in (trained, reference))
    if trained.tokens != reference.tokens:
        return Ratio(
            (),
            prompt_tokens=read,
            failure="the two models cut the text into other tokens; they must share a tokenizer",
        )
    first = logprobs_by_piece(trained.tokens, trained.logprobs, steps)
    second = logprobs_by_piece(reference.tokens, reference.logprobs, steps)
    if first is None or second is None:
        return Ratio((), prompt_tokens=read, failure="the tokens are not those of the solution")
    shares = tuple(
        beta * math.fsum((*one, *(-x for x in other)))
        for one, other in zip(first, second, strict=True)
    )
    return Ratio(shares, f"{trained.model}/{reference.model}", read)


def _evidence(
    problem: Problem, solution: Solution, ratio: Ratio, settings: Implicit
) -> list[Evidence]:
    """What it took stands on the last step: no other solution ends there."""
    prefixes = prefix_ids(problem.problem_id, solution.steps)
    # Which of the two the signal is stands in the version: exports read it there.
    version = f"{VERSION}+{settings.reading}"
    costs = [(0, 0)] * (len(prefixes) - 1) + [(2, ratio.prompt_tokens)]
    if ratio.failure:
        return [
            Evidence(
                prefix, NAME, version, Asks.VALUE, Verdict.UNKNOWN,
                calls=calls, prompt_tokens=read, reason=ratio.failure,
            )
            for prefix, (calls, read) in zip(prefixes, costs, strict=True)
        ]  # fmt: skip
    found = []
    for prefix, r, q, (calls, read) in zip(
        prefixes, ratio.steps, accumulate(ratio.steps), costs, strict=True
    ):
        score = sigmoid(q)
        verdict = Verdict.UNKNOWN
        if settings.threshold is not None:
            verdict = Verdict.CORRECT if score >= settings.threshold else Verdict.WRONG
        found.append(
            Evidence(
                prefix, NAME, version, Asks.VALUE, verdict,
                score=score,
                rationale=f"r {r:+.6g}, q {q:+.6g}",
                model=ratio.model,
                calls=calls,
                prompt_tokens=read,
                reason=NO_VERDICT if verdict is Verdict.UNKNOWN else "",
                signal=q if settings.reading == "cumulative" else r,
            )
        )  # fmt: skip
    return found


def sigmoid(x: float) -> float:
    """1 / (1 + exp(-x)), also for large numbers."""
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


METHOD = Method(
    name=NAME,
    version=VERSION,
    settings=Implicit,
    conversation=implicit,
    asks=frozenset({Asks.VALUE}),
    asks_model=True,
    rolls_out=False,
    runs_programs=False,
    writes_solutions=False,
    is_tool=False,
    may_say_right=True,
    of_whole_answers=False,
    backs_values_up=False,
    needs_reference=False,
    only_of_wrong_answers=False,
    by_place=False,
    prompts=no_prompts,
)
