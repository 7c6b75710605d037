"""What a run's labels are made by, as one hash per part: what changes makes labels stale.

Parts are `policy` (model, prompt, sampling, how many solutions, how they are split, seed),
`answers` (how they are read and compared), `environments` (the tools that the policy calls, where
it does) and each labeler (its settings, its version, its prompts, the models that it asks).
Rules of consensus are no part: labels are recomputed from the evidence without asking anybody.
Operational settings are none either.
"""

from __future__ import annotations

from collections.abc import Iterable

from labeler.config import RunConfig
from labeler.driver.requests import POLICY
from labeler.labelers.method import MethodSettings
from labeler.labelers.methods import METHODS
from labeler.labelling.identity import as_of_then
from labeler.labelling.parts import Parts
from labeler.labelling.stale import ANSWERS
from labeler.records import short_hash
from labeler.steps import splitter_named
from labeler.wiring.labelers import build_reading

PROMPT = {"template", "system", "delimiter", "sampling"}

ONCE_BY_CODE = frozenset({"solver", "grounded", "grounded_search", "table"})
"""Methods whose labels used to bear the version of all the code in the place of their own, "1"."""


def version_hashes(config: RunConfig, parts: Parts) -> dict[str, str]:
    """16 hex digits per part."""
    hashes = {
        "policy": short_hash(*_solving(config, parts)),
        ANSWERS: short_hash(parts.checker.fingerprint, build_reading(config).fingerprint),
    }
    if parts.environments:
        known = [f"{one.name}={one.fingerprint}" for one in parts.environments]
        hashes["environments"] = short_hash(str(config.max_turns), config.turns_as, *known)
    for labeler in config.labelers:
        method = METHODS.find(labeler.kind, "labelers:")
        hashes[labeler.kind] = _hash(labeler, method.version, parts)
    return hashes


def earlier_hashes(
    config: RunConfig, parts: Parts, code_versions: Iterable[str]
) -> dict[str, frozenset[str]]:
    """Per part, the other forms that today's hash had in datasets of these code versions.

    How answers are read was a part of `policy` once, when there was one way.
    """
    known = tuple(code_versions)
    model, *rest = _solving(config, parts)
    return {
        "policy": frozenset({short_hash(model, as_of_then(parts.checker.fingerprint), *rest)})
    } | {
        labeler.kind: frozenset(_hash(labeler, version, parts) for version in known)
        for labeler in config.labelers
        if labeler.kind in ONCE_BY_CODE and METHODS.find(labeler.kind, "labelers:").version == "1"
    }


def _solving(config: RunConfig, parts: Parts) -> list[str]:
    solving = config.model_dump_json(include={"policy": PROMPT, "solutions": True, "seed": True})
    # Not named where it is as ever, so that older labels are not stale.
    splitter = splitter_named(config.steps)
    split = [splitter.name] if splitter.name != "delimiter" else []
    split += [splitter.version] if splitter.version != "1" else []
    bounds = config.difficulty_filter
    model = parts.samplers[POLICY].fingerprint if POLICY in parts.samplers else ""
    return [model, solving, bounds.model_dump_json() if bounds else "", *split]


def _hash(labeler: MethodSettings, version: str, parts: Parts) -> str:
    asked = [
        parts.samplers[model].fingerprint if model in parts.samplers else model
        for model in labeler.models
    ]
    prompts = [labeler.prompts_sha] if labeler.prompts_sha else []
    return short_hash(labeler.model_dump_json(), version, *asked, *prompts)
