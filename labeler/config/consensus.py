"""`consensus:` of a run file: the settings of a rule, told apart by `rule`.

The settings stand with their rule (`labeler.consensus`), in one class each.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Union

from pydantic import Field, TypeAdapter, ValidationError

from labeler.consensus.rule import RuleSettings
from labeler.consensus.rules import RULES
from labeler.errors import ConfigError

if TYPE_CHECKING:
    ConsensusConfig = RuleSettings
else:
    ConsensusConfig = Annotated[
        Union[tuple(rule.settings for rule in RULES.values())],  # noqa: UP007, of what is installed
        Field(discriminator="rule"),
    ]


def load_rule(policy: str, settings: Mapping[str, Any]) -> ConsensusConfig:
    """The config of one rule by its name. Raises `ConfigError` naming the setting."""
    if policy not in RULES:
        raise ConfigError(f"policy {policy!r}: {RULES.why_not(policy)}")
    kind = RULES.find(policy, "policy").settings
    try:
        return TypeAdapter(kind).validate_json(json.dumps({"rule": policy, **settings}))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise ConfigError(f"policy {policy} has no setting {key!r}; leave it out")
        raise ConfigError(f"policy {policy}: {key}: {first['msg']}, got {first['input']!r}")
