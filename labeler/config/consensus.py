"""`consensus:` of a run file: one class per rule, its settings under its name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, ConfigDict, Field, TypeAdapter, ValidationError

from labeler.errors import ConfigError
from labeler.settings import Strict

Confidence = Annotated[float, Field(gt=0, lt=1)]
Weight = Annotated[float, Field(ge=0)]

FAMILY_VOICES = "family_voices"
"""What `max_effective_votes` was called."""


class FirstZeroRule(Strict):
    """The papers' rule: the first MC = 0."""

    rule: Literal["first_zero"]


class PosteriorRule(Strict):
    """P(place of the first error) from all counts; decides from `min_confidence` on."""

    rule: Literal["posterior"]
    min_confidence: Confidence = 0.8


class LessonsRule(Strict):
    """Monte Carlo and the judge put the first error in the same place, else dropped.

    `judges`: labelers whose correctness evidence counts, all of which must agree; all if empty.
    `soft`: probabilities are shares of right rollouts.
    """

    rule: Literal["lessons"]
    soft: bool = False
    judges: tuple[str, ...] = ()


class GenPRMRule(Strict):
    """Relative progress against a judge: all labels agree, or (`lenient`) the first error does.

    `min_correct`: right rollouts before a step without which MC > 0 decides it, not the ratio.
    """

    rule: Literal["genprm"]
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.8
    min_correct: Annotated[int, Field(ge=0)] = 0
    lenient: bool = False
    judges: tuple[str, ...] = ()


class RelativeProgressRule(Strict):
    """GenPRM's ratio of values without a judge."""

    rule: Literal["relative_progress"]
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.8
    min_correct: Annotated[int, Field(ge=0)] = 4


class ScanRule(Strict):
    """Denoised Monte Carlo (SCAN): problems the policy is sure of, soft labels near the error."""

    rule: Literal["scan"]
    tolerance: Annotated[int, Field(ge=0)] = 2
    min_self_confidence: Annotated[float, Field(gt=0, le=1)] = 0.75


class WeakStrongRule(Strict):
    """Steps on which two completers agree."""

    rule: Literal["weak_strong"]


class UnanimityRule(Strict):
    """A step is wrong if all sources that spoke say so (`all`), or if one does (`any`)."""

    rule: Literal["all", "any"]


class MajorityRule(Strict):
    """Weighted votes of the sources on each step; a tie decides nothing."""

    rule: Literal["majority"]
    value_weight: Weight = 1.0
    correctness_weight: Weight = 1.0


def _older_name_in_schema(schema: dict[str, Any]) -> None:
    """Lets an editor accept one of the two names."""
    schema["properties"][FAMILY_VOICES] = schema["properties"]["max_effective_votes"]
    schema["not"] = {"required": ["max_effective_votes", FAMILY_VOICES]}


class FusionRule(Strict):
    """A label model over all sources, fitted on the run; decides from `min_confidence` on.

    Sources of one model that answer the same question count as `max_effective_votes` at most, which
    older run files call `family_voices`.
    """

    # Identities of runs and entries of logs hold the older name, and so go on holding it.
    model_config = ConfigDict(serialize_by_alias=True, json_schema_extra=_older_name_in_schema)

    rule: Literal["fusion"]
    min_confidence: Confidence = 0.8
    max_effective_votes: Annotated[
        float,
        Field(
            ge=1,
            validation_alias=AliasChoices("max_effective_votes", FAMILY_VOICES),
            serialization_alias=FAMILY_VOICES,
        ),
    ] = 4.0


class EachStepRule(Strict):
    """What correctness evidence says of each step by itself; for labelers of single steps."""

    rule: Literal["each_step"]


ConsensusConfig = Annotated[
    FirstZeroRule
    | EachStepRule
    | PosteriorRule
    | LessonsRule
    | GenPRMRule
    | RelativeProgressRule
    | ScanRule
    | WeakStrongRule
    | UnanimityRule
    | MajorityRule
    | FusionRule,
    Field(discriminator="rule"),
]


def load_rule(policy: str, settings: Mapping[str, Any]) -> ConsensusConfig:
    """The config of one rule by its name. Raises `ConfigError` naming the setting."""
    content = json.dumps({"rule": policy, **settings})
    try:
        return TypeAdapter[ConsensusConfig](ConsensusConfig).validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"][1:])
        if first["type"].startswith("union_tag"):
            names = str(first.get("ctx", {}).get("expected_tags", "")).replace("'", "")
            raise ConfigError(f"policy {policy!r}: choose among {names}")
        if first["type"] == "extra_forbidden":
            raise ConfigError(f"policy {policy} has no setting {key!r}; leave it out")
        raise ConfigError(f"policy {policy}: {key}: {first['msg']}, got {first['input']!r}")
