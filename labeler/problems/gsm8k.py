"""Reads GSM8K: JSON lines {question, answer}, the answer after `####` and the solution above it.

Calculator marks (`<<48/2=24>>`) are removed: they are notes for a tool, no part of the text.
Does not read the socratic variant's sub-questions apart from the solution lines.
Source: Cobbe et al., "Training Verifiers to Solve Math Word Problems" (2021), and its data files.
"""

from __future__ import annotations

import re
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
from labeler.problems.written import text_of
from labeler.records import Domain, Problem, Rejection, Source

CALCULATOR_MARK = re.compile(r"<<[^<>]*>>")
THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
"""A number with a comma between its thousands; other commas stay: they part a list's members."""


def read_gsm8k(path: Path, source: Source | None = None) -> Iterator[Problem | Rejection]:
    """Problems of one file, lazily. The licence stays unknown unless `source` states it."""
    lines = json_lines(path)
    known = source or Source("gsm8k", content_revision(path) if path.is_file() else "", path.stem)
    return problems(str(path), lines, parse_gsm8k, known)


def parse_gsm8k(record: Mapping[str, Any], location: str, source: Source) -> Problem | Rejection:
    """One record {question, answer}."""
    worked, mark, answer = text_of(record, "answer").rpartition("####")
    if not mark:
        return reject(location, "no answer after ####")
    lines = CALCULATOR_MARK.sub("", worked).splitlines()
    problem = Problem(
        problem_id="",
        domain=Domain.MATH,
        text=text_of(record, "question").strip(),
        gold_answer=THOUSANDS.sub(lambda one: one[0].replace(",", ""), answer.strip()),
        reference_solution=tuple(line.strip() for line in lines if line.strip()),
        source=source,
    )
    return new_problem(location, problem)
