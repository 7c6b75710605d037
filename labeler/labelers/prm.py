"""Reward models that exist, as a source: what a process reward model says of every step.

One request per solution. The model's family (`models.NAME.family`) knows how it wants to read a
solution and what its scores are of; here they become evidence. Without `threshold` that is a score
and no verdict, for no family says where right begins; a threshold and a calibration come from a
labelled slice (`labeler eval FILE --labeler prm`). After its first low score a model's scores go
on, as in its training data; what they are worth there is not known.

Does not cover: models that write a critique (`judge`), outcome reward models, ratios of two models
(`implicit`). Source: the cards and papers that `labeler.samplers.reward.families` names.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from labeler.driver.conversation import Conversation
from labeler.driver.requests import Classified, Classify, Failed, Message, Prompt, Reply, Request
from labeler.labelers.base import Findings, Policy
from labeler.labelers.method import Method, MethodSettings, no_prompts
from labeler.labelers.shared.score_alone import NO_VERDICT
from labeler.records import Asks, Evidence, Problem, Solution, Verdict, prefix_ids

NAME: Final = "prm"
VERSION = "1"

Share = Annotated[float, Field(ge=0, le=1)]


class PRM(MethodSettings):
    """Every step, by a process reward model that exists.

    A score of at least `threshold` is a verdict for the step, a lower one against it. `calibration`
    has points (score, P(right)) of a rising line between which scores are read off; the threshold
    is one of calibrated scores. `asks` says what the scores are of, where the family has it wrong.
    """

    kind: Literal["prm"] = NAME
    model: str = "prm"
    threshold: Share | None = None
    calibration: tuple[tuple[Share, Share], ...] = ()
    asks: Literal["as_trained", "correctness", "value"] = "as_trained"

    @property
    def models(self) -> tuple[str, ...]:
        return (self.model,)

    @property
    def reward_models(self) -> tuple[str, ...]:
        return (self.model,)

    @model_validator(mode="after")
    def _rising(self) -> PRM:
        for (before, low), (after, high) in pairwise(self.calibration):
            if after <= before or high < low:
                raise ValueError("calibration: its points must rise, as [[0.1, 0.0], [0.9, 1.0]]")
        return self

    def calibrated(self, score: float) -> float:
        """P(step is right) that a score stands for; beyond the points it is that of the last."""
        points = self.calibration
        if not points:
            return score
        at = bisect_right([given for given, _ in points], score)
        if at in (0, len(points)):
            return points[min(at, len(points) - 1)][1]
        (left, low), (right, high) = points[at - 1 : at + 1]
        return low + (high - low) * (score - left) / (right - left)


def prm(
    problem: Problem, solutions: tuple[Solution, ...], settings: PRM, policy: Policy
) -> Conversation[Findings]:
    """Evidence on every step of every solution; one request per solution."""
    asked: list[Request] = [
        Classify(
            Prompt((Message("user", problem.text),)), one.steps, settings.model, requester=NAME
        )
        for one in solutions
    ]
    replies = (yield asked) if asked else []
    found: dict[str, Evidence] = {}
    for solution, reply in zip(solutions, replies, strict=True):
        for piece in _evidence(problem, solution, reply, settings):
            # Solutions with a common beginning: a model that looks back only says the same of it.
            known = found.get(piece.prefix_id)
            if known is None or (known.score is None and piece.score is not None):
                found[piece.prefix_id] = piece
    unknown = sum(piece.score is None for piece in found.values())
    statistics = {"solutions": len(solutions), "steps": len(found), "unknown": unknown}
    return Findings(tuple(found.values()), statistics=statistics)


def _evidence(
    problem: Problem, solution: Solution, reply: Reply, settings: PRM
) -> Sequence[Evidence]:
    prefixes = prefix_ids(problem.problem_id, solution.steps)
    if not isinstance(reply, Classified) or len(reply.scores) != len(prefixes):
        reason = reply.reason if isinstance(reply, Failed) else "no score for each step"
        # What a model was trained to tell is not known where it said nothing.
        asks = Asks.VALUE if settings.asks == "value" else Asks.CORRECTNESS
        return [
            _piece(one, asks, Verdict.UNKNOWN, reason=reason, calls=int(one == prefixes[-1]))
            for one in prefixes
        ]
    asks = reply.asks if settings.asks == "as_trained" else Asks(settings.asks)
    # The cost of the call stands on the last step: no other solution ends there.
    ends = [0] * (len(prefixes) - 1) + [1]
    return [
        _scored(prefix, asks, score, reply if is_end else None, reply.model, settings)
        for prefix, score, is_end in zip(prefixes, reply.scores, ends, strict=True)
    ]


def _scored(
    prefix: str, asks: Asks, raw: float, paid: Classified | None, model: str, settings: PRM
) -> Evidence:
    score = settings.calibrated(raw)
    verdict, reason = Verdict.UNKNOWN, NO_VERDICT
    if settings.threshold is not None:
        verdict = Verdict.CORRECT if score >= settings.threshold else Verdict.WRONG
        reason = ""
    is_vote = verdict is not Verdict.UNKNOWN and asks is Asks.CORRECTNESS
    return _piece(
        prefix,
        asks,
        verdict,
        score=score,
        signal=raw,
        # A value is counted in rollouts, and here are none.
        n=int(is_vote),
        n_correct=int(is_vote and verdict is Verdict.CORRECT),
        rationale=f"the model's score is {raw:.4f}",
        model=model,
        calls=int(paid is not None),
        prompt_tokens=paid.prompt_tokens if paid else 0,
        reason=reason,
    )


def _piece(prefix: str, asks: Asks, verdict: Verdict, **more: object) -> Evidence:
    return Evidence(prefix, NAME, VERSION, asks, verdict, **more)  # type: ignore[arg-type]


METHOD = Method(
    name=NAME,
    version=VERSION,
    settings=PRM,
    conversation=prm,
    asks=frozenset({Asks.CORRECTNESS, Asks.VALUE}),
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
