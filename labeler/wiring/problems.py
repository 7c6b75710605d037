"""The problems of a run, and the solutions that there are already."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from labeler.config.run import RunConfig
from labeler.consensus.annotated import Annotation
from labeler.dataset.storage import Location, storage_of
from labeler.errors import DataError
from labeler.labelling.held import TABLES as HELD
from labeler.labelling.held import Held, held_of, read_on
from labeler.problems.base import patiently
from labeler.problems.curation import curate
from labeler.problems.solved import SolutionRecord
from labeler.problems.sources import PROBLEM_SOURCES
from labeler.records import Problem, Rejection, Solution, short_hash, told_reasons
from labeler.scratch import kept
from labeler.spool import Spool
from labeler.version import code_version

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


def origin_of(config: RunConfig) -> str:
    """The name of a source in the ledger: where it is, whatever part of it is read."""
    content = config.problems.model_dump(mode="json", exclude={"limit"})
    return short_hash(json.dumps(content, sort_keys=True))


@contextmanager
def what_is_held(config: RunConfig, out: Location) -> Iterator[Held]:
    """What the source of a schedule holds now; of files, only new ones are read.

    A broken line of a single file is a rejection, as it is in a folder.
    """
    source = PROBLEM_SOURCES.find(config.problems.kind, "problems.kind")
    place = Path(getattr(config.problems, "path", ""))
    is_table = (place / "_delta_log").is_dir()
    if source.read_file is None or is_table or config.problems.limit is not None:
        yield held_of(*find_problems(config, patient=True))
        return
    file = storage_of(out).local / "_work" / f"source-{origin_of(config)}.sqlite"
    settings = config.problems.model_dump_json()
    key = short_hash(settings, str(place.resolve()), str(config.drop_duplicates), code_version())
    with (
        kept(file, key, HELD) as database,
        read_on(
            database, place, source.read_file, drop_duplicates=config.drop_duplicates
        ) as held,
    ):  # fmt: skip
        yield held


def find_problems(config: RunConfig, *, patient: bool = False) -> ProblemSet:
    """The problems that there are now, perhaps none: a watched folder may be empty.

    With `patient` a broken line of a single file is a rejection, as it is in a folder.
    """
    problems = Spool[Problem]()
    rejections: list[Rejection] = []
    source = PROBLEM_SOURCES.find(config.problems.kind, "problems.kind")
    records = source.records(config.problems)
    if patient:
        records = patiently(records)
    if config.drop_duplicates and source.read_solutions is None:
        records = curate(records)
    for record in records:
        if isinstance(record, Problem):
            problems.append(record)
        else:
            rejections.append(record)
    return problems, rejections


def read_existing_solutions(
    config: RunConfig,
) -> tuple[dict[str, tuple[Solution, ...]], dict[str, Annotation]]:
    """The solutions that a run's file holds already, by problem, and what it says of their steps,
    by solution; none for problems to be solved.
    """
    existing: dict[str, tuple[Solution, ...]] = {}
    annotations: dict[str, Annotation] = {}
    read = PROBLEM_SOURCES.find(config.problems.kind, "problems.kind").read_solutions
    for one in read(config.problems) if read else ():
        if isinstance(one, SolutionRecord):
            of_problem = existing.get(one.problem.problem_id, ())
            existing[one.problem.problem_id] = (*of_problem, one.solution)
            if one.labels:
                annotations[one.solution.solution_id] = Annotation(one.labels, one.notes)
    return existing, annotations
