"""What makes two runs the same: problems, settings, models, checker and sandbox, by their content.

Where the files lie is no part of it, nor what the problems' file is called. Runs whose id is of an
older form (0.1.0 of November 2026, which took paths and names in) keep it, and are found by it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from labeler.records import Problem, Solution, short_hash

if TYPE_CHECKING:
    from labeler.labelling.run import Parts

LOCAL = ("sha256:", "delta:")
"""How revisions of local data begin: a hash of the bytes, a version of a table."""


def run_ids(parts: Parts) -> tuple[str, ...]:
    """The id of a run, then those that earlier versions gave the same one."""
    models = [f"{name}={parts.samplers[name].fingerprint}" for name in sorted(parts.samplers)]
    others = [*models, parts.checker.fingerprint]
    others += [parts.sandbox.fingerprint] if parts.sandbox else []
    content, named = _digests(chain(parts.problems, parts.recipe.given.values()))
    today = short_hash(parts.config_sha, content, *others)
    earlier = [short_hash(sha, named, *others) for sha in parts.earlier_shas]
    return tuple(dict.fromkeys([today, *earlier]))


def _digests(records: Iterator[Problem | tuple[Solution, ...]]) -> tuple[str, str]:
    """Over all records as far as their content goes, and with the names of local files."""
    content, named = hashlib.sha256(), hashlib.sha256()
    for record in records:
        whole = repr(record).encode("utf-8", "surrogatepass")
        named.update(whole)
        is_local = isinstance(record, Problem) and record.source.revision.startswith(LOCAL)
        if isinstance(record, Problem) and is_local:
            nameless = replace(record, source=replace(record.source, dataset=""))
            whole = repr(nameless).encode("utf-8", "surrogatepass")
        content.update(whole)
    return content.hexdigest(), named.hexdigest()
