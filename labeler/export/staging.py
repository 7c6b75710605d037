"""A folder that appears under its name only when all of it is complete and on disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from labeler.errors import DatasetError
from labeler.files import NO_SPACE, make_folder, write_error


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Gives a folder to write into, which becomes `path` at the end, or vanishes on an error.

    Raises `DatasetError` where `path` is there already and not an empty folder.
    """
    path = path.absolute()
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise DatasetError(f"{path}: is there already; delete it or choose another folder")
    make_folder(path.parent)
    staged = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        staged.mkdir()
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
        shutil.rmtree(staged, ignore_errors=True)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
