"""From the labelers of a config to conversations with their settings bound."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from labeler.acquire.base import GROUP, KEPT, Terms, Unit
from labeler.checking.answers.base import Reading
from labeler.checking.answers.readers import BY_DEFAULT, reader_by, reader_named
from labeler.config.answers import AnswerPattern
from labeler.config.consensus import ConsensusConfig
from labeler.config.run import RunConfig
from labeler.consensus.annotated import Annotation
from labeler.consensus.fusion import FusionRule
from labeler.environments.base import Environment
from labeler.first_error.signals import Signals
from labeler.labelers.base import Policy
from labeler.labelers.method import Labeler, MethodSettings
from labeler.labelers.methods import METHODS, method_of
from labeler.labelers.shared.acting import sampling_of_turns
from labeler.labelling.pipeline import Recipe
from labeler.labelling.solving import Filter
from labeler.records import Sampling, Solution, Verdict
from labeler.samplers.base import Sampler
from labeler.wiring.consensus import build_rule
from labeler.wiring.environments import build_acting

TOOLS = "{tools}"
"""In a policy's template or system message: the run's tools, one JSON object a line."""


def build_policy(
    config: RunConfig | None, sampler: Sampler | None, environments: Sequence[Environment] = ()
) -> Policy:
    """How the policy is asked; without a config or a sampler, one that nobody asks. With
    `environments` it calls their tools.
    """
    if config is None or config.policy is None or sampler is None:
        run_seed = config.seed if config else 0
        reading = build_reading(config) if config else BY_DEFAULT
        return Policy("", "", "{problem}", "", Sampling(), "\n\n", run_seed, reading=reading)
    sampling = Sampling(**config.policy.sampling.model_dump())
    in_messages = config.turns_as == "messages"
    acting = build_acting(environments, config.max_turns, in_messages=in_messages)
    tools = "\n".join(json.dumps(one) for one in json.loads(acting.tools)) if acting else ""
    return Policy(
        model=sampler.model,
        revision=sampler.fingerprint,
        template=config.policy.template.replace(TOOLS, tools),
        system=config.policy.system.replace(TOOLS, tools),
        sampling=sampling_of_turns(sampling) if acting else sampling,
        acting=acting,
        delimiter=config.policy.delimiter,
        run_seed=config.seed,
        splitter=config.steps,
        reading=build_reading(config),
    )


def build_reading(config: RunConfig) -> Reading:
    """How answers are read. Raises `ConfigError` for a reader that does not exist."""
    if isinstance(config.answers, AnswerPattern):
        reader = reader_by(config.answers.regex)
    else:
        reader = reader_named(config.answers)
    return Reading(reader, Verdict(config.unreadable))


def build_recipe(
    config: RunConfig,
    sampler: Sampler | None,
    existing_solutions: Mapping[str, tuple[Solution, ...]] | None = None,
    annotations: Mapping[str, Annotation] | None = None,
    environments: Sequence[Environment] = (),
) -> Recipe:
    """What is done to every problem; `existing_solutions` are the solutions that exist already,
    `annotations` what their file says of their steps.
    """
    policy = build_policy(config, sampler, environments)
    bounds = config.difficulty_filter
    pilots = pilots_of(config.labelers)
    if pilots:
        policy = replace(policy, signals=Signals())

    def bind(known: Policy) -> dict[str, Labeler]:
        return {labeler.kind: build_labeler(labeler, known) for labeler in config.labelers}

    return Recipe(
        policy=policy,
        n_solutions=config.solutions,
        filter=Filter(bounds.samples, bounds.above, bounds.below) if bounds else None,
        labelers=bind(policy),
        bind=bind,
        pilots=pilots,
        rule=build_rule(_sure_enough(config)),
        terms=build_terms(config),
        group_size=GROUP if config.acquire else 1,
        existing_solutions=existing_solutions or {},
        annotations=annotations or {},
        searches=frozenset(method.name for method in METHODS.values() if method.writes_solutions),
        keeps_logprobs=any(one.keeps_logprobs for one in config.labelers),
        decides_answers=any(method_of(one.kind).decides_answers for one in config.labelers),
    )


def build_terms(config: RunConfig) -> Terms | None:
    """What `acquire:` asks for, None where every labeler is asked about everything."""
    given = config.acquire
    if given is None:
        return None
    rule = _sure_enough(config)
    assert isinstance(rule, FusionRule)
    unit, budget = Unit.TOKENS, None
    for one in Unit:
        amount = getattr(given.budget, one.value, None)
        if amount is not None:
            unit, budget = one, float(amount)
    return Terms(
        given.sources or tuple(labeler.kind for labeler in config.labelers),
        rule.min_confidence,
        unit,
        budget,
        KEPT if given.target.kept is None else given.target.kept,
        given.pilot,
        explore=given.explore,
        dearest=given.dearest,
        searching=pilots_of(config.labelers),
    )


def _sure_enough(config: RunConfig) -> ConsensusConfig:
    """The rule's settings, at the confidence that `acquire.target` asks for: what is kept is so
    probable each, so it is as precise at least, by the rule's own account.
    """
    if config.acquire is None:
        return config.consensus
    target = config.acquire.target
    asked = [p for p in (target.min_confidence, target.precision) if p is not None]
    if not asked:
        return config.consensus
    return config.consensus.model_copy(update={"min_confidence": max(asked)})


def pilots_of(labelers: Iterable[MethodSettings]) -> frozenset[str]:
    """Those that search by scores and those that give them; nobody where either is missing."""
    searching = {one.kind for one in labelers if one.begins_with_scores}
    scoring = {one.kind for one in labelers if one.keeps_logprobs}
    return frozenset(searching | scoring) if searching and scoring else frozenset()


def build_labeler(settings: MethodSettings, policy: Policy) -> Labeler:
    """A labelling method with its settings bound."""
    return METHODS.find(settings.kind, "labelers:").bind(settings, policy)
