"""Another consensus on a stored dataset: the same solutions and evidence, labels recomputed.

The new version replaces all rows of the version that it was made from, and its entry in the log
tells from which, by what rule with what settings, and what the rule learned. Doing the same thing
again does nothing. Needs no model and no GPU.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from numpy import float32

from labeler.consensus.annotated import ANNOTATED
from labeler.consensus.base import Learner, Rule
from labeler.consensus.human import HUMAN
from labeler.dataset.reader import open_dataset
from labeler.dataset.rewrite import replace_rows
from labeler.dataset.shards import read_shards
from labeler.dataset.storage import Location, located
from labeler.dataset.store import CommitInfo, Version, has_log
from labeler.labelers.methods import METHODS
from labeler.recompute.rows import fitted_to, recomputed_rows
from labeler.records import LabeledSolution, short_hash
from labeler.version import code_version

if TYPE_CHECKING:
    import pyarrow as pa

CONSENSUS = "consensus"
"""Key of the log entry's `cost` under which a rule's settings and what it learned stand."""


@dataclass(slots=True)
class Changes:
    """How many solutions there are, were kept before, are kept now, have other labels, and differ
    in anything that a rule decides.
    """

    n_solutions: int = 0
    n_kept_before: int = 0
    n_kept: int = 0
    n_relabelled: int = 0
    n_different: int = 0

    def add(self, before: LabeledSolution, after: LabeledSolution) -> None:
        self.n_solutions += 1
        self.n_kept_before += before.consensus.kept
        self.n_kept += after.consensus.kept
        self.n_relabelled += _labels(before) != _labels(after)
        self.n_different += _decided(before) != _decided(after)


def _labels(row: LabeledSolution) -> list[int | None]:
    return [step.label for step in row.steps]


def _decided(row: LabeledSolution) -> tuple[Any, ...]:
    # Probabilities are stored as 32-bit floats.
    sure = [None if s.probability is None else float32(s.probability) for s in row.steps]
    return _labels(row), sure, row.first_error, row.consensus


@dataclass(frozen=True, slots=True)
class Recomputed:
    """What became of it. `version` holds the labels; where `already_there`, it did so before."""

    path: Location
    version: int
    made_from: int
    policy: str
    already_there: bool
    changes: Changes = field(default_factory=Changes)
    learned: Mapping[str, Any] = field(default_factory=dict)
    not_installed: tuple[str, ...] = ()
    """Methods whose evidence is there while they are not: it counted as that of any judge."""


def recompute_version(
    path: str | Location, rule: Rule, settings: Mapping[str, Any], version: int | None = None
) -> Recomputed:
    """Recomputes a version's labels (the newest one's by default) as the newest version.

    `settings` are all that decides what `rule` does, as JSON values. Raises `DatasetError`.
    """
    path = located(path)
    source = open_dataset(path, version)
    log = source.versions()
    newest = log[-1]
    evidence_of = _evidence_of(log, source.version)
    key = short_hash(json.dumps(settings, sort_keys=True), str(evidence_of), code_version())
    there = _recorded(newest)
    if there.get("key") == key:
        return Recomputed(path, newest.version, evidence_of, rule.name, True)

    def read() -> Iterator[pa.RecordBatch]:
        return read_shards(source.files(), remedy="restore it from a copy")

    ready = fitted_to(rule, read)
    changes = Changes()
    learned = ready.report() if isinstance(ready, Learner) else {}
    record = {
        "key": key,
        "evidence_of": evidence_of,
        "made_from": source.version,
        "settings": dict(settings),
        "learned": dict(learned),
    }

    def info() -> CommitInfo | None:
        if source.version == newest.version and not changes.n_different:
            return None
        return replace(
            _last_run(log, source.version),
            run_id=short_hash(CONSENSUS, key, str(newest.version)),
            code_version=code_version(),
            counts={"solutions": changes.n_solutions, "kept": changes.n_kept},
            cost={"calls": 0, "prompt_tokens": 0, "completion_tokens": 0, CONSENSUS: record},
        )

    seen: set[str] = set()

    def on_row(before: LabeledSolution, after: LabeledSolution) -> None:
        changes.add(before, after)
        seen.update(piece.labeler for step in before.steps for piece in step.evidence)

    made = replace_rows(path, newest.version, recomputed_rows(read(), ready, on_row), info)
    gone = tuple(sorted(seen - {ANNOTATED, HUMAN, *METHODS}))
    there_already = made is None
    found = newest.version if made is None else made
    return Recomputed(path, found, source.version, rule.name, there_already, changes, learned, gone)


def was_recomputed(path: Location) -> bool:
    """Whether somebody has chosen a rule for these labels that no run file knows of."""
    return has_log(path) and any(_recorded(entry) for entry in open_dataset(path).versions())


def _recorded(entry: Version) -> Mapping[str, Any]:
    """What `recompute_version` noted in an entry of the log, {} if it did not write the entry."""
    noted = entry.info.cost.get(CONSENSUS, {}) if entry.info is not None else {}
    return noted if "evidence_of" in noted else {}


def _evidence_of(log: Sequence[Version], version: int) -> int:
    """The version that brought the evidence: recomputing labels adds none."""
    entry = next(entry for entry in log if entry.version == version)
    found: int = _recorded(entry).get("evidence_of", version)
    return found


def _last_run(log: Sequence[Version], version: int) -> CommitInfo:
    return next(
        entry.info for entry in reversed(log) if entry.info is not None and entry.version <= version
    )
