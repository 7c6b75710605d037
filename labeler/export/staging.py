"""A folder that appears under its name only when all of it is complete and on disk.

Until then it lies beside it as `.NAME.PID.tmp`, locked by its process. What a killed process left
is unlocked, and the next one that writes beside it removes it. Does not cover machines that share a
folder but not its locks. Source: flock(2), which a process's end undoes; rename(2).
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from labeler.errors import DatasetError
from labeler.files import NO_SPACE, make_folder, write_error

STAGED = re.compile(r"\.(?P<name>.+)\.(?P<pid>\d+)\.tmp", re.DOTALL)
OURS = re.compile(r".+\.(jsonl|json|md|parquet|svg|yaml)|data|figures")
"""What an export or a publication has in its folder; one with anything else is left alone."""

GRACE_S = 60.0
"""So long may a process that lives have made a folder without having locked it yet."""


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Gives a folder to write into, which becomes `path` at the end, or vanishes on an error.

    Raises `DatasetError` where `path` is there already and not an empty folder.
    """
    path = path.absolute()
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise DatasetError(f"{path}: is there already; delete it or choose another folder")
    make_folder(path.parent)
    sweep(path.parent)
    staged = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    lock = None
    try:
        staged.mkdir()
        lock = os.open(staged, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield staged
        for file in staged.rglob("*"):
            if file.is_file():
                _to_disk(file)
        staged.replace(path)
        _to_disk(path.parent)
    except OSError as error:
        if error.errno in NO_SPACE:
            raise DatasetError(f"no space left writing {path}; free space and try again") from error
        raise write_error(path, error) from error
    finally:
        if lock is not None:
            shutil.rmtree(staged, ignore_errors=True)
            os.close(lock)


def sweep(folder: Path) -> list[Path]:
    """Removes what killed processes left in a folder; the paths that are gone."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        # A folder that may be written but not listed: nothing is known to be left over.
        return []
    left = [path for path in entries if STAGED.fullmatch(path.name) and _abandoned(path)]
    for path in left:
        shutil.rmtree(path, ignore_errors=True)
    return left


def _abandoned(path: Path) -> bool:
    """Whether nobody writes into a staged folder any more."""
    match = STAGED.fullmatch(path.name)
    try:
        if match is None or path.is_symlink() or not path.is_dir():
            return False
        if not all(OURS.fullmatch(entry.name) for entry in path.iterdir()):
            return False
        is_fresh = time.time() - path.stat().st_mtime < GRACE_S
        if is_fresh and int(match["pid"]) != os.getpid() and _lives(int(match["pid"])):
            return False
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
