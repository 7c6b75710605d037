"""Where summaries lie: documents in the dataset's folder `_summaries`, whole or not there.

Those of a dataset in an object store lie in its folder on this machine as well, where they are
looked for first. Where the dataset may not be written, they lie in the cache
(`bucket.cache_folder`) instead; where neither can be written they are not kept. Whatever is read is
checked by who reads it: a document says what it is about.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from labeler.dataset.bucket import cache_folder
from labeler.dataset.storage import DatasetStorage, Folder
from labeler.errors import DatasetError
from labeler.records import short_hash

FOLDER = "_summaries"
FORMAT = "1"
"""Changes with what a document holds, so that old ones are made anew."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The documents of one dataset."""

    storage: DatasetStorage

    def read(self, name: str) -> bytes | None:
        """A document, None where there is none."""
        for place in (*self._near(), self.storage, self._cache()):
            try:
                content = place.read(f"{FOLDER}/{name}")
            except DatasetError:
                # Unreadable is as good as missing: it is made again.
                continue
            if content is not None:
                if place is self.storage:
                    self._keep_near(name, content)
                return content
        return None

    def write(self, name: str, content: bytes) -> None:
        """Keeps a document where it can be kept."""
        self._keep_near(name, content)
        for place in (self.storage, self._cache()):
            try:
                place.write(f"{FOLDER}/{name}", content)
                return
            except DatasetError:
                continue

    def _near(self) -> tuple[Folder, ...]:
        """The dataset's folder on this machine, where the dataset itself is elsewhere."""
        return () if isinstance(self.storage, Folder) else (Folder(self.storage.local),)

    def _keep_near(self, name: str, content: bytes) -> None:
        for place in self._near():
            with suppress(DatasetError):  # fetched again next time
                place.write(f"{FOLDER}/{name}", content)

    def _cache(self) -> Folder:
        return Folder(cache_folder() / "summaries" / short_hash(self.storage.uri))
