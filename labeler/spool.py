"""Results put aside on disk as they come, taken back in any order: memory holds only their places.

A spool is an unnamed file: it dies with its process, and holds nothing that is not in the journal
too. Not a format: what one process writes only that process reads.
"""

from __future__ import annotations

import pickle
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Generic, TypeVar

from labeler.files import make_folder, write_error

T = TypeVar("T")


class Spool(Generic[T]):
    """Values by name, in a file under `folder`. Raises `DatasetError` when the disk is full."""

    def __init__(self, folder: Path) -> None:
        make_folder(folder)
        self._folder = folder
        try:
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        except OSError as error:
            raise write_error(folder, error) from error
        self._places: dict[str, int] = {}

    def put(self, name: str, value: T) -> None:
        """Puts a value aside; a name is used once."""
        try:
            self._places[name] = self._file.seek(0, 2)
            pickle.dump(value, self._file, pickle.HIGHEST_PROTOCOL)
        except OSError as error:
            raise write_error(self._folder, error) from error

    def take(self, name: str) -> T:
        """The value of that name."""
        try:
            # Seeking writes what is buffered, so a full disk may show here.
            self._file.seek(self._places[name])
        except OSError as error:
            raise write_error(self._folder, error) from error
        value: T = pickle.load(self._file)
        return value

    def __enter__(self) -> Spool[T]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._file.close()
        except OSError:
            # Closing writes what is buffered; on a full disk that fails, and nobody needs it.
            return
