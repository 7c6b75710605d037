"""Plain files: what is written comes back, and a misspelt column is an error."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labeler.errors import DataError
from labeler.problems.plain import read_plain, write_problems
from labeler.records import Domain, Problem, Rejection, Source, short_hash

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
filled = texts.filter(str.strip)
text_lists = st.lists(texts, max_size=3).map(tuple)
problems = st.builds(
    Problem,
    problem_id=filled,
    domain=st.sampled_from(Domain),
    text=filled,
    gold_answer=st.none() | texts,
    reference_solution=text_lists,
    tests=st.lists(texts, min_size=1, max_size=3).map(tuple),
    context=text_lists,
    source=st.builds(Source, texts, texts, texts, texts),
)
sets = st.lists(problems, min_size=1, max_size=4, unique_by=lambda problem: problem.problem_id)


@pytest.mark.parametrize("ending", [".jsonl", ".parquet"])
@given(written=sets)
@settings(deadline=None, max_examples=40)
def test_written_problems_come_back(ending: str, written: list[Problem]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"problems{ending}"
        assert write_problems(path, written) == len(written)
        assert list(read_plain(path)) == written
        assert [file.name for file in Path(folder).iterdir()] == [path.name]


def test_columns_that_may_be_missing(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text(
        '{"text": "1+1?", "gold_answer": 2}\n'
        '{"text": "def f", "tests": "assert f() == 1", "domain": "code", "problem_id": 7}\n'
        '{"text": "Q?", "gold_answer": null}\n'
        '{"text": "Q?", "gold_answer": "1", "context": [1]}\n'
        '{"text": "Q?", "gold_answer": "1", "source": {"licens": "mit"}}\n'
        '{"text": "Q?", "gold_answer": "1", "source": {"licence": 5}}\n'
        '{"text": "Q?", "gold_answer": "1", "source": 5}\n'
        '{"text": "Q?", "tests": ""}\n'
    )
    source = Source("mine", "r1")
    assert list(read_plain(path, source)) == [
        Problem(short_hash("1+1?"), "math", "1+1?", "2", source=source),
        Problem("7", "code", "def f", None, tests=("assert f() == 1",), source=source),
        Rejection("read", f"{path}:3", "no answer and no tests"),
        Rejection("read", f"{path}:4", "context is not a list of texts"),
        Rejection("read", f"{path}:5", "source is not {dataset, revision, split, licence}"),
        Rejection("read", f"{path}:6", "source is not {dataset, revision, split, licence}"),
        Rejection("read", f"{path}:7", "source is not {dataset, revision, split, licence}"),
        Rejection("read", f"{path}:8", "no answer and no tests"),
    ]


def test_an_unknown_column_is_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["Q?"], "gold": ["1"]}), tmp_path / "p.parquet")
    with pytest.raises(
        DataError, match=r"p\.parquet:1: unknown column 'gold'; columns are problem_"
    ):
        list(read_plain(tmp_path / "p.parquet"))


def test_files_that_cannot_be_problems(tmp_path: Path) -> None:
    (tmp_path / "p.parquet").write_text("no Parquet")
    with pytest.raises(DataError, match=r"p\.parquet: cannot be read as Parquet"):
        list(read_plain(tmp_path / "p.parquet"))
    with pytest.raises(
        DataError, match=r"p\.csv: unknown ending '\.csv'; use \.jsonl or \.parquet"
    ):
        list(read_plain(tmp_path / "p.csv"))


def test_a_writer_that_fails_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be written"):
        write_problems(tmp_path / "missing" / "p.jsonl", [])
    with pytest.raises(UnicodeEncodeError):
        write_problems(tmp_path / "p.jsonl", [Problem("q", "math", "\ud83d", "1")])
    assert list(tmp_path.iterdir()) == []
