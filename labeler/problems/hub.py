"""Reads any dataset of the Hugging Face Hub, or a local folder of one, through `datasets`.

`columns` says which column holds which field of `Problem`, e.g. {"text": "question"}; `parse` may
be the parser of another format (GSM8K as published there), with that format's names as fields.
The revision in `Source` is the commit that was read, for a local folder a hash of its files.
Without a network, cached datasets work when the revision is given.
Source: huggingface.co/docs/datasets, `load_dataset` and `load_from_disk`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from labeler.errors import DataError
from labeler.problems.base import Parse, content_revision, parse_columns, problems
from labeler.records import Problem, Rejection, Source


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
    folder = Path(dataset)
    if folder.is_dir():
        known = content_revision(folder)
        table = _local(folder, split, cache_dir)
    else:
        known = _commit(dataset, revision)
        table = _load(dataset, split, name=name, revision=known, cache_dir=_text(cache_dir))
    missing = sorted(set(columns.values()) - set(table.column_names))
    if missing:
        have = ", ".join(table.column_names)
        raise DataError(f"{dataset}: has no column {missing[0]!r}; its columns are {have}")
    source = Source(folder.name if folder.is_dir() else dataset, known, split, licence)
    records = (
        (f"{dataset}:{number}", {field: record[column] for field, column in columns.items()})
        for number, record in enumerate(table, start=1)
    )
    return problems(dataset, records, parse, source)


def _local(folder: Path, split: str, cache_dir: Path | None) -> Any:
    from datasets import load_from_disk

    if (folder / "dataset_dict.json").is_file():
        splits = load_from_disk(str(folder))
        if split not in splits:
            raise DataError(f"{folder}: has no split {split!r}; it has {', '.join(splits)}")
        return splits[split]
    if (folder / "state.json").is_file():
        return load_from_disk(str(folder))
    return _load(str(folder), split, cache_dir=_text(cache_dir))


def _load(dataset: str, split: str, **options: Any) -> Any:
    from datasets import load_dataset
    from datasets.exceptions import DatasetsError

    try:
        return load_dataset(dataset, split=split, **options)
    except (OSError, ValueError, DatasetsError) as error:
        raise DataError(f"{dataset}: split {split!r} cannot be read ({_line(error)})") from error


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
            f"{dataset}: not found on the Hub ({_line(error)}); check the name"
        ) from error


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
