"""Settings by name: a config's own, else the defaults of that labeler or rule."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

from pydantic import TypeAdapter

from labeler.config.consensus import ConsensusConfig
from labeler.config.labelers import LabelerConfig
from labeler.config.run import RunConfig
from labeler.errors import ConfigError


def labelers_named(config: RunConfig | None, names: Iterable[str]) -> dict[str, LabelerConfig]:
    """The settings of each named labeler."""
    given: dict[str, LabelerConfig] = (
        {labeler.kind: labeler for labeler in config.labelers} if config else {}
    )
    return {name: given.get(name) or default(LabelerConfig, "kind", name) for name in names}


def rules_named(config: RunConfig | None, names: Iterable[str]) -> list[ConsensusConfig]:
    """The settings of each named rule."""
    given: dict[str, ConsensusConfig] = {config.consensus.rule: config.consensus} if config else {}
    return [given.get(name) or default(ConsensusConfig, "rule", name) for name in names]


def default(union: Any, tag: str, name: str) -> Any:
    """The member of a union of configs that bears this name, with all its defaults."""
    kinds = get_args(get_args(union)[0])
    known = sorted(known for kind in kinds for known in get_args(kind.model_fields[tag].annotation))
    if name not in known:
        option = {"kind": "--labeler", "rule": "--consensus"}[tag]
        raise ConfigError(f"{option} {name}: choose among {', '.join(known)}")
    return TypeAdapter(union).validate_python({tag: name})
