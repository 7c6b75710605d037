"""Names for versions: `labeler tag DATASET NAME`, and the version that a command was asked for.

A tag is one small file, `_tags/NAME.json` (Delta readers pass over folders that begin with "_"),
created only if nobody was there first, so two people cannot both set it. A released name should
not come to mean something else: moving a tag takes `force`.

Does not cover tags of a published dataset on the Hub (`labeler.hub`).
Source: the rules of `git tag`; link(2), which fails where the name exists.
"""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path

from labeler.dataset.reader import Dataset, open_dataset
from labeler.errors import DatasetError
from labeler.files import make_folder, whole_file, write_error

NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,99}")
"""A number would look like a version; a slash, a space or a leading dot would not be a file."""


def resolve(path: str | Path, version: int | None = None, tag: str | None = None) -> Dataset:
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


def tags(path: Path) -> dict[str, int]:
    """All tags of a dataset and their versions, by name."""
    return {file.stem: _read(file) for file in sorted((path / "_tags").glob("*.json"))}


def set_tag(path: Path, name: str, version: int | None = None, force: bool = False) -> int:
    """Names a version, the latest by default, and returns its number; doing it again is fine.

    Raises `DatasetError` for a name that cannot be one, a version that does not exist, and a tag
    that stands on another version unless `force` moves it.
    """
    if not NAME.fullmatch(name):
        raise DatasetError(
            f"{path}: {name!r} is no tag: a letter, then letters, digits, dots, - and _"
        )
    number = open_dataset(path, version).version
    file = path / "_tags" / f"{name}.json"
    now = datetime.now(UTC).isoformat(timespec="seconds")
    content = json.dumps({"version": number, "tagged_at": now}) + "\n"
    make_folder(file.parent)
    with whole_file(_draft(file)) as draft:
        draft.write(content.encode())
    try:
        if force:
            _draft(file).replace(file)
        else:
            os.link(_draft(file), file)
    except FileExistsError as error:
        standing = _read(file)
        if standing != number:
            raise DatasetError(
                f"{path}: tag {name} is on version {standing}; --force moves it to {number}"
            ) from error
    except OSError as error:
        raise write_error(file, error) from error
    finally:
        _draft(file).unlink(missing_ok=True)
    return number


def _draft(file: Path) -> Path:
    return file.with_name(f".{file.name}.{os.getpid()}.draft")


def _read(file: Path) -> int:
    try:
        return int(json.loads(file.read_text(encoding="utf-8"))["version"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"{file}: is no tag; delete it and tag the version again") from error
