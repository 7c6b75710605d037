"""What a run's labels are made by, as one hash per part: what changes makes labels stale.

Parts are `policy` (model, prompt, sampling, how many solutions, seed) and each labeler (its
settings, its version, its prompts, the models that it asks). Rules of consensus are no part: labels
are computed anew from the evidence without asking anybody. Operational settings are none either.
"""

from __future__ import annotations

import importlib

from labeler.config import RunConfig
from labeler.config.labelers import models_asked, prompts_of
from labeler.driver.requests import POLICY
from labeler.labelling.run import Parts
from labeler.records import short_hash
from labeler.version import code_version

PROMPT = {"template", "system", "delimiter", "sampling"}


def version_hashes(config: RunConfig, parts: Parts) -> dict[str, str]:
    """16 hex digits per part."""
    solving = config.model_dump_json(include={"policy": PROMPT, "solutions": True, "seed": True})
    # Not named where it is as ever, so that older labels are not stale.
    split = [] if config.steps == "delimiter" else [config.steps]
    bounds = config.difficulty_filter
    hashes = {
        "policy": short_hash(
            parts.samplers[POLICY].fingerprint if POLICY in parts.samplers else "",
            parts.checker.fingerprint,
            solving,
            bounds.model_dump_json() if bounds else "",
            *split,
        )
    }
    for labeler in config.labelers:
        asked = [
            parts.samplers[model].fingerprint if model in parts.samplers else model
            for model in models_asked(labeler)
        ]
        version = _version(labeler.kind)
        prompts = [sha] if (sha := prompts_of(labeler)) else []
        hashes[labeler.kind] = short_hash(labeler.model_dump_json(), version, *asked, *prompts)
    return hashes


def _version(kind: str) -> str:
    """The version a labeler's module states; without one, that of all the code."""
    try:
        module = importlib.import_module(f"labeler.labelers.{kind}")
    except ModuleNotFoundError:
        return code_version()
    return str(getattr(module, "VERSION", code_version()))
