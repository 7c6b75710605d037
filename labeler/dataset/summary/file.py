"""The summary of one data file: its counts as if it stood alone, and what must be compared.

Kept as a zip of arrays (numpy's .npz), whose checksums tell a damaged one.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from labeler.dataset.columns import flat_batches
from labeler.dataset.summary.agents import count_agents
from labeler.dataset.summary.counts import Counts
from labeler.dataset.summary.solutions import Sets, count_solutions
from labeler.dataset.summary.steps import count_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeler.dataset.columns import Flat

COUNTS, IDENTITY = "counts", "identity"


@dataclass(frozen=True, slots=True)
class FileSummary:
    """`identity` names the file and tells its content from any other under that name."""

    identity: str
    counts: Counts
    sets: Sets

    def to_bytes(self) -> bytes:
        """As it is kept."""
        import numpy as np

        arrays = {field.name: getattr(self.sets, field.name) for field in fields(Sets)}
        texts = {IDENTITY: self.identity, COUNTS: json.dumps(self.counts.plain())}
        arrays |= {name: np.frombuffer(text.encode(), np.uint8) for name, text in texts.items()}
        written = io.BytesIO()
        np.savez(written, **arrays)
        return written.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes, identity: str) -> FileSummary | None:
        """Reads back `to_bytes`; None for what is damaged or of another file."""
        import numpy as np

        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                if arrays[IDENTITY].tobytes().decode() != identity:
                    return None
                counts = Counts.from_plain(json.loads(arrays[COUNTS].tobytes()))
                sets = Sets(**{field.name: arrays[field.name] for field in fields(Sets)})
        except (zipfile.BadZipFile, ValueError, KeyError, TypeError, OSError, EOFError):
            return None
        return cls(identity, counts, sets)


def summarise(file: Path, identity: str) -> FileSummary:
    """Reads one file, column by column. Raises `DatasetError` for a damaged one."""

    def read(*names: str) -> Iterator[Flat]:
        return flat_batches([file], names)

    counts, sets = count_solutions(read)
    return FileSummary(identity, counts.plus(count_steps(read), count_agents(read)), sets)
