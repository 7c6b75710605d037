"""A dataset in an object store: `s3://bucket/prefix`, on Amazon S3 or a server that speaks it.

Keys, region and address come from the environment, by the names that Amazon's own tools use
(AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL; AWS_ALLOW_HTTP=true for a
server without TLS). Data files are written on this machine and uploaded, and fetched whole before
they are read; they never change under a name, so each is fetched once, into LABELER_CACHE
(~/.cache/labeler by default). The cache may be deleted at any time when no run is at work: the
journal of an unfinished run lies there too.

Committers: those on one machine wait for one lock file in the cache. Between machines the store
decides: an entry of the log is put under the condition that nobody was first (If-None-Match), so of
two commits one fails and can be made again; data files bear unique names and cannot be overwritten.
A committer that dies leaves uploaded files that no version names.

Does not cover stores without conditional puts, or other clouds' own protocols.
Source: Amazon S3 API, PutObject, conditional writes; Delta protocol, "mutual exclusion".
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from labeler.errors import DatasetError
from labeler.files import make_folder, whole_file
from labeler.records import short_hash

if TYPE_CHECKING:
    from obstore.store import S3Store

SCHEME = "s3://"
MAX_RETRIES, RETRY_S, CONNECT_S = 5, 60, 5
"""Enough for a store that is busy, soon enough for one that is not there."""

LONGEST_REASON = 240
NOISE = re.compile(r"\x1b\[[0-9;]*m|[\s↳]+|, after \d+ retries.*?- ")


@dataclass(frozen=True, slots=True)
class Bucket:
    """A prefix in a bucket; what its methods promise stands in `storage.DatasetStorage`."""

    uri: str

    def __str__(self) -> str:
        return self.uri

    def __truediv__(self, name: str) -> Bucket:
        return Bucket(f"{self.uri}/{name}")

    @property
    def name(self) -> str:
        return self.uri.rsplit("/", 1)[1]

    @property
    def options(self) -> dict[str, str]:
        return {
            "aws_conditional_put": "etag",
            "max_retries": str(MAX_RETRIES),
            "retry_timeout": f"{RETRY_S}s",
            "connect_timeout": f"{CONNECT_S}s",
        }

    @property
    def local(self) -> Path:
        """Apart for each server: equal names on two servers are two datasets."""
        server = os.environ.get("AWS_ENDPOINT_URL", "")
        readable = re.sub(r"[^A-Za-z0-9._-]+", "-", self.uri.removeprefix(SCHEME))
        return cache_folder() / f"{readable}-{short_hash(self.uri, server)[:8]}"

    @property
    def commit_retries(self) -> int:
        return 0

    def explained(self, error: OSError) -> DatasetError:
        return unreachable(self.uri, error)

    def unique(self) -> str:
        return f"-{secrets.token_hex(4)}"

    def publish(self, file: Path) -> None:
        import obstore

        with self._translated():
            obstore.put(self._store(), file.name, file)

    def fetched(self, name: str) -> Path:
        import obstore

        file = self.local / name
        if not file.exists():
            make_folder(self.local)
            with self._translated():
                found = obstore.get(self._store(), name)
                with whole_file(file) as output:
                    for piece in found.stream():
                        output.write(piece)
        return file

    def identity(self, name: str, n_bytes: int) -> str:
        """Names are unique and nothing is written twice, so the log's size tells it all."""
        return f"{n_bytes}"

    def discard(self, file: Path) -> None:
        import obstore

        with self._translated():
            obstore.delete(self._store(), file.name)
        file.unlink(missing_ok=True)

    def read(self, name: str) -> bytes | None:
        import obstore

        with self._translated():
            try:
                return bytes(obstore.get(self._store(), name).bytes())
            except FileNotFoundError:
                return None

    def write(self, name: str, content: bytes | Iterator[bytes]) -> None:
        import obstore

        whole = content if isinstance(content, bytes) else b"".join(content)
        with self._translated():
            obstore.put(self._store(), name, whole)

    def create(self, name: str, content: bytes) -> bool:
        import obstore
        from obstore.exceptions import AlreadyExistsError

        with self._translated():
            try:
                obstore.put(self._store(), name, content, mode="create")
            except AlreadyExistsError:
                return False
        return True

    def names(self, folder: str) -> list[str]:
        import obstore

        with self._translated():
            found = [one["path"] for page in obstore.list(self._store(), folder) for one in page]
        inside = (path.removeprefix(f"{folder}/") for path in found)
        return sorted(name for name in inside if "/" not in name)

    def _store(self) -> S3Store:
        from obstore.store import S3Store

        return S3Store.from_url(
            self.uri,
            client_options={
                "connect_timeout": timedelta(seconds=CONNECT_S),
                # Options given here replace those of the environment, this one too.
                "allow_http": os.environ.get("AWS_ALLOW_HTTP", "").lower() in ("1", "true"),
            },
            retry_config={
                "max_retries": MAX_RETRIES,
                "retry_timeout": timedelta(seconds=RETRY_S),
            },
        )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        from obstore.exceptions import BaseError

        try:
            yield
        except (BaseError, OSError) as error:
            raise unreachable(self.uri, error) from error


def unreachable(uri: str, error: Exception) -> DatasetError:
    """A store's refusal in one line: its own words, without colours and repetition."""
    words = NOISE.sub(" ", str(error).split("Debug source")[0])
    reason = " ".join(words.split())[:LONGEST_REASON]
    return DatasetError(
        f"{uri}: the object store does not give it ({reason}); "
        "check the address, the AWS_ variables and your rights"
    )


def cache_folder() -> Path:
    """Where files of object stores are kept on this machine."""
    given = os.environ.get("LABELER_CACHE")
    if given:
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "labeler"
