"""The run that labels a file of solutions: nothing is sampled for solving."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from labeler.config import RunConfig, load_config
from labeler.config.labelers import needs_model
from labeler.config.load import one_line
from labeler.errors import ConfigError
from labeler.labelers.methods import method_of
from labeler.wiring.defaults import labelers_named


def config_for_file(
    file: Path,
    labelers: Sequence[str],
    base: Path | None,
    settings: Sequence[str],
    limit: int | None,
) -> RunConfig:
    """Models, settings of labelers and consensus of `base`, if there is one, for one file."""
    if settings and base is None:
        raise ConfigError("--set overrides keys of a run file; add --config RUN.yaml")
    if base is None and (asking := needs_model(labelers)):
        labelers_named(None, labelers)
        raise ConfigError(f"--labeler {asking}: asks a model; add --config RUN.yaml")
    config = load_config(base, settings) if base else None
    content = config.model_dump(mode="json") if config else {"name": file.stem, **_rule(labelers)}
    content |= {
        "problems": {"kind": "solved", "path": str(file.resolve()), "limit": limit},
        "labelers": [
            one.model_dump(mode="json") for one in labelers_named(config, labelers).values()
        ],
        "solutions": 0,
        "difficulty_filter": None,
    }
    try:
        return RunConfig.model_validate(content, strict=False)
    except ValidationError as error:
        raise ConfigError(f"{file}: {one_line(error)}") from error


def _rule(labelers: Sequence[str]) -> dict[str, object]:
    """Tools judge single steps; a rule for whole solutions would leave most of their flags open."""
    return (
        {"consensus": {"rule": "each_step"}}
        if all(method_of(name).is_tool for name in labelers)
        else {}
    )
