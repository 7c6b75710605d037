"""Where a dataset lies: a folder on this machine, or a prefix in an object store (`bucket`).

Everything about a dataset that touches files goes through a `DatasetStorage`, so that no other
module asks which kind it is. Parquet files are written and read in its `local` folder, which is the
dataset itself for a folder, and a cache for a bucket; small documents (tags, entries of the log,
lists of problems) are read and written by name.

Does not cover what a run keeps for itself (journal, staged shards): that stays on this machine.
Source: link(2), which fails where the name exists.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from labeler.dataset.bucket import SCHEME, Bucket
from labeler.errors import DatasetError
from labeler.files import (
    NOT_FOR_DELTA,
    make_folder,
    not_allowed,
    not_for_delta,
    shown,
    whole_file,
    write_error,
)

Location = Path | Bucket
"""How a dataset is named: the path of a folder, or an address such as s3://bucket/prefix."""


class DatasetStorage(Protocol):
    """What a dataset needs of what it lies in. Names are relative, with slashes."""

    @property
    def uri(self) -> str:
        """As Delta Lake names it."""
        ...

    @property
    def name(self) -> str:
        """Its last part, for titles."""
        ...

    @property
    def options(self) -> dict[str, str] | None:
        """What Delta Lake must be told to reach it."""
        ...

    @property
    def local(self) -> Path:
        """The folder on this machine that its files are written to and read from."""
        ...

    def explained(self, error: OSError) -> DatasetError:
        """Why Delta Lake could not read it, in one line with its remedy."""
        ...

    @property
    def commit_retries(self) -> int | None:
        """How often Delta may try again behind a competing commit; None for its own default."""
        ...

    def unique(self) -> str:
        """Set into the names of new data files, so that two committers cannot write the same."""
        ...

    def publish(self, file: Path) -> None:
        """Takes a new data file, written to `local`, into the dataset."""
        ...

    def fetched(self, name: str) -> Path:
        """A data file, to be read on this machine."""
        ...

    def identity(self, name: str, n_bytes: int) -> str:
        """Tells the content of a data file from any other under its name, without reading it.

        `n_bytes` is its size as the log has it.
        """
        ...

    def discard(self, file: Path) -> None:
        """Removes a data file that the log does not name."""
        ...

    def read(self, name: str) -> bytes | None:
        """A document, None where there is none."""
        ...

    def write(self, name: str, content: bytes | Iterator[bytes]) -> None:
        """A document, whole or not at all, in the place of one that may stand."""
        ...

    def create(self, name: str, content: bytes) -> bool:
        """A document, whole or not at all; False, and nothing done, where one stands."""
        ...

    def names(self, folder: str) -> list[str]:
        """The documents in a folder, sorted, without its name."""
        ...


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder on a local disk."""

    path: Path

    @property
    def uri(self) -> str:
        return str(self.path)

    @property
    def name(self) -> str:
        return self.path.resolve().name

    @property
    def options(self) -> None:
        return None

    @property
    def local(self) -> Path:
        return self.path

    def explained(self, error: OSError) -> DatasetError:
        """Delta Lake tells the reason in its text alone, so the folder is asked again."""
        log = self.path / "_delta_log"
        try:
            for folder in (self.path, log):
                list(folder.iterdir())
            for entry in log.glob("*.json"):
                entry.open("rb").close()
        except NotADirectoryError as found:
            return DatasetError(f"{found.filename}: is a file; name the dataset's folder")
        except PermissionError as found:
            return not_allowed(Path(found.filename))
        except OSError as found:
            return DatasetError(f"{found.filename}: cannot be read ({found.strerror})")
        return DatasetError(f"{self.path}: cannot be read ({str(error).splitlines()[0]})")

    @property
    def commit_retries(self) -> None:
        return None

    def unique(self) -> str:
        return ""

    def publish(self, file: Path) -> None:
        """It is there already."""

    def fetched(self, name: str) -> Path:
        return self.path / name

    def identity(self, name: str, n_bytes: int) -> str:
        """Size and time as they are, so a file that was damaged later is another."""
        try:
            stat = (self.path / name).stat()
        except OSError as error:
            raise DatasetError(
                f"{self.path / name}: missing or damaged; restore it from a copy"
            ) from error
        return f"{stat.st_size} {stat.st_mtime_ns}"

    def discard(self, file: Path) -> None:
        file.unlink(missing_ok=True)

    def read(self, name: str) -> bytes | None:
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DatasetError(f"cannot read {self.path / name}: {error.strerror}") from error

    def write(self, name: str, content: bytes | Iterator[bytes]) -> None:
        make_folder((self.path / name).parent)
        with whole_file(self.path / name) as file:
            file.writelines([content] if isinstance(content, bytes) else content)

    def create(self, name: str, content: bytes) -> bool:
        file = self.path / name
        draft = file.with_name(f".{file.name}.{os.getpid()}.draft")
        make_folder(file.parent)
        with whole_file(draft) as output:
            output.write(content)
        try:
            os.link(draft, file)
        except FileExistsError:
            return False
        except OSError as error:
            raise write_error(file, error) from error
        finally:
            draft.unlink(missing_ok=True)
        return True

    def names(self, folder: str) -> list[str]:
        inside = self.path / folder
        try:
            return sorted(file.name for file in inside.glob("[!.]*") if file.is_file())
        except PermissionError as error:
            raise not_allowed(self.path) from error


def located(given: str | Location) -> Location:
    """What a user named: an address where it is one, else a path.

    Raises `DatasetError` for an address of another kind than s3://bucket/prefix, for no name, and
    for a path that Delta Lake would not take for what it is.
    """
    if isinstance(given, Bucket):
        return given
    text = str(given)
    if not text:
        # A path would take it for the current folder, where nobody asked for a dataset.
        raise DatasetError(
            "a dataset has an empty name; name a local folder, or s3://bucket/prefix"
        )
    if text.startswith("s3:/") and not text.startswith(SCHEME):
        # A path that was made from an address has lost a slash.
        text = SCHEME + text.removeprefix("s3:/")
    if "://" not in text:
        if (wrong := not_for_delta(Path(text))) is not None:
            raise DatasetError(
                f"{shown(text)}: no dataset can lie there, because of {wrong}; name another folder"
            )
        return Path(given)
    bucket, _, prefix = text.removeprefix(SCHEME).strip("/").partition("/")
    if not text.startswith(SCHEME) or not bucket or not prefix:
        raise DatasetError(f"{shown(text)}: a dataset is a local folder, or s3://bucket/prefix")
    if (found := NOT_FOR_DELTA.search(text)) is not None:
        raise DatasetError(
            f"{shown(text)}: no dataset can lie there, because of {found[0]!a}; name another prefix"
        )
    return Bucket(f"{SCHEME}{bucket}/{prefix}")


def storage_of(given: str | Location) -> DatasetStorage:
    """What lies behind a location."""
    found = located(given)
    return found if isinstance(found, Bucket) else Folder(found)
