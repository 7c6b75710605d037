"""Datasets of the Hub, read from local folders: columns are renamed, other formats parsed."""

from __future__ import annotations

from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from labeler.errors import DataError
from labeler.problems.gsm8k import parse_gsm8k
from labeler.problems.hub import read_hub
from labeler.records import Problem, Rejection, Source, short_hash

TABLE = {
    "question": ["1+1?", "2+2?", ""],
    "answer": ["Add. #### 2", "Add. #### 4", "#### 0"],
    "facts": [["one", "two"], [], []],
}
COLUMNS = {"text": "question", "gold_answer": "answer", "context": "facts"}


def parquet_folder(folder: Path) -> Path:
    folder.mkdir()
    pq.write_table(pa.table(TABLE), folder / "train.parquet")
    return folder


def saved_dataset(folder: Path) -> Path:
    datasets.Dataset.from_dict(TABLE).save_to_disk(folder)
    return folder


def saved_splits(folder: Path) -> Path:
    datasets.DatasetDict(train=datasets.Dataset.from_dict(TABLE)).save_to_disk(folder)
    return folder


@pytest.mark.parametrize("make", [parquet_folder, saved_dataset, saved_splits])
def test_a_local_folder_is_read_by_a_column_mapping(make, tmp_path: Path) -> None:
    folder = make(tmp_path / "toy")
    read = list(read_hub(str(folder), COLUMNS, licence="mit", cache_dir=tmp_path / "cache"))
    revision = read[0].source.revision if isinstance(read[0], Problem) else ""
    source = Source("toy", revision, "train", "mit")
    assert revision.startswith("sha256:")
    assert read == [
        Problem(short_hash("1+1?"), "math", "1+1?", "Add. #### 2", (), (), ("one", "two"), source),
        Problem(short_hash("2+2?"), "math", "2+2?", "Add. #### 4", source=source),
        Rejection("read", f"{folder}:3", "no problem text"),
    ]


def test_another_formats_parser_reads_its_own_columns(tmp_path: Path) -> None:
    columns = {"question": "question", "answer": "answer"}
    read = read_hub(str(saved_dataset(tmp_path / "toy")), columns, parse=parse_gsm8k)
    answers = [item.gold_answer for item in read if isinstance(item, Problem)]
    assert answers == ["2", "4"]


def test_the_revision_follows_the_content(tmp_path: Path) -> None:
    folder = parquet_folder(tmp_path / "toy")

    def revision() -> str:
        read = next(read_hub(str(folder), COLUMNS, cache_dir=tmp_path / "cache"))
        assert isinstance(read, Problem)
        return read.source.revision

    before = revision()
    assert revision() == before
    pq.write_table(pa.table(TABLE | {"answer": ["3", "4", "5"]}), folder / "train.parquet")
    assert revision() != before


def test_wrong_names_are_told_with_the_right_ones(tmp_path: Path) -> None:
    folder = str(saved_splits(tmp_path / "toy"))
    with pytest.raises(
        DataError, match="has no column 'q'; its columns are question, answer, facts"
    ):
        read_hub(folder, {"text": "q"})
    with pytest.raises(DataError, match="has no split 'test'; it has train"):
        read_hub(folder, COLUMNS, split="test")
    with pytest.raises(DataError, match="unknown column 'prompt'; columns are problem_id, domain"):
        list(read_hub(folder, {"prompt": "question"}))
    with pytest.raises(DataError, match="split 'test' cannot be read"):
        read_hub(str(parquet_folder(tmp_path / "p")), COLUMNS, split="test", cache_dir=tmp_path)


def test_without_network_and_revision_a_name_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(DataError, match="some/set: offline and no revision given; state one"):
        read_hub("some/set", COLUMNS)
    with pytest.raises(DataError, match="some/set: split 'train' cannot be read"):
        read_hub("some/set", COLUMNS, revision="abc")
