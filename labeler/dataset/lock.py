"""One holder at a time: a lock file that holds the name of its holder.

A dataset has one committer at a time, and an output folder one run. Does not cover readers (they
need no lock) or machines that do not share the folder's file locks: of two that commit to one
object store, the store lets one pass (`bucket`). Source: flock(2), through the
filelock library; the system frees the lock when its holder dies.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from labeler.dataset.storage import Location, storage_of
from labeler.errors import DatasetError
from labeler.files import make_folder, write_error


@contextmanager
def held(
    lock_file: Path, path: Location, run_id: str, doing: str, patience_s: float = 0.0
) -> Iterator[None]:
    """Holds `lock_file`, or raises `DatasetError` telling who is `doing` what with `path`.

    The lock is waited for no longer than `patience_s`.
    """
    from filelock import FileLock, Timeout

    make_folder(lock_file.parent)
    lock = FileLock(lock_file, timeout=patience_s)
    try:
        lock.acquire()
    except Timeout as error:
        holder = lock_file.read_text(encoding="utf-8").strip() or "a process starting up"
        raise DatasetError(
            f"{path}: {holder} is {doing} (lock {lock_file}); try again when it is done"
        ) from error
    except OSError as error:
        raise write_error(lock_file, error) from error
    try:
        _name_holder(lock_file, run_id)
        yield
    finally:
        lock.release()


def only_committer(
    path: Location, run_id: str, patience_s: float = 0.0
) -> AbstractContextManager[None]:
    """Holds the lock file beside a dataset (or its cache) while one version is committed."""
    return held(_lock_of(path), path, run_id, "committing", patience_s)


def is_held(lock_file: Path) -> bool:
    """Whether somebody holds a lock file now; a file that is not there is held by nobody.

    What stands in the file is left as it is.
    """
    import fcntl

    try:
        with lock_file.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def refuse_if_locked_out(path: Location) -> None:
    """Raises `DatasetError` where nobody could commit, because the lock cannot be made.

    For the beginning of a run: the lock lies beside the dataset, in a folder that may be closed.
    """
    file = _lock_of(path)
    make_folder(file.parent)
    try:
        file.open("a").close()
    except OSError as error:
        raise write_error(file, error) from error


def _lock_of(path: Location) -> Path:
    # Whole, because "." and ".." have no name to set beside them.
    local = storage_of(path).local.resolve()
    return local.parent / f"{local.name}.lock"


def _name_holder(lock_file: Path, run_id: str) -> None:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    holder = f"run {run_id}, process {os.getpid()} on {socket.gethostname()}, since {since}\n"
    try:
        lock_file.write_text(holder, encoding="utf-8")
    except OSError as error:
        raise write_error(lock_file, error) from error
