"""Reads any dataset of the Hugging Face Hub, or a local folder of one.

`columns` says which column holds which field of `Problem`, e.g. {"text": "question"}; `parse` may
be the parser of another format (GSM8K as published there), with that format's names as fields.
`datasets` finds the files of a split; JSON, CSV and Parquet are then read as they stand
(`hub_files`), other kinds, and datasets that were saved to disk, with their types in Arrow. The
revision in `Source` is the commit that was read, for a local folder a hash of its files. Without a
network, cached datasets work when the revision is given.
Source: huggingface.co/docs/datasets, `load_dataset_builder`, `load_from_disk`, `ReadInstruction`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from labeler.errors import DataError
from labeler.problems.arrow import rows_of
from labeler.problems.base import Parse, content_revision, parse_columns, problems
from labeler.problems.hub_files import READERS, ROWS_PER_BATCH, Rows
from labeler.problems.written import Faulty
from labeler.records import Problem, Rejection, Source

TABLES = (".csv", ".tsv", ".jsonl", ".parquet")
LONGEST_REASON = 300


def read_hub(
    dataset: str,
    columns: Mapping[str, str],
    *,
    split: str = "train",
    name: str | None = None,
    revision: str | None = None,
    licence: str = "",
    parse: Parse = parse_columns,
    cache_dir: Path | None = None,
) -> Iterator[Problem | Rejection]:
    """Problems of one split, lazily; `name` is the configuration, where the dataset has several."""
    rows, known = hub_rows(dataset, split, name, revision, cache_dir)
    _has_columns(dataset, rows(), columns)
    folder = Path(dataset)
    source = Source(folder.name if folder.is_dir() else dataset, known, split, licence)
    records = (
        (f"{dataset}:{number}", _renamed(row, columns))
        for number, row in enumerate(rows(), start=1)
    )
    return problems(dataset, records, parse, source)


def hub_rows(
    dataset: str,
    split: str,
    name: str | None,
    revision: str | None,
    cache_dir: Path | None = None,
) -> tuple[Callable[[], Rows], str]:
    """The rows of a split, from the beginning each time it is called, and the revision."""
    folder = Path(dataset)
    cache = None if cache_dir is None else str(cache_dir)
    known = content_revision(folder) if folder.is_dir() else _commit(dataset, revision)
    saved = _saved(folder, split) if folder.is_dir() else None
    if saved is not None:
        rows = _table_rows(saved)
    else:
        at = {"name": name} if folder.is_dir() else {"name": name, "revision": known}
        rows = _file_rows(dataset, split, cache, at)
    return lambda: _told(dataset, split, rows), known


def _renamed(row: Any, columns: Mapping[str, str]) -> Any:
    """The row under the fields' names; what is no row is left to be rejected."""
    if not isinstance(row, Mapping):
        return row
    return {field: row.get(column) for field, column in columns.items()}


def _told(dataset: str, split: str, rows: Callable[[], Rows]) -> Rows:
    with _explained(dataset, split):
        yield from rows()


def _has_columns(dataset: str, rows: Rows, columns: Mapping[str, str]) -> None:
    """Refuses columns that no row has; rows of JSON may lack some."""
    have: dict[str, None] = {}
    for row in rows:
        if isinstance(row, Mapping):
            have |= dict.fromkeys(row)
            if have.keys() >= set(columns.values()):
                return
    missing = sorted(set(columns.values()) - have.keys())
    if have and missing:
        raise DataError(
            f"{dataset}: has no column {missing[0]!r}; its columns are {', '.join(have)}"
        )


def _saved(folder: Path, split: str) -> Any:
    """A dataset that was saved to disk, None where the folder is another."""
    from datasets import load_from_disk

    if (folder / "dataset_dict.json").is_file():
        splits = load_from_disk(str(folder))
        if split not in splits:
            raise DataError(f"{folder}: has no split {split!r}; it has {', '.join(splits)}")
        return splits[split]
    return load_from_disk(str(folder)) if (folder / "state.json").is_file() else None


def _table_rows(table: Any) -> Callable[[], Rows]:
    def rows() -> Rows:
        for part in table.with_format("arrow").iter(ROWS_PER_BATCH):
            for batch in part.to_batches():
                yield from rows_of(batch)

    return rows


def _file_rows(
    dataset: str, split: str, cache: str | None, at: Mapping[str, Any]
) -> Callable[[], Rows]:
    """The rows of a split's files, in their order."""
    from datasets import load_dataset, load_dataset_builder

    with _explained(dataset, split):
        builder = load_dataset_builder(dataset, cache_dir=cache, **at)
        config = builder.config
        read = READERS.get(builder.name)
        if read is None or not config.data_files:
            return _table_rows(load_dataset(dataset, split=split, cache_dir=cache, **at))
        files = {str(name): list(found) for name, found in config.data_files.items()}

        def whole(name: str) -> Rows:
            for file in files[name]:
                for here in _fetched(str(file), cache):
                    yield from read(here, config)

        left = _not_read(Path(dataset), files, builder.name)
        portions = _portions(split, files, lambda name: sum(1 for _ in whole(name)))

    def rows() -> Rows:
        for name, start, end in portions:
            yield from islice(whole(name), start, end)
        yield from left

    return rows


def _not_read(folder: Path, known: Mapping[str, list[str]], kind: str) -> list[Faulty]:
    """Files of a local folder that `datasets` passes over, because most are of another kind."""
    card = folder / "README.md"
    if card.is_file() and "data_files" in card.read_text("utf-8", "replace"):
        # Its author says which files belong to it.
        return []
    read = {Path(file).resolve() for files in known.values() for file in files}
    beside = sorted(file for ending in TABLES for file in folder.rglob(f"*{ending}"))
    return [
        Faulty(f"{file.relative_to(folder)} is not read: the others are {kind}, and it is not")
        for file in beside
        if file.suffix not in {one.suffix for one in read} and file.is_file()
    ]


def _portions(
    split: str, known: Mapping[str, Any], count: Callable[[str], int]
) -> list[tuple[str, int, int | None]]:
    """Which rows of which splits `split` means: a name, or as "train[:100]+test" (`datasets`)."""
    from datasets import ReadInstruction

    if split in known:
        return [(split, 0, None)]
    if split == "all":
        return [(name, 0, None) for name in known]
    meant = ReadInstruction.from_spec(split)
    names = {one.splitname for one in meant._relative_instructions}
    if unknown := sorted(names - known.keys()):
        raise ValueError(f"it has no {unknown[0]!r}; its splits are {', '.join(known)}")
    found = meant.to_absolute({name: count(name) for name in names})
    return [(one.splitname, one.from_ or 0, one.to) for one in found]


def _fetched(file: str, cache: str | None) -> list[Path]:
    """The file on this machine, unpacked; several where it is an archive."""
    from datasets import DownloadConfig, DownloadManager

    manager = DownloadManager(download_config=DownloadConfig(cache_dir=cache))
    return [Path(one) for one in manager.iter_files(manager.download_and_extract(file))]


@contextmanager
def _explained(dataset: str, split: str) -> Iterator[None]:
    """Errors of `datasets`, by their first cause: it wraps them in ones that say nothing."""
    from datasets.exceptions import DatasetsError

    try:
        yield
    except (OSError, ValueError, DatasetsError) as error:
        raise DataError(f"{dataset}: split {split!r} cannot be read ({_cause(error)})") from error


def _commit(dataset: str, revision: str | None) -> str:
    """The commit a name stands for, so that the same problems can be read again."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import OfflineModeIsEnabled

    try:
        return HfApi().dataset_info(dataset, revision=revision).sha or ""
    except OfflineModeIsEnabled as error:
        if revision is not None:
            return revision
        raise DataError(f"{dataset}: offline and no revision given; state one") from error
    except (OSError, ValueError) as error:
        raise DataError(
            f"{dataset}: not found on the Hub ({_cause(error)}); check the name"
        ) from error


def _cause(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return " ".join(str(error).split())[:LONGEST_REASON] or type(error).__name__
