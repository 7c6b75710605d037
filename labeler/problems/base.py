"""What all problem readers share: lines of JSON, columns to a `Problem`, and the checks on a set.

A reader yields a `Problem` or a `Rejection` for every record and never stops at a bad one. What
makes the whole file unusable (a line that is no JSON, an unknown column, no problem at all) is a
`DataError`, raised while reading and so before anything is labelled.

Does not cover formats (one file each beside this one) or duplicates by meaning (`curation`).
"""

from __future__ import annotations

import codecs
import difflib
import hashlib
import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from labeler.errors import DataError
from labeler.problems.known import known_in
from labeler.problems.written import NOT_UNICODE, Faulty, Unfit, json_value, text_of
from labeler.records import Domain, Problem, Rejection, Source, short_hash
from labeler.scratch import first_seen

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Parse = Callable[[Mapping[str, Any], str, Source], Problem | Rejection]
"""Makes a problem of one record; gets the record, its location ("FILE:LINE") and the source."""


Record = TypeVar("Record")

COLUMNS = tuple(field.name for field in fields(Problem))
SOURCE_COLUMNS = {field.name for field in fields(Source)}
LISTS = ("reference_solution", "tests", "context")
TOO_DEEP = "nested too deeply"


HALF_WRITTEN = "half-written"
"""Stage at which the rest of a file is left that somebody is still writing: it comes later."""

_is_patient: ContextVar[bool] = ContextVar("_is_patient", default=False)


def patiently(records: Iterable[Record]) -> Iterator[Record]:
    """The records of a source that is watched, in which a broken line is a rejection.

    Elsewhere it is an error before anything is labelled, which is what a person at a terminal
    wants; a schedule would fail every night for one line. Readers are generators, so this holds
    while they are asked for their next record, and for nobody else.
    """
    iterator = iter(records)
    while True:
        token = _is_patient.set(True)
        try:
            record = next(iterator)
        except StopIteration:
            return
        finally:
            _is_patient.reset(token)
        yield record


def reject(location: str, reason: str, stage: str = "read") -> Rejection:
    """A record that is no problem."""
    return Rejection(stage, location, reason)


def lists_of(record: Mapping[str, Any], location: str) -> dict[str, tuple[str, ...]] | Rejection:
    """The columns that are lists of texts; a text counts as a list of one, an empty one as none."""
    lists: dict[str, tuple[str, ...]] = {}
    for name in LISTS:
        value = record.get(name)
        items = [] if value in (None, "") else [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            return reject(location, f"{name} is not a list of texts")
        lists[name] = tuple(items)
    return lists


def is_unicode(record: DataclassInstance) -> bool:
    """Whether all texts of a record can be written; JSON may hold halves of surrogate pairs."""
    try:
        _encode(record)
    except UnicodeEncodeError:
        return False
    return True


def _encode(value: Any) -> None:
    if isinstance(value, str):
        value.isascii() or value.encode()
    elif isinstance(value, tuple):
        for item in value:
            _encode(item)
    elif is_dataclass(value):
        for name in value.__dataclass_fields__:
            _encode(getattr(value, name))


def new_problem(location: str, problem: Problem) -> Problem | Rejection:
    """The problem if it can be labelled, else why not; an empty id is derived from the text."""
    if not problem.text.strip():
        return reject(location, "no problem text")
    if not (problem.gold_answer or "").strip() and not problem.tests:
        return reject(location, "no answer and no tests")
    if not is_unicode(problem):
        return reject(location, NOT_UNICODE)
    if unknown := unknown_domain(problem.domain):
        return reject(location, unknown)
    return replace(problem, problem_id=problem.problem_id or short_hash(problem.text))


def unknown_domain(domain: str) -> str:
    """Why a domain is none, with the nearest one; "" for one that is known."""
    if domain in set(Domain):
        return ""
    shown = reprlib.repr(domain)
    close = difflib.get_close_matches(domain.lower(), list(Domain), n=1, cutoff=0.5)
    meant = f"did you mean {close[0]}? " if close else ""
    return f"domain {shown} is not known; {meant}it is one of {', '.join(Domain)}"


def parse_columns(record: Mapping[str, Any], location: str, source: Source) -> Problem | Rejection:
    """A record whose columns are fields of `Problem`; an unknown column is a `DataError`."""
    if unknown := sorted(record.keys() - COLUMNS):
        raise DataError(
            f"{location}: unknown column {unknown[0]!r}; columns are {', '.join(COLUMNS)}"
        )
    lists = lists_of(record, location)
    if isinstance(lists, Rejection):
        return lists
    stated = record.get("source")
    if not isinstance(stated, Mapping | None) or not _is_source(stated or {}):
        return reject(location, "source is not {dataset, revision, split, licence}")
    problem = Problem(
        problem_id=text_of(record, "problem_id"),
        domain=text_of(record, "domain") or Domain.MATH,
        text=text_of(record, "text"),
        gold_answer=None if record.get("gold_answer") is None else text_of(record, "gold_answer"),
        source=source if stated is None else Source(**stated),
        known=known_in(record.get("known")),
        **lists,
    )
    return new_problem(location, problem)


def _is_source(stated: Mapping[str, Any]) -> bool:
    """Whether all keys are fields of `Source`, and all values are texts or absent."""
    texts = all(isinstance(value, str | None) for value in stated.values())
    return texts and stated.keys() <= SOURCE_COLUMNS


def json_lines(path: Path) -> Iterator[tuple[str, Any]]:
    """Each line's value with its location; blank lines are passed over."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                # Some editors begin a file with a byte order mark.
                text = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
                if not text.strip():
                    continue
                try:
                    value = _json(text, f"{path}:{number}")
                except DataError as error:
                    if not _is_patient.get():
                        raise
                    reason = str(error).removeprefix(f"{path}:{number}: ")
                    value = _broken(reason, is_whole=text.endswith(b"\n"))
                yield f"{path}:{number}", value
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error


def _broken(reason: str, *, is_whole: bool) -> Faulty:
    """A line that is no JSON; one without an end is still being written."""
    if not is_whole:
        return Faulty("the line breaks off: the file is still being written", HALF_WRITTEN)
    return Faulty(reason.removesuffix("; mend or delete the line"))


def _json(line: bytes, location: str) -> Any:
    try:
        return json_value(line.decode())
    except RecursionError as error:
        raise DataError(f"{location}: not JSON ({TOO_DEEP}); mend or delete the line") from error
    except ValueError as error:
        reason = getattr(error, "msg", None) or str(error)
        raise DataError(f"{location}: not JSON ({reason}); mend or delete the line") from error


def read_as(parse: Parse, record: Any, place: str, source: Source) -> Problem | Rejection:
    """What a parser makes of a record; one that is unfit is a rejection with the reason."""
    if isinstance(record, Faulty):
        return reject(place, record.reason, record.stage)
    if not isinstance(record, Mapping):
        return reject(place, "not a JSON object")
    try:
        return parse(record, place, source)
    except Unfit as unfit:
        return reject(place, str(unfit))


def problems(
    origin: str, records: Iterable[tuple[str, Any]], parse: Parse, source: Source
) -> Iterator[Problem | Rejection]:
    """Parses records one by one; ids stay unique, and a set without any problem is an error."""
    reason, n_read = "it is empty", 0
    with first_seen() as locations:
        for location, record in records:
            read = read_as(parse, record, location, source)
            if (
                isinstance(read, Problem)
                and (first := locations.setdefault(read.problem_id, location)) != location
            ):
                read = reject(location, f"problem_id {read.problem_id} is already used by {first}")
            if isinstance(read, Problem):
                n_read += 1
            else:
                reason = f"last record: {read.reason}"
            yield read
    if not n_read:
        raise DataError(f"{origin}: no problem in it ({reason}); check the file and its format")


def content_revision(path: Path) -> str:
    """A revision for local data: hash over the bytes of a file, or of a folder's files by name."""
    digest = hashlib.sha256()
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    for file in files:
        name = b"" if file == path else file.relative_to(path).as_posix().encode()
        with file.open("rb") as content:
            digest.update(name + hashlib.file_digest(content, "sha256").digest())
    return f"sha256:{digest.hexdigest()[:16]}"
