"""Which reader reads the problems of a run, and what is left of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import assert_never

from labeler.config.problems import (
    FileProblems,
    HubProblems,
    OracleProblems,
    ProblemsConfig,
    SolvedProblems,
)
from labeler.config.run import RunConfig
from labeler.errors import DataError
from labeler.oracle.generate import Difficulty, generate_problems
from labeler.problems.base import parse_columns
from labeler.problems.cruxeval import read_cruxeval
from labeler.problems.curation import curate
from labeler.problems.folder import read_place
from labeler.problems.gsm8k import parse_gsm8k, read_gsm8k
from labeler.problems.hub import read_hub
from labeler.problems.humaneval import read_humaneval
from labeler.problems.math import parse_math, read_math
from labeler.problems.mbpp import read_mbpp
from labeler.problems.plain import read_plain
from labeler.problems.solved import SolvedProblem, read_solutions
from labeler.records import Problem, Rejection, Solution, told_reasons
from labeler.scratch import firsts
from labeler.spool import Spool

HUB_FORMS = {"columns": parse_columns, "gsm8k": parse_gsm8k, "math": parse_math}
"""How records of a Hub dataset read, after their columns were renamed."""


ProblemSet = tuple[Sequence[Problem], Sequence[Rejection]]
"""Problems (on disk, where there may be many), and the records that are none, or duplicates."""


def read_problems(config: RunConfig) -> ProblemSet:
    """The problems of a run, of which there is at least one, and what was rejected."""
    problems, rejections = find_problems(config)
    if not problems:
        raise DataError(
            f"no problem is left of {len(rejections)} records ({told_reasons(rejections)}); "
            "see `labeler problems check`"
        )
    return problems, rejections


def find_problems(config: RunConfig) -> ProblemSet:
    """The problems that there are now, perhaps none: a watched folder may be empty."""
    problems = Spool[Problem]()
    rejections: list[Rejection] = []
    records = _records(config.problems)
    if config.drop_duplicates and not isinstance(config.problems, SolvedProblems):
        records = curate(records)
    for record in records:
        if isinstance(record, Problem):
            problems.append(record)
        else:
            rejections.append(record)
    return problems, rejections


def _records(
    source: ProblemsConfig,
) -> Iterable[Problem | Rejection]:
    match source:
        case OracleProblems():
            difficulty = Difficulty(**source.difficulty.model_dump())
            generated = generate_problems(source.n, source.seed, difficulty)
            return (oracle_problem.problem for oracle_problem in generated)
        case FileProblems():
            found = read_place(Path(source.path), _file_reader(source.kind))
            return islice(found, source.limit)
        case SolvedProblems():
            return _once(_solved(source))
        case HubProblems():
            found = read_hub(
                source.dataset,
                source.columns,
                split=source.split,
                name=source.subset,
                revision=source.revision,
                parse=HUB_FORMS[source.form],
            )
            return islice(found, source.limit)
        case _:
            assert_never(source)


def read_given(config: RunConfig) -> dict[str, tuple[Solution, ...]]:
    """The solutions that a run's file holds already, by problem; none for problems to be solved."""
    given: dict[str, tuple[Solution, ...]] = {}
    if isinstance(config.problems, SolvedProblems):
        for one in _solved(config.problems):
            if isinstance(one, SolvedProblem):
                of_problem = given.get(one.problem.problem_id, ())
                given[one.problem.problem_id] = (*of_problem, one.solution)
    return given


def _solved(source: SolvedProblems) -> Iterable[SolvedProblem | Rejection]:
    return islice(read_solutions(Path(source.path)), source.limit)


def _once(found: Iterable[SolvedProblem | Rejection]) -> Iterable[Problem | Rejection]:
    """Each problem once, however many solutions it has."""
    with firsts() as seen:
        for number, one in enumerate(found):
            if isinstance(one, Rejection):
                yield one
            elif seen.of(one.problem.problem_id, str(number)) == str(number):
                yield one.problem


def _file_reader(kind: str) -> Callable[[Path], Iterable[Problem | Rejection]]:
    return {
        "gsm8k": read_gsm8k,
        "math": read_math,
        "plain": read_plain,
        "humaneval": read_humaneval,
        "mbpp": read_mbpp,
        "cruxeval": read_cruxeval,
    }[kind]
