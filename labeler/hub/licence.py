"""May this dataset be published, and under which licence? Asked of every source set in it.

A licence that nobody stated is unknown, and unknown is refused. One licence for all sources is
taken over; several need a choice. A source that forbids derivatives cannot be published with
labels; one that allows no commercial use, or only sharing alike, binds the whole.
This is a check of what was stated, not legal advice. Source: licence identifiers of the Hugging
Face Hub (docs/hub/repositories-licenses).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import TYPE_CHECKING

from labeler.errors import DatasetError
from labeler.records import Source

if TYPE_CHECKING:
    from labeler.dataset import Dataset

KNOWN = {
    "apache-2.0", "mit", "bsd", "bsd-2-clause", "bsd-3-clause", "isc", "zlib", "unlicense",
    "0bsd", "wtfpl", "mpl-2.0", "epl-2.0", "gpl", "gpl-2.0", "gpl-3.0", "agpl-3.0", "lgpl",
    "lgpl-2.1", "lgpl-3.0", "cc", "cc0-1.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0",
    "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0",
    "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0",
    "odc-by",
    "odbl", "pddl", "cdla-permissive-1.0", "cdla-permissive-2.0", "cdla-sharing-1.0", "c-uda",
    "etalab-2.0", "afl-3.0", "ms-pl", "openrail", "openrail++", "bigscience-openrail-m",
    "bigcode-openrail-m", "llama2", "llama3", "llama3.1", "llama3.2", "llama3.3", "gemma",
}  # fmt: skip
UNNAMED = "unnamed"
"""How a source set without a name is called."""


def sources_of(dataset: Dataset) -> list[Source]:
    """Every source set that problems of this version come from."""
    names = [f"source.{field.name}" for field in fields(Source)]
    found: set[tuple[str, ...]] = set()
    for rows in dataset.columns(*names):
        found.update(zip(*(rows.columns[name].to_pylist() for name in names), strict=True))
    return [Source(*values) for values in sorted(found)]


def licence_for(sources: Iterable[Source], wanted: str | None) -> str:
    """The licence to publish under; `DatasetError` names the source set that stands against it."""
    stated = {}
    for source in sources:
        name, licence = source.dataset or UNNAMED, source.licence.lower()
        if licence not in KNOWN:
            what = f"an unknown licence {source.licence!r}" if licence else "no licence stated"
            raise DatasetError(
                f"source set {name} has {what}; find it out and state it with "
                f"--source-licence {name}=ID (an identifier of the Hub, such as apache-2.0)"
            )
        if "-nd" in licence:
            raise DatasetError(f"source set {name} is under {licence}, which forbids derivatives")
        stated[name] = licence
    licences = sorted(set(stated.values()))
    if wanted is None:
        if len(licences) != 1:
            raise DatasetError(
                f"sources are under {', '.join(licences) or 'no licence'}; choose with --licence"
            )
        return licences[0]
    wanted = wanted.lower()
    if wanted not in KNOWN:
        raise DatasetError(f"--licence {wanted}: no licence identifier that the Hub knows")
    for name, licence in stated.items():
        bound = ("-sa" in licence or "odbl" in licence or "gpl" in licence) and wanted != licence
        if bound or ("-nc" in licence and "-nc" not in wanted):
            raise DatasetError(
                f"--licence {wanted}: source set {name} is under {licence}, which does not allow it"
            )
    return wanted
