"""Datasets of the Hub, read from local folders: columns are renamed, other formats parsed."""

from __future__ import annotations

import gzip
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


ASKED = {"text": "question", "gold_answer": "answer"}


def hub_answers(folder: Path, columns: dict[str, str] = ASKED, **options: object) -> list[object]:
    """Gold answers of a folder's split, of a record that was rejected the reason."""
    read = read_hub(str(folder), columns, cache_dir=folder.parent / "cache", **options)
    return [x.gold_answer if isinstance(x, Problem) else x.reason for x in read]


def write(folder: Path, **files: str) -> Path:
    """A folder of files; two underscores of a name stand for its dot."""
    folder.mkdir()
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content)
    return folder


def lines(*written: str) -> str:
    return "".join(f'{{"question": "Q{n}?", "answer": {a}}}\n' for n, a in enumerate(written))


def test_numbers_of_json_keep_their_digits_beside_texts_and_truth_values(tmp_path: Path) -> None:
    written = ["3.14159265358979323846", '"x+1"', "9007199254740993", "2.50", "true", "1e-12"]
    folder = write(tmp_path / "d", train__jsonl=lines(*written))
    assert hub_answers(folder) == [
        "3.14159265358979323846", "x+1", "9007199254740993", "2.50", "true", "1e-12"
    ]  # fmt: skip


def test_files_of_one_split_may_say_answers_in_other_types(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "d",
        a__jsonl=lines("7"),
        b__jsonl=lines('"2024-03-01"').replace("Q0", "B"),
        c__jsonl=lines("[1, 2]").replace("Q0", "C"),
    )
    assert hub_answers(folder) == ["7", "2024-03-01", "gold_answer is a list of 2, not one text"]


def test_an_array_and_a_field_of_json_are_read(tmp_path: Path) -> None:
    array = "[" + lines("1.10", "007e0".removeprefix("00")).strip().replace("\n", ",\n") + "]"
    assert hub_answers(write(tmp_path / "a", train__json=array)) == ["1.10", "7e0"]
    card = "---\nconfigs:\n- config_name: default\n  data_files: train.json\n  field: rows\n---\n"
    folder = write(tmp_path / "f", train__json=f'{{"rows": {array}}}', README__md=card)
    assert hub_answers(folder) == ["1.10", "7e0"]


def test_cells_of_csv_are_texts(tmp_path: Path) -> None:
    table = 'question,answer\nA?,007\nB?,NA\n"C, c?",1e5\nD?,True\nE?,\nF?,1,2\nG?,"1,2"\n'
    assert hub_answers(write(tmp_path / "d", train__csv=table)) == [
        "007", "NA", "1e5", "True", "no answer and no tests", "the line has 3 cells, not 2", "1,2"
    ]  # fmt: skip
    assert hub_answers(write(tmp_path / "t", train__tsv="question\tanswer\nA?\t0.10\n")) == ["0.10"]


def test_packed_files_are_read_as_they_stand(tmp_path: Path) -> None:
    folder = write(tmp_path / "d")
    (folder / "train.jsonl.gz").write_bytes(gzip.compress(lines("0.10").encode()))
    assert hub_answers(folder) == ["0.10"]


def test_types_of_parquet_and_of_saved_datasets_stay(tmp_path: Path) -> None:
    table = {"question": ["A?", "B?"], "answer": pa.array([0.1, 2.5], pa.float32())}
    folder = write(tmp_path / "d")
    pq.write_table(pa.table(table), folder / "train.parquet")
    assert hub_answers(folder) == ["0.1", "2.5"]
    datasets.Dataset(pa.table(table)).save_to_disk(tmp_path / "s")
    assert hub_answers(tmp_path / "s") == ["0.1", "2.5"]


@pytest.mark.parametrize(
    ("split", "read"),
    [
        ("train", ["0", "1", "2", "3"]),
        ("train[1:3]", ["1", "2"]),
        ("train[:25%]+test", ["0", "8"]),
        ("all", ["0", "1", "2", "3", "8"]),
    ],
)
def test_parts_of_splits(tmp_path: Path, split: str, read: list[str]) -> None:
    folder = write(
        tmp_path / "d",
        train__jsonl=lines("0", "1", "2", "3"),
        test__jsonl=lines("8").replace("Q0", "T"),
    )
    assert hub_answers(folder, split=split) == read


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({"train__jsonl": '{"question": "A?", "answer": 007}\n'},
         "train.jsonl:1: not JSON (Expecting ',' delimiter: line 1 column 31 (char 30)); mend it"),
        ({"train__csv": "question,answer,answer\nA?,1,2\n"},
         "train.csv: column 'answer' stands there twice; rename one of them"),
        ({"train__csv": 'question,answer\nA?,"1"2\n'},
         """train.csv:2: not CSV (',' expected after '"'); mend it"""),
        ({"train__parquet": "no Parquet"}, "train.parquet: cannot be read as Parquet"),
    ],
)  # fmt: skip
def test_the_cause_of_a_failure_is_told(
    tmp_path: Path, files: dict[str, str], complaint: str
) -> None:
    folder = write(tmp_path / "d", **files)
    with pytest.raises(DataError) as caught:
        hub_answers(folder)
    assert complaint in str(caught.value)


def test_a_column_that_some_rows_lack_is_no_mistake(tmp_path: Path) -> None:
    late = '{"question": "A?"}\n{"question": "B?", "answer": 2}\n'
    assert hub_answers(write(tmp_path / "d", train__jsonl=late)) == ["no answer and no tests", "2"]


def test_a_configuration_of_a_folder_is_named_and_its_separator_kept(tmp_path: Path) -> None:
    card = (
        "---\nconfigs:\n- config_name: one\n  data_files: one.csv\n  sep: ';'\n"
        "- config_name: two\n  data_files: two.csv\n---\n"
    )
    table = "question;answer\nA?;0,50\n"
    folder = write(
        tmp_path / "d", README__md=card, one__csv=table, two__csv="question,answer\nA?,1.10\n"
    )
    assert hub_answers(folder, name="one") == ["0,50"]
    assert hub_answers(folder, name="two") == ["1.10"]
    with pytest.raises(DataError, match=r"Config name is missing\. Please pick one among .*'one'"):
        hub_answers(folder)


def test_what_a_card_says_of_types_changes_no_digit(tmp_path: Path) -> None:
    card = (
        "---\ndataset_info:\n  features:\n  - name: question\n    dtype: string\n"
        "  - name: answer\n    dtype: int64\n---\n"
    )
    folder = write(tmp_path / "d", README__md=card, train__jsonl=lines("7.50"))
    assert hub_answers(folder) == ["7.50"]


def test_an_option_of_a_card_that_changes_what_stands_in_the_file_is_refused(
    tmp_path: Path,
) -> None:
    card = "---\nconfigs:\n- config_name: default\n  data_files: t.csv\n  thousands: ','\n---\n"
    folder = write(tmp_path / "d", README__md=card, t__csv='question,answer\nA?,"1,5"\n')
    with pytest.raises(DataError, match="the card sets 'thousands', which changes what the file"):
        hub_answers(folder)


def test_files_of_another_kind_are_told(tmp_path: Path) -> None:
    files = {"a__jsonl": lines("1"), "b__csv": "question,answer\nB?,2\n"}
    assert hub_answers(write(tmp_path / "d", **files)) == [
        "1",
        "b.csv is not read: the others are json, and it is not",
    ]
