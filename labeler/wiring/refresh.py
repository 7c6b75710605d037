"""What a run file would relabel in a dataset that exists; nothing is labelled here."""

from __future__ import annotations

from dataclasses import replace

from labeler.config import RunConfig
from labeler.dataset.reader import open_dataset
from labeler.dataset.storage import Location
from labeler.labelling.parts import Parts
from labeler.labelling.stale import Staleness, find_stale
from labeler.records import short_hash
from labeler.wiring.loop import block_on
from labeler.wiring.problems import find_problems
from labeler.wiring.runs import build
from labeler.wiring.versions import earlier_hashes, version_hashes


def plan_refresh(config: RunConfig, out: Location) -> tuple[Parts, Staleness]:
    """The parts of a run over what is stale: what labels would be made with now, compared.

    Models are loaded, for their fingerprints are compared; close the parts. Raises a
    `LabelerError`.
    """
    log = open_dataset(out).versions()
    parts = build(config, find_problems(config))
    now = version_hashes(config, parts)
    codes = {entry.info.code_version for entry in log if entry.info is not None}
    stale = find_stale(parts.problems, now, out, earlier_hashes(config, parts, codes))
    # The same problems under the same run file are another run once versions changed.
    sha = short_hash(parts.config_sha, *(f"{part}={now[part]}" for part in sorted(now)))
    run = replace(parts, problems=stale.problems, rejections=(), config_sha=sha, earlier_shas=())
    return run, stale


def stale_labels(config: RunConfig, out: Location) -> Staleness:
    """What a refresh would relabel; nothing is asked of any model."""
    parts, stale = plan_refresh(config, out)
    block_on(parts.aclose())
    return stale
