"""Reads CRUXEval as problems of predicting a trace: JSON lines {code, input, output, id}.

The problem shows the program with line numbers and a call; a solution is the trace that the model
predicts, one line per statement that runs, in the form that `FORM` asks for, then what the call
returns. The program and the call stand in `context`, where `labelers.trace` finds them.
Sources: Gu et al., "CRUXEval" (arXiv 2401.03065), and its data file; questions about the trace as
in ExecVerify.
"""

from __future__ import annotations

import ast
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
from labeler.programs.statements import LINE, parse
from labeler.records import Domain, Problem, Rejection, Source

FORM = """\
Predict how this call runs. Write one line for every statement that runs, in the order in which \
they run, loops as often as they come round: its line number, a colon, the statement, and after # \
the variables that it sets or changes with their new values, as `name = value; name = value`.
End with a line `Answer: ` and the value that the call returns.
"""


def read_cruxeval(path: Path, source: Source | None = None) -> Iterator[Problem | Rejection]:
    """Problems of one file, lazily."""
    known = source or Source("cruxeval", content_revision(path) if path.is_file() else "", "test")
    return problems(str(path), json_lines(path), parse_cruxeval, known)


def parse_cruxeval(record: Mapping[str, Any], location: str, source: Source) -> Problem | Rejection:
    """One record; the function is called f."""
    code, output = text_of(record, "code"), text_of(record, "output")
    if not code.strip():
        return reject(location, "no code")
    call = f"f({text_of(record, 'input')})"
    try:
        parse(code)
        ast.parse(call, mode="eval")
        ast.literal_eval(output)
    except (SyntaxError, ValueError) as error:
        return reject(location, f"code, input or output is no Python ({error})")
    name = text_of(record, "id")
    problem = Problem(
        problem_id=f"cruxeval/{name}" if name else "",
        domain=Domain.TRACE,
        text=f"{FORM}\n{numbered(code)}\n\n{call}\n",
        gold_answer=output,
        context=(code, call),
        source=source,
    )
    return new_problem(location, problem)


def numbered(program: str) -> str:
    """A program with its line numbers, from 1."""
    lines = LINE.findall(program)
    return "\n".join(f"{n:3}  {line.rstrip()}" for n, line in enumerate(lines, start=1))
