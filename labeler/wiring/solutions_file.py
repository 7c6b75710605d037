"""The run that labels a file of solutions: nothing is sampled for solving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pydantic import ValidationError

from labeler.config import RunConfig, load_config
from labeler.config.labelers import needs_model
from labeler.config.load import one_line
from labeler.errors import ConfigError
from labeler.labelers.methods import method_of
from labeler.problems.forms.table import AUTO
from labeler.problems.rows import Place
from labeler.problems.solved import Reading
from labeler.wiring.defaults import labelers_named


@dataclass(frozen=True, slots=True)
class SolvedPlace:
    """A file or data set of solutions, and how it is read; a path is made absolute."""

    path: str
    form: str = AUTO
    columns: Mapping[str, str] = field(default_factory=dict)
    split: str = "train"
    limit: int | None = None

    @classmethod
    def of(
        cls, place: str, form: str, columns: Sequence[str], split: str, limit: int | None
    ) -> SolvedPlace:
        """From a command line; `columns` are "field=column". Raises `ConfigError`."""
        pairs = [one.partition("=") for one in columns]
        if odd := [one for one, (_, equals, name) in zip(columns, pairs, strict=True) if not name]:
            raise ConfigError(f"--column {odd[0]}: write field=column, for example steps=solution")
        there = place if Place(place).is_dataset and not Path(place).exists() else None
        path = there or str(Path(place).resolve())
        return cls(path, form, {field: column for field, _, column in pairs}, split, limit)

    @property
    def reading(self) -> Reading:
        return Reading(self.form, self.columns)

    @property
    def place(self) -> Place:
        return Place(self.path, self.split)


def config_for_file(
    place: SolvedPlace,
    labelers: Sequence[str],
    base: Path | None,
    settings: Sequence[str],
) -> RunConfig:
    """Models, settings of labelers and consensus of `base`, if there is one, for one file."""
    file = Path(place.path)
    if settings and base is None:
        raise ConfigError("--set overrides keys of a run file; add --config RUN.yaml")
    if base is None and (asking := needs_model(labelers)):
        labelers_named(None, labelers)
        raise ConfigError(f"--labeler {asking}: asks a model; add --config RUN.yaml")
    config = load_config(base, settings) if base else None
    content = config.model_dump(mode="json") if config else {"name": file.stem, **_rule(labelers)}
    content |= {
        "problems": {"kind": "solved", **asdict(place)},
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
