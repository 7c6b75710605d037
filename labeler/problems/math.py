r"""Reads MATH: JSON lines {problem, solution, level, type}, the answer in the last \boxed{}.

An explicit `answer` or `final_answer` column wins over the box, unless both are numbers and differ;
files with one of them and no
solution (MATH-500) are read too. The solution is split at its line breaks, but a formula,
environment or drawing stays in one piece.
Does not normalise answers (`labeler.checking` compares them).
Source: Hendrycks et al., "Measuring Mathematical Problem Solving With the MATH Dataset" (2021).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from labeler.boxes import last_box
from labeler.problems.base import content_revision, json_lines, new_problem, problems
from labeler.problems.written import agreed, differ, number, text_of
from labeler.records import Domain, Problem, Rejection, Source

PARAGRAPH = re.compile(
    r"""(?: \[asy\].*?\[/asy\]                            # a drawing
          | \\begin\{(?P<name>[^}]*)\}.*?\\end\{(?P=name)\}  # an environment
          | \\\[.*?\\\]                                   # a displayed formula
          | [^\n] )+""",
    re.DOTALL | re.VERBOSE,
)


def read_math(path: Path, source: Source | None = None) -> Iterator[Problem | Rejection]:
    """Problems of one file, lazily. The licence stays unknown unless `source` states it."""
    lines = json_lines(path)
    known = source or Source("math", content_revision(path) if path.is_file() else "", path.stem)
    return problems(str(path), lines, parse_math, known)


def parse_math(record: Mapping[str, Any], location: str, source: Source) -> Problem | Rejection:
    """One record {problem, and solution or answer or final_answer}."""
    worked = text_of(record, "solution")
    stated, box = agreed(record, "answer", "final_answer"), last_box(worked)
    numbers = number(stated), number(box or "")
    # Other texts may say the same in other ways; whether they do is no reader's to decide.
    if None not in numbers and numbers[0] != numbers[1]:
        raise differ("answer", stated, "the box of the solution", box or "")
    paragraphs = (match[0].strip() for match in PARAGRAPH.finditer(worked))
    problem = Problem(
        problem_id="",
        domain=Domain.MATH,
        text=text_of(record, "problem").strip(),
        gold_answer=(stated or box or "").strip(),
        reference_solution=tuple(paragraph for paragraph in paragraphs if paragraph),
        source=source,
    )
    return new_problem(location, problem)
