"""The summary of a version: those of its files added up, with what files hold together.

    _summaries/<file>.<format>.npz          one data file
    _summaries/seam-<hash>.<format>.json    what a group of files counts twice
    _summaries/version-<hash>.<format>.json all of it added up, for exactly these files

Every name holds a hash of what the document is made from, and the document says it again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labeler.dataset.storage import Location, storage_of
from labeler.dataset.summary import problems
from labeler.dataset.summary.counts import Counts
from labeler.dataset.summary.file import FileSummary, summarise
from labeler.dataset.summary.keeping import FORMAT, Kept
from labeler.dataset.summary.problems import Distinct, distinct
from labeler.dataset.summary.seams import difference, seams
from labeler.errors import DatasetError
from labeler.records import short_hash
from labeler.version import library_version

if TYPE_CHECKING:
    import numpy as np

    from labeler.dataset.reader import DataFile, Dataset


@dataclass(frozen=True, slots=True)
class Summary:
    """Of a whole version."""

    counts: Counts
    distinct: Distinct

    def to_bytes(self, identity: str) -> bytes:
        """As it is kept."""
        content = {"identity": identity, "counts": self.counts.plain()}
        return json.dumps(content | {"distinct": self.distinct.plain()}).encode()

    @classmethod
    def from_bytes(cls, content: bytes, identity: str) -> Summary | None:
        """Reads back `to_bytes`; None for what is damaged or of other files."""
        try:
            found = json.loads(content)
            if found["identity"] != identity:
                return None
            counts = Counts.from_plain(found["counts"])
            return cls(counts, Distinct.from_plain(found["distinct"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            return None


def summary_of(dataset: Dataset) -> Summary:
    """What a version holds; only files without a summary are read.

    Raises `DatasetError` for a file that is missing, or damaged and not summarised yet.
    """
    kept = Kept(storage_of(dataset.path))
    files = dataset.data_files()
    identity = _identity(files)
    name = f"version-{short_hash(identity)}.{FORMAT}.json"
    content = kept.read(name)
    found = None if content is None else Summary.from_bytes(content, identity)
    if found is None:
        found = _added_up(dataset, files, kept)
        kept.write(name, found.to_bytes(identity))
    return found


def bands_by_problem(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """See `problems.bands_by_problem`, of one version."""
    kept = Kept(storage_of(dataset.path))
    return problems.bands_by_problem(
        [_of_file(dataset, file, kept).sets for file in dataset.data_files()]
    )


def keep_summary(path: Location) -> None:
    """Summarises the newest version, once it is committed.

    A commit does not fail for want of its summary: who asks for it makes it then, and is told why
    that cannot be done.
    """
    from labeler.dataset.reader import open_dataset

    try:
        summary_of(open_dataset(path))
    except DatasetError:
        return


def _added_up(dataset: Dataset, files: Sequence[DataFile], kept: Kept) -> Summary:
    parts = [_of_file(dataset, file, kept) for file in files]
    sets = [part.sets for part in parts]
    corrections = []
    for places, keys in seams(sets).items():
        mine = [files[place] for place in places]
        identity = f"{_identity(mine)}\n{short_hash(keys.tobytes().hex())}"
        name = f"seam-{short_hash(identity)}.{FORMAT}.json"
        found = _correction(kept.read(name), identity)
        if found is None:
            paths = [dataset.local(file) for file in mine]
            found = difference(paths, [sets[place] for place in places], keys)
            whole: dict[str, Any] = {"identity": identity, "counts": found.plain()}
            kept.write(name, json.dumps(whole).encode())
        corrections.append(found)
    counts = Counts({}).plus(*(part.counts for part in parts), *corrections)
    return Summary(counts, distinct(sets))


def _of_file(dataset: Dataset, file: DataFile, kept: Kept) -> FileSummary:
    identity = _identity([file])
    name = f"{Path(file.name).stem}-{short_hash(identity)}.{FORMAT}.npz"
    content = kept.read(name)
    found = None if content is None else FileSummary.from_bytes(content, identity)
    if found is None:
        found = summarise(dataset.local(file), identity)
        kept.write(name, found.to_bytes())
    return found


def _correction(content: bytes | None, identity: str) -> Counts | None:
    try:
        found = json.loads(content or b"")
        return Counts.from_plain(found["counts"]) if found["identity"] == identity else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _identity(files: Sequence[DataFile]) -> str:
    # Hashes of another polars are not those of this one.
    head = f"format {FORMAT}, polars {library_version('polars')}"
    return "\n".join([head, *(f"{file.name} {file.identity}" for file in files)])
