"""Which of a run's solutions its dataset holds already, so that none is added twice unnoticed.

Other settings may label the same solutions again, which is no mistake: the newest labels count.
Rows that say the very same as rows that are there (a run of other name or origin) are nothing new.
Does not cover datasets in an object store, which would have to be fetched whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labeler.dataset.bucket import Bucket
from labeler.dataset.reader import open_dataset
from labeler.dataset.shards import plain_rows
from labeler.dataset.storage import Location
from labeler.dataset.store import has_log
from labeler.labelling.identity import LOCAL
from labeler.schema import Provenance

if TYPE_CHECKING:
    import pyarrow as pa

ORIGIN = frozenset({*Provenance.__dataclass_fields__, "schema_version"})
"""What tells who wrote a row, not what it says."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """So many solutions are there already; `version` is the newest if all rows say the same."""

    n_solutions: int = 0
    version: int | None = None


def repeated(out: Location, staged: Callable[[], Iterable[pa.RecordBatch]]) -> Repeated:
    """Compares the rows that a run has staged with those of the dataset's newest version."""
    if isinstance(out, Bucket) or not has_log(out):
        return Repeated()
    import pyarrow as pa
    import pyarrow.compute as pc

    ours = [name for batch in staged() for name in batch["solution_id"].to_pylist()]
    wanted = set(ours)
    dataset = open_dataset(out)
    there: set[str] = set()
    for flat in dataset.columns("solution_id"):
        names = flat.columns["solution_id"]
        there.update(names.filter(pc.is_in(names, pa.array(wanted, pa.string()))).to_pylist())
    n_there = sum(name in there for name in ours)
    if not ours or n_there < len(ours):
        return Repeated(n_there)
    known = set(_digests(row for row in dataset.rows() if row["solution_id"] in wanted))
    is_same = all(digest in known for digest in _digests(plain_rows(staged())))
    return Repeated(n_there, dataset.version if is_same else None)


def _digests(rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    for row in rows:
        said = {name: value for name, value in row.items() if name not in ORIGIN}
        if said["source"]["revision"].startswith(LOCAL):
            said["source"] = said["source"] | {"dataset": ""}
        yield hashlib.sha256(json.dumps(said, sort_keys=True).encode("utf-8", "replace")).digest()
