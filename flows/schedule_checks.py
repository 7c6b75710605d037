"""What can be known of a schedule when it is added, so that its first run at night is no surprise.

Names and outputs that other schedules have, the run file's source, models and flow, bounds of the
flow's own settings, the output, and for publications all that `labeler push` checks. Loads no
weights and labels nothing. Does not cover cron and time zone (`flows.schedule.deployment_of`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labeler.config import RunConfig, load_config
from labeler.config.models import OpenAIPolicy, TransformersPolicy, VLLMPolicy
from labeler.dataset.ledger import newest_version
from labeler.dataset.reader import open_dataset
from labeler.dataset.storage import Location, located
from labeler.dataset.store import has_log
from labeler.errors import ConfigError, LabelerError
from labeler.problems.sources import PROBLEM_SOURCES
from labeler.samplers.model_source import find_model
from labeler.wiring.loop import block_on
from labeler.wiring.models import build_sampler

WRITERS = ("label", "incremental", "refresh")
"""Flows that add versions to a dataset: one schedule of these per dataset."""

BOUNDS: Mapping[str, tuple[float, float]] = {
    "sample": (1, float("inf")),
    "more": (1, float("inf")),
    "min_accuracy": (0, 1),
    "max_drift": (0, 1),
    "shard_timeout_s": (1, float("inf")),
    "approval_timeout_s": (1, float("inf")),
}
"""Smallest and greatest value of a flow's settings."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A schedule that is there: its full name, and what it was given."""

    name: str
    parameters: Mapping[str, Any]

    @property
    def flow(self) -> str:
        return self.name.partition("/")[0]

    @property
    def out(self) -> str:
        return str(self.parameters.get("out", ""))


def refuse_clash(name: str, parameters: Mapping[str, Any], others: Iterable[Taken]) -> None:
    """Raises `ConfigError` where a schedule has the name for another output, or the output.

    The same name for the same output is the same schedule, given anew.
    """
    new = Taken(name, parameters)
    for other in others:
        if other.name == name:
            if other.out != new.out:
                raise ConfigError(
                    f"schedule {name} exists and is for {other.out}; add --name to this one to "
                    f"keep both, or `labeler schedule remove {name}` first"
                )
            continue
        if other.out != new.out:
            continue
        if {new.flow, other.flow} <= {*WRITERS}:
            raise ConfigError(
                f"schedule {other.name} writes {new.out} already; `labeler schedule remove "
                f"{other.name}` first, or choose another --out"
            )
        same_place = new.parameters.get("repository") == other.parameters.get("repository")
        if new.flow == other.flow and same_place:
            raise ConfigError(
                f"schedule {other.name} does the same with {new.out} already; `labeler schedule "
                f"remove {other.name}` first"
            )


def check_bounds(parameters: Mapping[str, Any]) -> None:
    """Raises `ConfigError` for a setting of the flow that is out of its bounds."""
    for name, (least, most) in BOUNDS.items():
        value = parameters.get(name)
        if isinstance(value, int | float) and not least <= value <= most:
            at_most = f" and at most {most:g}" if most != float("inf") else ""
            raise ConfigError(f"--set {name}={value:g}: must be at least {least:g}{at_most}")


def check_output(flow: str, out: Location) -> None:
    """Raises where the output cannot be written, or holds something else than a dataset."""
    if not isinstance(out, Path):
        return
    if out.exists() and not out.is_dir():
        raise ConfigError(f"--out {out}: is a file; name a folder")
    if not _writable(out):
        raise ConfigError(f"--out {out}: cannot be written; choose another folder")
    if flow == "publish" and not has_log(out):
        return
    others = [one.name for one in out.iterdir()] if out.is_dir() else []
    ours = [name for name in others if name.startswith(("_", "."))]
    if others and not ours and not has_log(out):
        raise ConfigError(f"--out {out}: holds {others[0]} and no dataset; name an empty folder")


def _writable(folder: Path) -> bool:
    """Whether a folder can be written, or made where it is missing."""
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)


def check_source(flow: str, config: RunConfig) -> None:
    """Reads the first record of the source. An empty folder may be filled until the first run."""
    source = PROBLEM_SOURCES.find(config.problems.kind, "problems.kind")
    if flow == "incremental" and source.read_solutions:
        raise ConfigError("problems.kind: solved files are not watched; use `labeler label`")
    for key in source.paths:
        path = Path(getattr(config.problems, key))
        if not path.exists():
            raise ConfigError(
                f"problems.{key}: {path} does not exist; make the folder that is to be watched, "
                "or mend the path"
            )
        if not os.access(path, os.R_OK):
            raise ConfigError(f"problems.{key}: {path} cannot be read; mend its permissions")
    # Raises the reader's own line where the file is none of this kind.
    next(iter(source.read(config.problems)), None)


def check_models(config: RunConfig) -> None:
    """Asks model servers, and looks for model folders. Raises `LabelerError`."""
    policy = {"policy": config.policy} if config.policy else {}
    for key, model in {**policy, **{f"models.{n}": m for n, m in config.models.items()}}.items():
        match model:
            case TransformersPolicy():
                if not (Path(model.model) / "config.json").is_file():
                    raise ConfigError(f"{key}.model: no model in {model.model!r} (no config.json)")
            case VLLMPolicy():
                find_model(model.model, model.revision)
            case OpenAIPolicy():
                block_on(_asked(model))


async def _asked(model: OpenAIPolicy) -> None:
    sampler = build_sampler(model)
    try:
        await sampler.ready()
    finally:
        await sampler.aclose()


def check_publication(given: Mapping[str, Any]) -> None:
    """What a publication is refused for: name, format, licences, shares, the card's run file.

    Licences and the run file are compared with the dataset where there is one yet.
    """
    from labeler.export import ExportOptions, format_named
    from labeler.hub import Publication, refuse_unpublishable
    from labeler.hub.licence import KNOWN
    from labeler.hub.push import check_name

    if "repository" not in given:
        raise ConfigError("--set repository=namespace/name is missing: where it is published")
    check_name(str(given["repository"]))
    if given.get("export_format"):
        format_named(str(given["export_format"]))
    for licence in (given.get("licence"), *(given.get("source_licences") or {}).values()):
        if licence is not None and str(licence).lower() not in KNOWN:
            raise ConfigError(f"licence {licence}: no licence identifier that the Hub knows")
    card = given.get("config")
    publication = Publication(
        repository=str(given["repository"]),
        licence=given.get("licence"),
        source_licences=given.get("source_licences") or {},
        splits=given.get("splits") or {"train": 1.0},
        config=Path(card) if card else None,
        overrides=given.get("overrides") or (),
    )
    # Raises where the shares are none.
    ExportOptions(splits=dict(publication.splits))
    if has_log(located(str(given["out"]))):
        refuse_unpublishable(open_dataset(str(given["out"])), publication)
    elif card:
        load_config(card, publication.overrides)


def source_of(parameters: Mapping[str, Any]) -> str:
    """Where a schedule's problems come from, as `schedule list` shows it."""
    problems = (parameters.get("config") or {}).get("problems") or {}
    place = problems.get("path") or problems.get("dataset") or problems.get("n") or ""
    return f"{problems.get('kind', '')} {place}".strip()


def version_of(out: str) -> int | None:
    """The newest version of a dataset, None where there is none or it cannot be read."""
    try:
        where = located(out)
        newest = newest_version(where)
        return newest if newest >= 0 else None
    except LabelerError:
        return None
