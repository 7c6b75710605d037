"""Values put aside on disk as they come, read back one by one: memory holds only their places.

A spool is an unnamed file: it dies with its process, and holds nothing that cannot be had again (it
came from a file of problems, or is in the journal too). Not a format: what one process writes only
that process reads; a spool that is pickled becomes a tuple of its values. One thread at a time.
"""

from __future__ import annotations

import pickle
import tempfile
import weakref
from abc import abstractmethod
from array import array
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, TypeVar, overload

from labeler.files import make_folder, write_error

T = TypeVar("T")


class _Stored(Sequence[T]):
    """Values that a slice leaves where they are, and that become a tuple when pickled."""

    @abstractmethod
    def _at(self, index: int) -> T:
        """Reads one value."""

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        if isinstance(index, slice):
            return _Part(self, range(len(self))[index])
        return self._at(index)

    def __reduce__(self) -> tuple[type[tuple[T, ...]], tuple[tuple[T, ...]]]:
        return tuple, (tuple(self),)


class _Part(_Stored[T]):
    """A slice of others."""

    def __init__(self, whole: _Stored[T], places: range) -> None:
        self._whole, self._places = whole, places

    def __len__(self) -> int:
        return len(self._places)

    def _at(self, index: int) -> T:
        return self._whole[self._places[index]]


class Spool(_Stored[T]):
    """A list of values in a file under `folder`, by default where the system keeps such files
    (`TMPDIR`), 8 bytes of memory each. Raises `DatasetError` when the disk is full.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or Path(tempfile.gettempdir())
        make_folder(self._folder)
        try:
            self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115
        except OSError as error:
            raise write_error(self._folder, error) from error
        self._starts = array("Q")
        self._close = weakref.finalize(self, _close, self._file)

    def append(self, value: T) -> None:
        """Puts a value aside, after those that are there."""
        try:
            start = self._file.seek(0, 2)
            pickle.dump(value, self._file, pickle.HIGHEST_PROTOCOL)
        except OSError as error:
            raise write_error(self._folder, error) from error
        self._starts.append(start)

    def __len__(self) -> int:
        return len(self._starts)

    def _at(self, index: int) -> T:
        try:
            # Seeking writes what is buffered, so a full disk may show here.
            self._file.seek(self._starts[index])
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
        self._close()


def _close(file: IO[bytes]) -> None:
    # Closing writes what is buffered; on a full disk that fails, and nobody needs it.
    with suppress(OSError):
        file.close()
