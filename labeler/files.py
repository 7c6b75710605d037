"""Files that appear under their names only when they are complete and on disk.

A full disk or a missing permission becomes one clear line, and nothing half-written stays behind.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from labeler.errors import DatasetError

NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NOT_FOR_DELTA = re.compile(r"[\x00-\x1f\x7f#?\\]|%[0-9A-Fa-f]{2}|[\ud800-\udfff]")
"""What deltalake 1.6.6 takes for another path, or refuses once everything is written. It follows
links first. Measured: every character of ASCII, some beyond, in a name and in that of a folder
above; the halves of surrogate pairs stand for bytes that are no UTF-8."""


def make_folder(path: Path) -> None:
    """The folder and those above it, made where they are missing."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        for above in (path, *path.parents):
            if above.is_symlink() and not above.exists():
                raise DatasetError(
                    f"{above}: is a link to {above.readlink()}, which is not there; make that "
                    "folder, or name another"
                ) from error
        raise write_error(path, error) from error


def not_for_delta(path: Path) -> str | None:
    """What of a path, its links followed, keeps a Delta table from lying there; None if nothing."""
    # A zero byte would end the search for links.
    whole = path if NOT_FOR_DELTA.search(str(path)) else Path(os.path.realpath(path))
    found = NOT_FOR_DELTA.search(str(whole))
    return found and f"{found[0]!a} in {shown(whole)}"


def shown(path: object) -> str:
    """A path in one line: as it is written, quoted where it holds what is not printed."""
    text = str(path)
    return text if text.isprintable() else ascii(text)


def write_error(path: Path, error: OSError) -> DatasetError:
    """The system's refusal to write, in one line with its remedy."""
    if error.errno in NO_SPACE:
        return DatasetError(f"no space left writing {path}; free space and run again with --resume")
    reason = error.strerror or error
    return DatasetError(f"cannot write {path}: {reason}; check its permissions and its disk")


def not_allowed(path: Path) -> DatasetError:
    """The system's refusal to let a file or folder be read: a copy would be of no help."""
    return DatasetError(f"{path}: may not be read; check its permissions")


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that appears under its name only when it is complete and on disk."""
    if path.is_dir():
        raise DatasetError(f"{path}: is a folder; name a file")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise write_error(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    # Without this a power cut may forget the new name although the file's bytes are on disk.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
