"""All kinds of problems by name; the order is that of messages and of the documentation.

A new kind is a reader, its settings and one line here, or one entry point of the group
`labeler.problems`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from labeler.extensions import Table
from labeler.oracle.agents.questions import Scope, generate_questions
from labeler.oracle.generate import Difficulty, generate_problems
from labeler.problems.base import parse_columns
from labeler.problems.cruxeval import read_cruxeval
from labeler.problems.folder import read_place
from labeler.problems.forms.table import AUTO
from labeler.problems.gsm8k import parse_gsm8k, read_gsm8k
from labeler.problems.hub import read_hub
from labeler.problems.humaneval import read_humaneval
from labeler.problems.math import parse_math, read_math
from labeler.problems.mbpp import read_mbpp
from labeler.problems.plain import read_plain
from labeler.problems.rows import Place
from labeler.problems.solved import Reading, SolutionRecord, read_solutions
from labeler.problems.source import ProblemSettings, ProblemSource
from labeler.records import Problem, Rejection
from labeler.scratch import first_seen

MOST_PROBLEMS = 1_000_000
"""Some minutes of work before the first is labelled; another `seed` makes others."""


class OracleProblems(ProblemSettings):
    """Generated word problems with known truth."""

    kind: Literal["oracle"] = "oracle"
    n: Annotated[int, Field(ge=1, le=MOST_PROBLEMS)]
    """How many."""
    seed: int = 1
    """Another seed makes others."""
    difficulty: Difficulty = Difficulty()
    """How hard they are."""


class OracleAgentsProblems(ProblemSettings):
    """Generated questions for agents, of one world, whose right calls are known."""

    kind: Literal["oracle_agents"] = "oracle_agents"
    n: Annotated[int, Field(ge=1, le=MOST_PROBLEMS)]
    """How many."""
    seed: int = 1
    """Another seed is another world, with another corpus (`labeler problems corpus`)."""
    scope: Scope = Scope()
    """How large the world is, and how far its questions reach."""


class FileProblems(ProblemSettings):
    """A file of problems, or a folder of such files."""

    path: str
    """From where the run file stands. A folder is read with its subfolders (.jsonl, .parquet); a
    Delta table, too.
    """


class GSM8KProblems(FileProblems):
    """GSM8K's lines: question and answer, with `####` before the last number."""

    kind: Literal["gsm8k"] = "gsm8k"


class MathProblems(FileProblems):
    """MATH's records: problem and solution, with a box around the answer."""

    kind: Literal["math"] = "math"


class PlainProblems(FileProblems):
    """A plain JSONL or Parquet file of problems."""

    kind: Literal["plain"] = "plain"


class HumanEvalProblems(FileProblems):
    """HumanEval's records: a function to complete, and its tests."""

    kind: Literal["humaneval"] = "humaneval"


class MBPPProblems(FileProblems):
    """MBPP's records: a task, and its tests."""

    kind: Literal["mbpp"] = "mbpp"


class CRUXEvalProblems(FileProblems):
    """CRUXEval's records: a function and an input, whose output is to be told."""

    kind: Literal["cruxeval"] = "cruxeval"


class HubProblems(ProblemSettings):
    """A Hugging Face dataset id or local folder; `columns` maps problem fields to its columns.

    `form` gsm8k or math reads the columns that those sets have (question, answer, ...).
    """

    kind: Literal["hub"] = "hub"
    dataset: str
    """An id on the Hugging Face Hub, or a local folder."""
    columns: dict[str, str]
    """Problem fields and their columns, as `{text: question, gold_answer: answer}`."""
    form: Literal["columns", "gsm8k", "math"] = "columns"
    """Whose columns are read."""
    split: str = "train"
    """Which part."""
    subset: str | None = None
    """Which configuration of the set."""
    revision: str | None = None
    """A commit; the newest in every run if left out."""


class SolvedProblems(FileProblems):
    """Solutions that exist already, of a file or Hub dataset: labelled, nothing is solved.

    `path` is a file (JSON, JSONL, Parquet, CSV), a folder of a dataset, or a dataset's id.
    """

    kind: Literal["solved"] = "solved"
    form: str = AUTO
    """Of records with step labels; `auto` knows it by their fields (`labeler.problems.forms`)."""
    columns: dict[str, str] = Field(default={})
    """Which column holds a field of a record: problem, steps, label, ..."""
    split: str = "train"
    """Of a dataset, as are the next two."""
    subset: str | None = None
    """The dataset's configuration, where it has several."""
    revision: str | None = None
    """The one that is current if left out."""


def _read_oracle(settings: OracleProblems) -> Iterator[Problem]:
    generated = generate_problems(settings.n, settings.seed, settings.difficulty)
    return (oracle_problem.problem for oracle_problem in generated)


def _read_oracle_agents(settings: OracleAgentsProblems) -> Iterator[Problem]:
    asked = generate_questions(settings.n, settings.seed, settings.scope)
    return (question.problem for question in asked)


def _file(
    settings: type[FileProblems], read: Callable[[Path], Iterable[Problem | Rejection]]
) -> ProblemSource:
    def read_place_of(given: FileProblems) -> Iterable[Problem | Rejection]:
        return read_place(Path(given.path), read)

    name = settings.model_fields["kind"].default
    return ProblemSource(
        name=name, settings=settings, read=read_place_of, paths=("path",), read_file=read
    )


HUB_FORMS = {"columns": parse_columns, "gsm8k": parse_gsm8k, "math": parse_math}
"""How records of a Hub dataset read, after their columns were renamed."""


def _read_hub(settings: HubProblems) -> Iterable[Problem | Rejection]:
    return read_hub(
        settings.dataset,
        settings.columns,
        split=settings.split,
        name=settings.subset,
        revision=settings.revision,
        parse=HUB_FORMS[settings.form],
    )


def _solutions(settings: SolvedProblems) -> Iterable[SolutionRecord | Rejection]:
    place = Place(settings.path, settings.split, settings.subset, settings.revision)
    how = Reading(settings.form, settings.columns)
    return islice(read_solutions(place, how), settings.limit)


def _read_solved(settings: SolvedProblems) -> Iterator[Problem | Rejection]:
    """Each problem once, however many solutions it has."""
    with first_seen() as seen:
        for number, one in enumerate(_solutions(settings)):
            if isinstance(one, Rejection):
                yield one
            elif seen.setdefault(one.problem.problem_id, str(number)) == str(number):
                yield one.problem


PROBLEM_SOURCES: Table[ProblemSource] = Table(
    "labeler.problems",
    ProblemSource,
    "kind of problems",
    ProblemSource(name="oracle", settings=OracleProblems, read=_read_oracle),
    ProblemSource(name="oracle_agents", settings=OracleAgentsProblems, read=_read_oracle_agents),
    _file(GSM8KProblems, read_gsm8k),
    _file(MathProblems, read_math),
    _file(PlainProblems, read_plain),
    _file(HumanEvalProblems, read_humaneval),
    _file(MBPPProblems, read_mbpp),
    _file(CRUXEvalProblems, read_cruxeval),
    ProblemSource(name="hub", settings=HubProblems, read=_read_hub, paths_if_there=("dataset",)),
    ProblemSource(
        name="solved",
        settings=SolvedProblems,
        read=_read_solved,
        path_or_id=("path",),
        read_solutions=_solutions,
    ),
)
