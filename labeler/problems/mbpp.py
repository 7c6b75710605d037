"""Reads MBPP: JSON lines {task_id, text, code, test_list, test_setup_code}.

The tests are part of the problem's text, as in the paper: without them nobody could know what the
function is to be called. Each assert is a test; what a test needs is put in front of it.
The challenge tests are not used: the paper did not either, and a few of them are wrong.
Source: Austin et al., "Program Synthesis with Large Language Models" (2021), and its data file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from labeler.problems.base import (
    content_revision,
    json_lines,
    new_problem,
    problems,
    reject,
)
from labeler.problems.written import agreed, text_of
from labeler.programs.statements import split_statements
from labeler.records import Domain, Problem, Rejection, Source


def read_mbpp(path: Path, source: Source | None = None) -> Iterator[Problem | Rejection]:
    """Problems of one file, lazily."""
    known = source or Source("mbpp", content_revision(path) if path.is_file() else "", path.stem)
    return problems(str(path), json_lines(path), parse_mbpp, known)


def parse_mbpp(record: Mapping[str, Any], location: str, source: Source) -> Problem | Rejection:
    """One record; `prompt` instead of `text` (the sanitized file) reads, too."""
    tests = record.get("test_list")
    if not isinstance(tests, list) or not all(isinstance(test, str) for test in tests):
        return reject(location, "test_list is not a list of texts")
    text = agreed(record, "text", "prompt")
    if not text.strip():
        return reject(location, "no problem text")
    code = text_of(record, "code").replace("\r\n", "\n").replace("\r", "\n")
    try:
        steps = split_statements(code)
    except SyntaxError as error:
        return reject(location, f"code is no Python ({error.msg})")
    setup = text_of(record, "test_setup_code").replace("\r\n", "\n").strip()
    shown = "\n".join(test.strip() for test in tests)
    problem = Problem(
        problem_id=f"mbpp/{text_of(record, 'task_id')}" if text_of(record, "task_id") else "",
        domain=Domain.CODE,
        text=f"{text.strip()}\nYour code should pass these tests:\n\n{shown}\n",
        gold_answer=None,
        reference_solution=steps,
        tests=tuple(f"{setup}\n{test.strip()}" if setup else test.strip() for test in tests),
        source=source,
    )
    return new_problem(location, problem)
