"""Everything a published version consists of, as files in a folder; `--dry-run` stops here.

    README.md          the card
    provenance.json    what this version is: its log, licences, splits; equal for equal versions
    data/<split>-00000-of-000NN.parquet
    figures/*.svg      those of `labeler report`, shown on the card

Does not talk to the Hub (`labeler.hub.push`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labeler.errors import ConfigError
from labeler.export.splits import problem_splits
from labeler.hub.card import Drawing, Facts, card
from labeler.hub.licence import UNNAMED, licence_for, sources_of
from labeler.hub.shards import BYTES_PER_SHARD, write_splits
from labeler.records import Source
from labeler.report.figures import figures
from labeler.schema import plain
from labeler.stats import label_statistics

if TYPE_CHECKING:
    from labeler.dataset import Dataset, Version
    from labeler.stats import LabelStatistics

PROVENANCE = "provenance.json"


@dataclass(frozen=True, slots=True)
class Publication:
    """How a version is to be published.

    `tag` names the version on the Hub, `v<version>` unless told otherwise.
    `source_licences` states the licence of source sets that do not state their own, by name.
    `splits` are shares by name; a problem is in one split only.
    """

    repository: str
    tag: str = ""
    licence: str | None = None
    source_licences: Mapping[str, str] = field(default_factory=dict)
    splits: Mapping[str, float] = field(default_factory=lambda: {"train": 1.0})
    seed: int = 0
    config: Path | None = None
    overrides: Sequence[str] = ()
    bytes_per_shard: int = BYTES_PER_SHARD


def tag_of(dataset: Dataset, publication: Publication) -> str:
    """The tag under which this version is published."""
    return publication.tag or f"v{dataset.version}"


def refuse_unpublishable(dataset: Dataset, publication: Publication) -> str:
    """The licence to publish under. Raises as `write_tree` does, before anything is written."""
    licence = licence_for(
        _stated(sources_of(dataset), publication.source_licences), publication.licence
    )
    runs = (entry.info for entry in dataset.versions() if entry.version <= dataset.version)
    _run_file(publication, {run.config_sha for run in runs if run is not None})
    return licence


def write_tree(dataset: Dataset, publication: Publication, folder: Path) -> list[str]:
    """Writes the whole tree into an existing folder; the paths of its files, sorted.

    Raises `DatasetError` where a licence stands against it, `ConfigError` where the run file is not
    the one that made this version.
    """
    sources = _stated(sources_of(dataset), publication.source_licences)
    licence = licence_for(sources, publication.licence)
    log = [entry for entry in dataset.versions() if entry.version <= dataset.version]
    runs = [entry.info for entry in log if entry.info is not None]
    config = _run_file(publication, {run.config_sha for run in runs})
    splits = problem_splits(dataset, publication.splits, publication.seed)
    data = folder / "data"
    data.mkdir()
    sizes = write_splits(dataset, splits, data, publication.bytes_per_shard)
    statistics = label_statistics(dataset)
    facts = Facts(
        repository=publication.repository,
        tag=tag_of(dataset, publication),
        licence=licence,
        sources=sources,
        splits=sizes,
        n_memory_bytes={name: _memory(data, size.files) for name, size in sizes.items()},
        statistics=statistics,
        figures=_drawn(statistics, folder / "figures"),
        runs=runs,
        config=config,
    )
    (folder / "README.md").write_text(card(facts), encoding="utf-8")
    known = {
        "version": dataset.version,
        "schema_version": dataset.schema_version,
        "licence": licence,
        "sources": plain(tuple(sources)),
        "splits": {"shares": dict(publication.splits), "seed": publication.seed},
        "examples": {name: size.n_examples for name, size in sizes.items()},
        "log": [_entry(entry) for entry in log],
    }
    (folder / PROVENANCE).write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def _stated(sources: Sequence[Source], licences: Mapping[str, str]) -> list[Source]:
    return [
        source
        if source.licence
        else replace(source, licence=licences.get(source.dataset or UNNAMED, ""))
        for source in sources
    ]


def _entry(entry: Version) -> dict[str, Any]:
    return {
        "version": entry.version,
        "operation": entry.operation,
        "committed_at": entry.committed_at.isoformat(),
        "run": None if entry.info is None else entry.info.to_metadata(),
    }


def _drawn(statistics: LabelStatistics, folder: Path) -> list[Drawing]:
    folder.mkdir()
    drawings = []
    for number, figure in enumerate(figures(statistics), start=1):
        file = folder / f"{number}.svg"
        file.write_text(figure.svg, encoding="utf-8")
        drawings.append(Drawing(f"figures/{file.name}", figure.title, figure.caption))
    return drawings


def _memory(folder: Path, files: Sequence[str]) -> int:
    """Bytes of the values, uncompressed: what the Hub calls the size of a dataset."""
    import pyarrow.parquet as pq

    sizes = (pq.read_metadata(folder / name) for name in files)
    return sum(m.row_group(i).total_byte_size for m in sizes for i in range(m.num_row_groups))


def _run_file(publication: Publication, made_by: set[str]) -> str:
    """The run file as it was written, without addresses and devices; "" where none was given."""
    if publication.config is None:
        return ""
    import yaml

    from labeler.config import load_config
    from labeler.config.run import MODEL_OPERATIONS

    loaded = load_config(publication.config, publication.overrides)
    if made_by.isdisjoint({loaded.identity(), loaded.earlier_identity()}):
        raise ConfigError(
            f"{publication.config}: did not make this version; give the run's own file, and its "
            "--set overrides"
        )
    content = yaml.safe_load(publication.config.read_text(encoding="utf-8"))
    content.pop("run", None)
    for model in (content.get("policy"), *content.get("models", {}).values()):
        for key in MODEL_OPERATIONS & set(model or {}):
            del model[key]
    overrides = "".join(f"# --set {override}\n" for override in publication.overrides)
    return overrides + str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
