"""A domain is one that answers are checked for; any other is one line with the nearest name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from labeler.problems.plain import read_plain
from labeler.problems.solved import SolutionRecord, read_solutions
from labeler.records import Domain, Problem, Rejection


@pytest.mark.parametrize("domain", [*Domain])
def test_those_that_there_are(tmp_path: Path, domain: str) -> None:
    file = tmp_path / "p.jsonl"
    file.write_text(
        json.dumps({"problem_id": "a", "domain": domain, "text": "2?", "gold_answer": "2"})
    )
    [read] = read_plain(file)
    assert isinstance(read, Problem)
    assert read.domain == domain


@pytest.mark.parametrize(
    ("domain", "meant"),
    [
        ("coding", "did you mean code? "),
        ("Code", "did you mean code? "),
        ("maths", "did you mean math? "),
        ("QA", "did you mean qa? "),
        ("zoology", ""),
    ],
)
def test_any_other_is_rejected_with_the_nearest_name(
    tmp_path: Path, domain: str, meant: str
) -> None:
    reason = f"domain '{domain}' is not known; {meant}it is one of math, code, qa, trace"
    good = {"problem_id": "b", "text": "3?", "gold_answer": "3"}
    bad = {"problem_id": "a", "domain": domain, "text": "2?", "gold_answer": "2"}
    file = tmp_path / "p.jsonl"
    file.write_text(json.dumps(bad) + "\n" + json.dumps(good) + "\n")
    rejected, kept = read_plain(file)
    assert isinstance(rejected, Rejection)
    assert rejected.reason == reason
    assert isinstance(kept, Problem)

    solved = tmp_path / "s.jsonl"
    one = {"problem": "2?", "answer": "2", "steps": ["2"]}
    solved.write_text(json.dumps(one | {"domain": domain}) + "\n" + json.dumps(one) + "\n")
    rejected, kept_solution = read_solutions(solved)
    assert isinstance(rejected, Rejection)
    assert rejected.reason == reason
    assert isinstance(kept_solution, SolutionRecord)
