"""GSM8K lines become problems; a bad record is a rejection, a bad line stops the reading."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from labeler.errors import DataError
from labeler.problems.gsm8k import read_gsm8k
from labeler.records import Problem, Rejection, Source, short_hash

SHARED = Path(os.environ.get("LABELER_SHARED_DATA", "../shared/data")) / "gsm8k"
SOURCE = Source("gsm8k", "r1", "train", "mit")


def written(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "train.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def record(**columns: object) -> str:
    return json.dumps(columns)


GOOD = record(
    question="How much is 500 times 4? ",
    answer="It is 500*4 = $<<500*4=2000>>2000.\n\nSo $2000.\n#### 2,000",
)


def test_answer_calculator_marks_and_lines(tmp_path: Path) -> None:
    assert list(read_gsm8k(written(tmp_path, GOOD), SOURCE)) == [
        Problem(
            problem_id=short_hash("How much is 500 times 4?"),
            domain="math",
            text="How much is 500 times 4?",
            gold_answer="2000",
            reference_solution=("It is 500*4 = $2000.", "So $2000."),
            source=SOURCE,
        )
    ]


def test_a_bad_record_is_rejected_with_its_place_and_reading_goes_on(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        record(question="Q?", answer="no mark"),
        record(question=" ", answer="#### 1"),
        record(question="Q?", answer="#### "),
        "[1, 2]",
        "",
        GOOD,
        GOOD,
        record(question="half an emoji \ud83d", answer="#### 1"),
    )
    read = list(read_gsm8k(path, SOURCE))
    first = short_hash("How much is 500 times 4?")
    assert [item for item in read if isinstance(item, Rejection)] == [
        Rejection("read", f"{path}:1", "no answer after ####"),
        Rejection("read", f"{path}:2", "no problem text"),
        Rejection("read", f"{path}:3", "no answer and no tests"),
        Rejection("read", f"{path}:4", "not a JSON object"),
        Rejection("read", f"{path}:7", f"problem_id {first} is already used by {path}:6"),
        Rejection("read", f"{path}:8", "text is not valid Unicode"),
    ]
    assert [item.problem_id for item in read if isinstance(item, Problem)] == [first]


@pytest.mark.parametrize("line", ["{'question': 1}", '{"question": NaN}', '{"question": "cut o'])
def test_a_line_that_is_not_json_stops_the_reading(tmp_path: Path, line: str) -> None:
    path = written(tmp_path, GOOD, line)
    with pytest.raises(DataError, match=r":2: not JSON \(.*\); mend or delete the line"):
        list(read_gsm8k(path, SOURCE))


def test_a_line_that_is_not_utf8_stops_the_reading(tmp_path: Path) -> None:
    path = tmp_path / "latin.jsonl"
    path.write_bytes('{"question": "café"}'.encode("latin-1"))
    with pytest.raises(DataError, match=r"latin\.jsonl:1: not JSON"):
        list(read_gsm8k(path, SOURCE))


def test_a_set_without_problems_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no problem in it \(it is empty\); check the file"):
        list(read_gsm8k(written(tmp_path, ""), SOURCE))
    with pytest.raises(DataError, match=r"no problem in it \(last record: no answer after ####\)"):
        list(read_gsm8k(written(tmp_path, record(question="Q?")), SOURCE))
    with pytest.raises(DataError, match=r"gone\.jsonl: cannot be read \(No such file"):
        list(read_gsm8k(tmp_path / "gone.jsonl"))


def test_reading_is_lazy(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD, "not JSON")
    assert isinstance(next(read_gsm8k(path)), Problem)


def test_the_source_names_the_file_by_its_content_and_no_licence(tmp_path: Path) -> None:
    problem = next(read_gsm8k(written(tmp_path, GOOD)))
    assert isinstance(problem, Problem)
    assert problem.source == Source("gsm8k", "sha256:" + problem.source.revision[-16:], "train", "")


@pytest.mark.skipif(not SHARED.is_dir(), reason="LABELER_SHARED_DATA has no gsm8k")
@pytest.mark.parametrize(("name", "count"), [("train", 7473), ("test", 1319)])
def test_the_published_files_are_read_whole(name: str, count: int) -> None:
    read = list(read_gsm8k(SHARED / f"{name}.jsonl"))
    problems = [item for item in read if isinstance(item, Problem)]
    assert (len(read), len(problems)) == (count, count)
    assert all(float(problem.gold_answer or "nan") == float(problem.gold_answer or 0)
               for problem in problems)  # fmt: skip
    assert not any("<<" in step for problem in problems for step in problem.reference_solution)
