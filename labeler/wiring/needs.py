"""What a run asks of each of its models, for the questions before the first problem."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import islice

from labeler.config.labelers import LabelerConfig
from labeler.config.run import RunConfig
from labeler.driver.requests import POLICY
from labeler.labelers.base import Policy
from labeler.labelers.methods import METHODS
from labeler.records import Problem
from labeler.samplers.base import Needs


def needs_of(
    config: RunConfig,
    labelers: Iterable[LabelerConfig],
    problems: Sequence[Problem],
    policy: Policy,
    models: Collection[str],
) -> dict[str, Needs]:
    """By model; nothing where `run.probe` is off or there is no problem to ask about."""
    first = next(islice(problems, 1), None)
    if first is None or not config.run.probe:
        return {}
    known = list(labelers)
    acts = bool(config.environments)
    return {name: _needs(known, name, policy, first, acts) for name in models}


def _needs(
    labelers: Sequence[LabelerConfig], name: str, policy: Policy, problem: Problem, acts: bool
) -> Needs:
    prompt = policy.prompt(problem)
    scores = tuple(one.kind for one in labelers if name in one.scores_with)
    if name != POLICY:
        return Needs(prompt, scores=scores)
    asking = [one for one in labelers if POLICY in one.models]
    return Needs(
        prompt,
        continues=any(METHODS.find(one.kind, "labelers:").rolls_out for one in asking),
        logprobs=tuple(one.kind for one in asking if one.weighs_tokens or one.keeps_logprobs),
        stop=bool(policy.sampling.stop) or acts,
        scores=scores,
    )
