"""Reads HumanEval: JSON lines {task_id, prompt, canonical_solution, test, entry_point}.

The prompt is the problem's text: a solution is what follows it, or a whole function. The test is a
program that ends by calling `check`; functions that the prompt defines beside the one to be written
(some tests use them) are put in front of it, so that a solution cannot change them.
`read_completions` reads sampled solutions, JSON lines {prompt, samples}, as CodeT publishes them.

Does not read HumanEval's other languages. Source: Chen et al., "Evaluating Large Language Models
Trained on Code" (2021), and its data file; Chen et al., "CodeT" (2022) for samples.
"""

from __future__ import annotations

import ast
import gzip
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from labeler.errors import DataError
from labeler.problems.base import (
    content_revision,
    json_lines,
    new_problem,
    problems,
    reject,
)
from labeler.problems.written import json_value, text_of
from labeler.programs.statements import parse, split_statements
from labeler.records import Domain, Problem, Rejection, Source

FIELDS = ("task_id", "prompt", "canonical_solution", "test", "entry_point")
BODY_END = re.compile(r"^(?=[^\s#])", re.MULTILINE)
"""Where a function's body ends: the first line that begins at the margin."""


def read_humaneval(path: Path, source: Source | None = None) -> Iterator[Problem | Rejection]:
    """Problems of one `.jsonl` or `.jsonl.gz` file, lazily."""
    known = source or Source("humaneval", content_revision(path) if path.is_file() else "", "test")
    return problems(str(path), _lines(path), parse_humaneval, known)


def parse_humaneval(
    record: Mapping[str, Any], location: str, source: Source
) -> Problem | Rejection:
    """One record with the five fields."""
    if missing := [name for name in FIELDS if not text_of(record, name)]:
        return reject(location, f"no {missing[0]}")
    task, prompt, solution, test, entry = (text_of(record, name) for name in FIELDS)
    try:
        steps = split_statements(prompt + solution, len(prompt))
        helpers = _helpers(prompt, entry)
    except SyntaxError as error:
        return reject(location, f"prompt and solution are no Python ({error.msg})")
    problem = Problem(
        problem_id=task,
        domain=Domain.CODE,
        text=prompt,
        gold_answer=None,
        reference_solution=steps,
        tests=(f"{helpers}{test}\n\ncheck({entry})\n",),
        source=source,
    )
    return new_problem(location, problem)


def read_completions(
    path: Path, known: Sequence[Problem]
) -> Iterator[tuple[Problem, tuple[str, ...]]]:
    """Each problem with its sampled bodies, one pair per line.

    A prompt belongs to the problem with the same function whose text it shares most of (CodeT took
    the examples out, and a few function names occur twice). Samples run on after the function, into
    tests or other functions, often cut off: only the body is kept, as the stop strings of the
    sampling would have done.
    """
    by_function: dict[str, list[Problem]] = defaultdict(list)
    for problem in known:
        by_function[_function(problem.text)].append(problem)
    for location, record in json_lines(path):
        prompt, samples = text_of(record, "prompt"), record.get("samples")
        candidates = by_function.get(_function(prompt), [])
        if not candidates or not isinstance(samples, list):
            raise DataError(f"{location}: no samples for a known problem; is it the same data set?")
        nearest = max(candidates, key=lambda one: _shared(one.text, prompt))
        yield nearest, tuple(function_body(sample) for sample in samples)


def function_body(completion: str) -> str:
    """What belongs to the function of a completion that begins in its body."""
    end = BODY_END.search(completion)
    return completion[: end.start()] if end else completion


def _function(prompt: str) -> str:
    """The function that a prompt ends with; "" where it has none."""
    return next(reversed(re.findall(r"^def (\w+)", prompt, re.MULTILINE)), "")


def _shared(one: str, other: str) -> int:
    """How many characters two texts begin with in common."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


def _helpers(prompt: str, entry: str) -> str:
    """The prompt's imports and its other functions."""
    others = [
        ast.unparse(node)
        for node in parse(prompt).body
        if not (isinstance(node, ast.FunctionDef) and node.name == entry)
    ]
    return "\n".join([*others, ""]) if others else ""


def _lines(path: Path) -> Iterator[tuple[str, Any]]:
    if path.suffix != ".gz":
        yield from json_lines(path)
        return
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield f"{path}:{number}", json_value(line)
    except (OSError, EOFError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: cannot be read as gzipped JSON lines ({error})") from error
