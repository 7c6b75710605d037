"""From the consensus of a config to a rule with its settings; another rule on old evidence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, assert_never

from labeler.config.consensus import (
    ConsensusConfig,
    EachStepRule,
    FirstZeroRule,
    FusionRule,
    GenPRMRule,
    LessonsRule,
    MajorityRule,
    PosteriorRule,
    RelativeProgressRule,
    ScanRule,
    UnanimityRule,
    WeakStrongRule,
    load_rule,
)
from labeler.consensus.base import Rule
from labeler.consensus.each_step import EachStep
from labeler.consensus.first_zero import FirstZero
from labeler.consensus.fusion import Fusion
from labeler.consensus.genprm import GenPRM
from labeler.consensus.lessons import Lessons
from labeler.consensus.posterior import Posterior
from labeler.consensus.relative_progress import RelativeProgress
from labeler.consensus.scan import Scan
from labeler.consensus.votes import Votes
from labeler.consensus.weak_strong import WeakStrong
from labeler.dataset.storage import Location
from labeler.errors import ConfigError
from labeler.problems.gold import read_gold
from labeler.recompute.version import Recomputed, recompute_version
from labeler.records import short_hash


def build_rule(config: ConsensusConfig) -> Rule:
    """A consensus rule with its settings."""
    settings = config.model_dump(exclude={"rule"}, by_alias=False)
    match config:
        case EachStepRule():
            return EachStep()
        case FirstZeroRule():
            return FirstZero()
        case PosteriorRule():
            return Posterior(**settings)
        case LessonsRule():
            return Lessons(**settings)
        case GenPRMRule():
            return GenPRM(**settings)
        case RelativeProgressRule():
            return RelativeProgress(**settings)
        case ScanRule():
            return Scan(**settings)
        case WeakStrongRule():
            return WeakStrong()
        case UnanimityRule() | MajorityRule():
            return Votes(config.rule, **settings)
        case FusionRule():
            return Fusion(**settings)
        case _:
            assert_never(config)


def recompute_labels(
    dataset: str | Location,
    policy: str,
    settings: Mapping[str, Any],
    version: int | None = None,
    gold_file: Path | None = None,
) -> Recomputed:
    """Recomputes the labels of a stored dataset by another rule, given by name and settings."""
    config = load_rule(policy, settings)
    rule = build_rule(config)
    deciding: dict[str, Any] = config.model_dump(mode="json")
    if gold_file is not None:
        if not isinstance(rule, Fusion):
            raise ConfigError(f"policy {policy} cannot be calibrated; leave --gold out")
        rule = replace(rule, gold=read_gold(gold_file))
        deciding["gold"] = short_hash(json.dumps(rule.gold, sort_keys=True))
    return recompute_version(dataset, rule, deciding, version)
