"""What makes two runs the same: problems, settings, models, checker, sandbox and environments, by
their content.

Where the files lie is no part of it, nor what the problems' file is called. Runs whose id is of an
older form (0.1.0 of November 2026, which took paths and names in) keep it, and are found by it,
even where rules of checking have changed since: such a run is there, and what became stale in it
is for `refresh` to label anew.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from labeler.records import Problem, Solution, short_hash
from labeler.schema import plain

if TYPE_CHECKING:
    from labeler.labelling.parts import Parts

RULES_OF_THEN = {
    "math_answer": 1, "literal": 1, "code-tests": 1, "bubblewrap": 2, "unsafe": 2, "remote": 2
}  # fmt: skip
"""Versions of checkers and sandboxes, by the names that their fingerprints begin with, when ids had
the older form. Nothing is added here."""

LOCAL = ("sha256:", "delta:")
"""How revisions of local data begin: a hash of the bytes, a version of a table."""


def run_ids(parts: Parts) -> tuple[str, ...]:
    """The id of a run, then those that earlier versions gave the same one."""
    models = [f"{name}={parts.samplers[name].fingerprint}" for name in sorted(parts.samplers)]
    judges = [parts.checker.fingerprint]
    judges += [parts.sandbox.fingerprint] if parts.sandbox else []
    judges += [f"{one.name}={one.fingerprint}" for one in parts.environments]
    content, shown = _digests(chain(parts.problems, parts.recipe.existing_solutions.values()))
    if annotations := parts.recipe.annotations:
        # Labels of the file are in the dataset: others make another run.
        content = short_hash(content, repr(sorted(annotations.items(), key=itemgetter(0))))
    today = short_hash(parts.config_sha, content, *models, *judges)
    if parts.again:
        return (short_hash(today, "again", str(parts.again)),)
    of_then = [as_of_then(one) for one in judges]
    earlier = [
        short_hash(sha, shown, *models, *known)
        for sha in parts.earlier_shas
        for known in (judges, of_then)
    ]
    return tuple(dict.fromkeys([today, *earlier]))


def as_of_then(fingerprint: str) -> str:
    """The fingerprint of a checker or sandbox with the versions of its rules at that time."""
    for name, version in RULES_OF_THEN.items():
        fingerprint = re.sub(rf"\b{name}-\d+", f"{name}-{version}", fingerprint)
    return fingerprint


def _digests(records: Iterator[Problem | tuple[Solution, ...]]) -> tuple[str, str]:
    """Over all records by what they say, and as it was once done: by how Python shows them."""
    content, shown = hashlib.sha256(), hashlib.sha256()
    for record in records:
        content.update(json.dumps(_said(record), sort_keys=True).encode())
        if isinstance(record, Problem):
            # Domains were plain texts then.
            record = replace(record, domain=str(record.domain))  # noqa: PLW2901
        shown.update(repr(record).encode("utf-8", "surrogatepass"))
    return content.hexdigest(), shown.hexdigest()


def _said_of_solution(solution: Solution) -> dict[str, Any]:
    said: dict[str, Any] = plain(solution)
    # Which ids did not know before schema versions 3 and 4.
    return {k: v for k, v in said.items() if v is not None or k not in ("logprobs", "trajectory")}


def _said(record: Problem | tuple[Solution, ...]) -> Any:
    """A record as JSON has it, without the name of a local file."""
    if not isinstance(record, Problem):
        return [_said_of_solution(solution) for solution in record]
    if record.source.revision.startswith(LOCAL):
        record = replace(record, source=replace(record.source, dataset=""))
    said: dict[str, Any] = plain(record)
    if record.known is None:
        del said["known"]  # which ids did not know before schema version 4
    return said
