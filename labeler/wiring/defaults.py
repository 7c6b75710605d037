"""Settings by name: a config's own, else the defaults of that method or rule."""

from __future__ import annotations

from collections.abc import Iterable

from labeler.config.consensus import ConsensusConfig
from labeler.config.labelers import LabelerConfig
from labeler.config.run import RunConfig
from labeler.consensus.rules import RULES
from labeler.labelers.methods import METHODS


def labelers_named(config: RunConfig | None, names: Iterable[str]) -> dict[str, LabelerConfig]:
    """The settings of each named labeler. Raises `ConfigError` for a name that is none."""
    given = {labeler.kind: labeler for labeler in config.labelers} if config else {}
    return {name: given.get(name) or METHODS.find(name, "--labeler").settings() for name in names}


def rules_named(config: RunConfig | None, names: Iterable[str]) -> list[ConsensusConfig]:
    """The settings of each named rule."""
    given: dict[str, ConsensusConfig] = {config.consensus.rule: config.consensus} if config else {}
    return [given.get(name) or RULES.find(name, "--consensus").settings() for name in names]
