"""Names for versions: `labeler tag DATASET NAME`, and the version that a command was asked for.

A tag is one small file, `_tags/NAME.json` (Delta readers pass over folders that begin with "_"),
created only if nobody was there first, so two people cannot both set it. A released name should
not come to mean something else: moving a tag takes `force`.

Does not cover tags of a published dataset on the Hub (`labeler.hub`).
Source: the rules of `git tag`.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

from labeler.dataset.reader import Dataset, open_dataset
from labeler.dataset.storage import DatasetStorage, Location, storage_of
from labeler.errors import DatasetError

FOLDER = "_tags"
NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,99}")
"""A number would look like a version; a slash, a space or a leading dot would not be a file."""


def resolve(path: str | Location, version: int | None = None, tag: str | None = None) -> Dataset:
    """Opens what `--version N` or `--tag T` names, the latest version where neither is given.

    Raises `DatasetError` where the dataset, the version or the tag does not exist, or both are
    given.
    """
    if tag is None:
        return open_dataset(path, version)
    if version is not None:
        raise DatasetError(f"{path}: --version {version} and --tag {tag}: give one of them")
    latest = open_dataset(path)
    known = tags(latest.path)
    if tag not in known:
        names = ", ".join(known) or "none yet; `labeler tag` makes one"
        raise DatasetError(f"{path}: has no tag {tag!r}; tags: {names}")
    return open_dataset(path, known[tag])


def tags(path: str | Location) -> dict[str, int]:
    """All tags of a dataset and their versions, by name."""
    storage = storage_of(path)
    files = [name for name in storage.names(FOLDER) if name.endswith(".json")]
    return {name.removesuffix(".json"): _read(storage, f"{FOLDER}/{name}") for name in files}


def set_tag(
    path: str | Location, name: str, version: int | None = None, force: bool = False
) -> int:
    """Names a version, the latest by default, and returns its number; doing it again is fine.

    Raises `DatasetError` for a name that cannot be one, a version that does not exist, and a tag
    that stands on another version unless `force` moves it.
    """
    if not NAME.fullmatch(name):
        raise DatasetError(
            f"{path}: {name!r} is no tag: a letter, then letters, digits, dots, - and _"
        )
    number = open_dataset(path, version).version
    storage, file = storage_of(path), f"{FOLDER}/{name}.json"
    now = datetime.now(UTC).isoformat(timespec="seconds")
    content = (json.dumps({"version": number, "tagged_at": now}) + "\n").encode()
    if force:
        storage.write(file, content)
    elif not storage.create(file, content):
        standing = _read(storage, file)
        if standing != number:
            raise DatasetError(
                f"{path}: tag {name} is on version {standing}; --force moves it to {number}"
            )
    return number


def _read(storage: DatasetStorage, file: str) -> int:
    try:
        return int(json.loads(storage.read(file) or b"")["version"])
    except (ValueError, KeyError, TypeError) as error:
        raise DatasetError(
            f"{storage.uri}/{file}: is no tag; delete it and tag the version again"
        ) from error
