"""From the consensus of a config to a rule with its settings; another rule on old evidence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from labeler.config.consensus import ConsensusConfig, load_rule
from labeler.consensus.annotated import ANNOTATED, annotated_first_error
from labeler.consensus.base import Rule
from labeler.consensus.fusion import Fusion
from labeler.consensus.rules import RULES
from labeler.dataset.reader import open_dataset
from labeler.dataset.storage import Location
from labeler.errors import ConfigError, DataError
from labeler.problems.gold import read_gold
from labeler.recompute.version import Recomputed, recompute_version
from labeler.records import short_hash


def build_rule(config: ConsensusConfig) -> Rule:
    """A consensus rule with its settings."""
    return RULES.find(config.rule, "consensus:").build(config)


def recompute_labels(
    dataset: str | Location,
    policy: str,
    settings: Mapping[str, Any],
    version: int | None = None,
    gold_file: Path | None = None,
) -> Recomputed:
    """Another consensus on a stored dataset, by a rule's name and settings."""
    config = load_rule(policy, settings)
    rule = build_rule(config)
    deciding: dict[str, Any] = config.model_dump(mode="json")
    if gold_file is not None:
        if not isinstance(rule, Fusion):
            raise ConfigError(f"policy {policy} cannot be calibrated; leave --gold out")
        of_dataset = str(gold_file) == ANNOTATED and not gold_file.exists()
        gold = annotated_gold(dataset, version) if of_dataset else read_gold(gold_file)
        rule = replace(rule, gold=gold)
        deciding["gold"] = short_hash(json.dumps(rule.gold, sort_keys=True))
    return recompute_version(dataset, rule, deciding, version)


def annotated_gold(dataset: str | Location, version: int | None) -> dict[str, int]:
    """True first errors by solution, as the files said that the solutions came from."""
    truths = (
        (row.solution.solution_id, annotated_first_error(row))
        for row in open_dataset(dataset, version).solutions()
    )
    gold = {name: truth for name, truth in truths if truth is not None}
    if not gold:
        raise DataError(
            f"{dataset}: no label of a file is in it; give --gold a file, or label one with labels"
        )
    return gold
