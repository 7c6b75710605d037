"""Which problems a dataset was labelled for, and by what: one list per run, beside the rows.

    OUT/_problems/<run id>.json   {"made_by": {part: version hash}, "problems": {problem_id: sha},
                                   "replaces": whether earlier labels of them are void,
                                   "origin": the source they were read from}
                                  {"withdrawn": [sha, ...]} of a version that took problems out

Rows alone do not tell: a problem that was rejected has none. A list counts only if its run is in
the log of the dataset, so it may be written before the commit and a crash between leaves nothing
wrong. Runs without a list are known by their rows, and what made them is unknown.

Does not cover where problems come from: the same text from another file, or under another id, is
the same problem.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from labeler.dataset.reader import open_dataset
from labeler.dataset.storage import DatasetStorage, Location, storage_of
from labeler.dataset.store import log_of, table_at
from labeler.errors import DatasetError
from labeler.records import Problem, short_hash
from labeler.schema import from_plain, plain

if TYPE_CHECKING:
    from deltalake import DeltaTable

FOLDER = "_problems"
WITHDRAWN = "withdrawn"
NO_CONTENT = ("problem_id", "source")
"""What of a problem does not decide its labels: its name, and where it was read."""


@dataclass(frozen=True, slots=True)
class Made:
    """One problem that was labelled. `made_by` holds version hashes by part, {} where unknown;
    `origins` the sources that it was read from, as far as is known.
    """

    problem_id: str
    content_sha: str
    made_by: Mapping[str, str]
    origins: frozenset[str] = frozenset()


def content_sha(problem: Problem) -> str:
    """16 hex digits over what decides the labels of a problem."""
    content = {name: value for name, value in plain(problem).items() if name not in NO_CONTENT}
    if problem.known is None:
        del content["known"]  # which problems of before schema version 4 did not have
    return short_hash(json.dumps(content, sort_keys=True))


def note_problems(
    out: Location,
    run_id: str,
    problems: Iterable[Problem],
    made_by: Mapping[str, str],
    *,
    replaces: bool = False,
    origin: str = "",
) -> None:
    """Lists the problems of a run; with `replaces`, what earlier runs said of them is void.

    `origin` names the source that they were read from.
    """

    def content() -> Iterator[bytes]:
        """The JSON, a problem at a time: there may be more than memory should hold."""
        facts = {"made_by": dict(made_by), "replaces": replaces, "origin": origin}
        about = json.dumps(facts)
        yield f'{about[:-1]}, "problems": {{'.encode()
        for number, problem in enumerate(problems):
            name, comma = json.dumps(problem.problem_id), "," if number else ""
            yield f'{comma}\n{name}: "{content_sha(problem)}"'.encode()
        yield b"\n}}\n"

    storage_of(out).write(_list_of(run_id), content())


def note_withdrawn(out: Location, run_id: str, shas: Iterable[str]) -> None:
    """Lists contents that a version takes out: a problem that comes back is a new one."""
    written = {"made_by": {}, "problems": {}, WITHDRAWN: sorted(shas)}
    storage_of(out).write(_list_of(run_id), iter([json.dumps(written).encode()]))


def newest_version(out: Location) -> int:
    """The number of the newest version, -1 where there is no dataset."""
    table = table_at(out)
    return -1 if table is None else table.version()


@dataclass(frozen=True, slots=True)
class Ledger:
    """All lists of a dataset, oldest first, and what its rows tell of runs that have none."""

    _lists: Sequence[Mapping[str, Any]]
    _by_rows: Mapping[str, Made]

    def names(self) -> dict[str, str]:
        """The problem_id under which each content was last labelled; a large dataset in no time."""
        names = {sha: made.problem_id for sha, made in self._by_rows.items()}
        for content in self._lists:
            for sha in content.get(WITHDRAWN, []):
                names.pop(sha, None)
            problems = content.get("problems", {})
            names.update(zip(problems.values(), problems, strict=True))
        return names

    def made(self, among: AbstractSet[str] | None = None) -> dict[str, Made]:
        """The newest labelling of all contents, or of those `among` them."""

        def wanted(made: Iterable[Made]) -> Iterator[Made]:
            return (one for one in made if among is None or one.content_sha in among)

        known = {one.content_sha: one for one in wanted(self._by_rows.values())}
        for content in self._lists:
            for sha in content.get(WITHDRAWN, []):
                known.pop(sha, None)
            if among is None or not among.isdisjoint(content.get("problems", {}).values()):
                for made in wanted(_listed(content)):
                    before = known.get(made.content_sha)
                    origins = made.origins | (before.origins if before else frozenset())
                    known[made.content_sha] = replace(made, origins=origins)
        return known

    def withdrawals(self) -> dict[str, int]:
        """How often each content was taken out."""
        return Counter(sha for content in self._lists for sha in content.get(WITHDRAWN, []))


def read_ledger(out: Location) -> Ledger:
    """Reads all lists; those of no dataset are none."""
    storage = storage_of(out)
    lists = {run_id: _content(storage, run_id) for run_id in _runs(table_at(out))}
    unlisted = [run_id for run_id, content in lists.items() if not content]
    by_rows = {one.content_sha: one for one in _with_rows(out, unlisted)} if unlisted else {}
    return Ledger([*lists.values()], by_rows)


def labelled(out: Location) -> dict[str, Made]:
    """By content hash, the newest labelling of every problem; empty where no dataset is."""
    return read_ledger(out).made()


def _runs(table: DeltaTable | None) -> list[str]:
    """The ids of all runs in the log, oldest first."""
    entries = log_of(table) if table is not None else []
    return [entry.info.run_id for entry in entries if entry.info is not None]


def void_rows(out: Location) -> Callable[[Mapping[str, Any]], bool] | None:
    """Tells a row (see `withdraw.JUDGED`) that a later run has replaced; None where none has."""
    runs = _runs(table_at(out))
    order = {run_id: nth for nth, run_id in enumerate(runs)}
    replaced_by: dict[str, int] = {}
    for run_id, nth in order.items():
        content = _content(storage_of(out), run_id)
        if content.get("replaces"):
            replaced_by |= dict.fromkeys(content["problems"].values(), nth)

    def void(row: Mapping[str, Any]) -> bool:
        replacing = replaced_by.get(content_sha(from_plain(Problem, row)), -1)
        return order.get(row["run_id"], -1) < replacing

    return void if replaced_by else None


def _list_of(run_id: str) -> str:
    return f"{FOLDER}/{run_id}.json"


def _listed(content: Mapping[str, Any]) -> list[Made]:
    made_by, origin = content.get("made_by", {}), content.get("origin")
    origins = frozenset([origin] if origin else [])
    problems = content.get("problems", {})
    return [Made(problem, sha, made_by, origins) for problem, sha in problems.items()]


def _content(storage: DatasetStorage, run_id: str) -> dict[str, Any]:
    """A run's list, {} where there is none."""
    written = storage.read(_list_of(run_id))
    if written is None:
        return {}
    try:
        content: dict[str, Any] = json.loads(written)
        if not isinstance(content["problems"], dict) or not isinstance(content["made_by"], dict):
            raise ValueError("not a list of problems")
        return content
    except (ValueError, KeyError, TypeError) as error:
        raise DatasetError(
            f"{storage.uri}/{_list_of(run_id)}: cannot be read; restore it from a copy, or delete "
            "it and its problems count as made by unknown versions"
        ) from error


def _with_rows(out: Location, runs: Sequence[str]) -> Iterator[Made]:
    """The problems that rows of these runs tell of."""
    import polars as pl

    columns = [field.name for field in fields(Problem)]
    rows = open_dataset(out).scan().filter(pl.col("run_id").is_in(runs)).select(columns)
    # Many solutions of one problem; lists cannot be compared, so the texts stand for them.
    distinct = rows.unique(["problem_id", "text", "gold_answer"]).collect(engine="streaming")
    for row in distinct.iter_rows(named=True):
        problem = from_plain(Problem, row)
        yield Made(problem.problem_id, content_sha(problem), {})
