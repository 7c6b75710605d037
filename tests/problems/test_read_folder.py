"""A place that grows: a folder of files, or a Delta table."""

import json

import polars as pl
import pytest
from deltalake import write_deltalake

from labeler.errors import DataError
from labeler.problems.folder import read_place
from labeler.problems.plain import read_plain
from labeler.records import Rejection


def write(path, *names):
    path.parent.mkdir(parents=True, exist_ok=True)
    records = [{"problem_id": name, "text": f"{name}?", "gold_answer": "1"} for name in names]
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def ids(place):
    return [getattr(found, "problem_id", None) for found in read_place(place, read_plain)]


def test_files_are_read_by_name_subfolders_too_and_hidden_ones_are_not(tmp_path):
    write(tmp_path / "b.jsonl", "b")
    write(tmp_path / "a" / "x.jsonl", "a1", "a2")
    write(tmp_path / ".half-written.jsonl", "hidden")
    write(tmp_path / "_done" / "old.jsonl", "hidden too")
    (tmp_path / "notes.txt").write_text("no problem")
    assert ids(tmp_path) == ["a1", "a2", "b"]


def test_a_file_is_itself_and_an_empty_folder_holds_nothing(tmp_path):
    write(tmp_path / "one.jsonl", "one")
    (tmp_path / "empty").mkdir()
    assert ids(tmp_path / "one.jsonl") == ["one"]
    assert ids(tmp_path / "empty") == []


def test_an_id_that_another_file_used_is_rejected(tmp_path):
    write(tmp_path / "a.jsonl", "same")
    write(tmp_path / "b.jsonl", "same", "other")
    first, second, third = read_place(tmp_path, read_plain)
    assert (first.problem_id, third.problem_id) == ("same", "other")
    assert second == Rejection(
        "read",
        str(tmp_path / "b.jsonl"),
        f"problem_id same is already used in {tmp_path / 'a.jsonl'}",
    )


def test_a_delta_table_is_read_with_its_version_as_revision(tmp_path):
    table = pl.DataFrame({"problem_id": ["p"], "text": ["1 + 1?"], "gold_answer": ["2"]})
    write_deltalake(str(tmp_path / "t"), table.to_arrow())
    write_deltalake(str(tmp_path / "t"), table.with_columns(problem_id=pl.lit("q")).to_arrow(),
                    mode="append")  # fmt: skip
    found = {problem.problem_id: problem for problem in read_place(tmp_path / "t", read_plain)}
    assert set(found) == {"p", "q"}
    assert (found["p"].source.dataset, found["p"].source.revision) == ("t", "delta:1")


def test_a_broken_delta_table_is_one_line(tmp_path):
    (tmp_path / "t" / "_delta_log").mkdir(parents=True)
    with pytest.raises(DataError, match="t: cannot be read as a Delta table"):
        list(read_place(tmp_path / "t", read_plain))
