"""What a file says arrives as it stands, or the record is rejected and the line says why."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from labeler.problems.arrow import rows_of
from labeler.problems.curation import curate
from labeler.problems.gsm8k import read_gsm8k
from labeler.problems.math import read_math
from labeler.problems.mbpp import read_mbpp
from labeler.problems.plain import read_plain
from labeler.problems.solved import SolutionRecord, read_solutions
from labeler.problems.written import Unfit, text_of
from labeler.records import Problem, Rejection, Verdict


def answers(path: Path) -> list[str | None]:
    """Gold answers of a file, of a record that was rejected the reason."""
    return [x.gold_answer if isinstance(x, Problem) else x.reason for x in read_plain(path)]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("3.14159265358979323846", "3.14159265358979323846"),
        ("1.50", "1.50"),
        ("1E-12", "1E-12"),
        ("1e400", "1e400"),
        ("-0", "-0"),
        ("9007199254740993", "9007199254740993"),
        ("7" * 5000, "7" * 5000),
        ("true", "true"),
        ("[42]", "42"),
        ('"007"', "007"),
        ('"2024-03-01"', "2024-03-01"),
        ("[1, 2]", "gold_answer is a list of 2, not one text"),
        ("[]", "gold_answer is a list of 0, not one text"),
        ('{"value": 5}', "gold_answer is an object, not a text"),
        ('"5", "gold_answer": "6"', "gold_answer stands there twice, with different values"),
        ('"5", "gold_answer": "5"', "5"),
        ('"5", "source": {"split": "a", "split": "b"}',
         "split stands there twice, with different values"),
    ],
)  # fmt: skip
def test_json_answers(tmp_path: Path, written: str, read: str) -> None:
    file = tmp_path / "p.jsonl"
    file.write_text(
        '{"text": "First?", "gold_answer": "1"}\n{"text": "Q?", "gold_answer": ' + written + "}\n"
    )
    assert answers(file) == ["1", read]


def of_arrow(column: pa.Array) -> list[str]:
    """The texts of a column, of a value that has none the reason."""
    texts = []
    for record in rows_of(pa.record_batch({"answer": column})):
        try:
            texts.append(text_of(record, "answer"))
        except Unfit as unfit:
            texts.append(str(unfit))
    return texts


TIME = "answer is a time ({}), which has many texts; write the right one as text"


@pytest.mark.parametrize(
    ("column", "read"),
    [
        (pa.array([0.1, 2.5, None], pa.float32()), ["0.1", "2.5", ""]),
        (pa.array([0.1, 7.0]), ["0.1", "7.0"]),
        (pa.array([1.5, float("nan")]), ["1.5", "answer is NaN, not a number"]),
        (pa.array([float("nan")], pa.float32()), ["answer is NaN, not a number"]),
        (pa.array([Decimal("1.50"), Decimal("0.00")]), ["1.50", "0.00"]),
        (pa.array([2**64 - 1, 7], pa.uint64()), ["18446744073709551615", "7"]),
        (pa.array([True, False]), ["true", "false"]),
        (pa.array([date(2024, 3, 1)]), ["2024-03-01"]),
        (pa.array([[7.5], [1.5, 2.5], None], pa.list_(pa.float32())),
         ["7.5", "answer is a list of 2, not one text", ""]),
        (pa.array([b"x"]), ["answer is of type bytes, not a text"]),
        (pa.array([{"a": 1}]), ["answer is an object, not a text"]),
        (pa.array(["NA", "007"]).dictionary_encode(), ["NA", "007"]),
        (pa.array([1709251200000000001], pa.timestamp("ns")),
         [TIME.format("2024-03-01 00:00:00.000000001")]),
        (pa.array([90], pa.duration("s")), [TIME.format("90")]),
        (pa.array([b"\xff", b"ok"]).view(pa.string()),
         ["answer is unfit: text is not valid Unicode", "ok"]),
    ],
)  # fmt: skip
def test_values_of_arrow(column: pa.Array, read: list[str]) -> None:
    assert of_arrow(column) == read


def test_a_parquet_file_rejects_what_has_no_single_text(tmp_path: Path) -> None:
    table = {"text": ["A?", "B?"], "gold_answer": [1.5, float("nan")]}
    pq.write_table(pa.table(table), tmp_path / "p.parquet")
    assert answers(tmp_path / "p.parquet") == ["1.5", "gold_answer is NaN, not a number"]


def solved(tmp_path: Path, **fields: object) -> tuple[object, ...]:
    """Gold answer, outcome and first error of one solution of two steps, or the reason."""
    file = tmp_path / "s.jsonl"
    record = {"problem": "Q?", "steps": ["a", "b"]}
    file.write_text(json.dumps(record | {"id": "1"}) + "\n" + json.dumps(record | fields) + "\n")
    [_, read] = read_solutions(file)
    if isinstance(read, SolutionRecord):
        return read.problem.gold_answer, read.solution.outcome, read.first_error
    return (read.reason,)


@pytest.mark.parametrize(
    ("fields", "read"),
    [
        ({"first_error": 1, "label": None}, (None, Verdict.UNKNOWN, 1)),
        ({"first_error": 1, "label": 1}, (None, Verdict.UNKNOWN, 1)),
        ({"first_error": 0, "label": 1}, ("label says 1 and first_error 0; keep the right one",)),
        ({"label": 1.0}, ("label 1.0 is no index of a step",)),
        ({"text": "Another?"}, ("problem says 'Q?' and text 'Another?'; keep the right one",)),
        ({"final_answer_correct": True}, (None, Verdict.CORRECT, None)),
        ({"final_answer_correct": "no"},
         ("final_answer_correct 'no' is neither true nor false; say one of them",)),
    ],
)  # fmt: skip
def test_a_solution_whose_fields_contradict_each_other_is_told(
    tmp_path: Path, fields: dict[str, object], read: tuple[object, ...]
) -> None:
    assert solved(tmp_path, **fields) == read


@pytest.mark.parametrize(
    ("gold", "answer", "read"),
    [
        ("5", 5, "5"),
        ("5.0", "5", "5.0"),
        (r"\frac12", r"\dfrac{1}{2}", r"\frac12"),
        ("", "7", "7"),
        ("5", "6", "gold_answer says '5' and answer '6'; keep the right one"),
        ("x+1", "x+2", "gold_answer says 'x+1' and answer 'x+2'; keep the right one"),
    ],
)
def test_two_answers_of_a_solution_must_agree(
    tmp_path: Path, gold: str, answer: object, read: str
) -> None:
    file = tmp_path / "s.json"
    record = {"problem": "Q?", "steps": ["a"], "gold_answer": gold, "answer": answer}
    file.write_text(json.dumps([{"problem": "P?", "steps": ["a"]}, record]))
    [_, last] = read_solutions(file)
    assert (last.problem.gold_answer if isinstance(last, SolutionRecord) else last.reason) == read


def test_math_is_told_where_the_box_contradicts_the_answer(tmp_path: Path) -> None:
    file = tmp_path / "m.jsonl"
    lines = [
        {"problem": "A?", "solution": r"So \boxed{0.5}.", "answer": r"\frac12"},
        {"problem": "B?", "solution": r"So \boxed{7}.", "answer": "7.0"},
        {"problem": "C?", "solution": r"So \boxed{7}.", "answer": "8"},
        {"problem": "D?", "answer": "8", "final_answer": "9"},
    ]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    read = [x.gold_answer if isinstance(x, Problem) else x.reason for x in read_math(file)]
    assert read == [
        r"\frac12",
        "7.0",
        "answer says '8' and the box of the solution '7'; keep the right one",
        "answer says '8' and final_answer '9'; keep the right one",
    ]


def test_mbpp_is_told_where_text_and_prompt_differ(tmp_path: Path) -> None:
    file = tmp_path / "m.jsonl"
    line = {"task_id": 1, "text": "Add.", "code": "x = 1", "test_list": ["assert True"]}
    file.write_text(f"{json.dumps(line)}\n{json.dumps(line | {'prompt': 'Subtract.'})}\n")
    [_, told] = read_mbpp(file)
    reason = "text says 'Add.' and prompt 'Subtract.'; keep the right one"
    assert told == Rejection("read", f"{file}:2", reason)


@pytest.mark.parametrize(
    ("written", "read"),
    [("1,234,567", "1234567"), ("-1,234", "-1234"), ("1, 2", "1, 2"), ("3,5", "3,5"),
     ("1,2,3", "1,2,3"), ("$1,000.50", "$1000.50")],
)  # fmt: skip
def test_commas_of_gsm8k_that_part_thousands_alone_go(
    tmp_path: Path, written: str, read: str
) -> None:
    file = tmp_path / "g.jsonl"
    file.write_text(json.dumps({"question": "Q?", "answer": f"So.\n#### {written}"}) + "\n")
    [problem] = read_gsm8k(file)
    assert isinstance(problem, Problem)
    assert problem.gold_answer == read


def test_a_duplicate_says_that_its_answer_is_another() -> None:
    problems = [
        Problem("a", "math", "One and one?", "2"),
        Problem("b", "math", "One and  one?", "2"),
        Problem("c", "math", "One and one?", "3"),
    ]
    assert list(curate(problems)) == [
        problems[0],
        Rejection("curate", "b", "exact duplicate of a"),
        Rejection("curate", "c", "exact duplicate of a, which has another gold answer"),
    ]
