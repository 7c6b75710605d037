"""What a source holds that a dataset was not labelled for, and what it holds no more.

A problem is known by the hash of its content, so a moved file or a new id is nothing new. What the
source held when it was labelled and holds no more was changed or deleted, and its labels are
withdrawn: a problem whose file gives ids is the one with the same id, any other the new one in the
same file (else in any) whose text is nearest; where none is near, it was deleted. Only problems
that are known to come from this source are taken for deleted, and none where not all of the source
was seen: it is empty, a limit cuts it short, or the file was still being written.

Does not cover reading the source (`labeler.labelling.held`) or labelling (`flows.incremental`).
Source of nearness: Ratcliff and Metzener, "Pattern Matching: The Gestalt Approach" (1988), difflib.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from labeler.consensus.base import Learner, Rule
from labeler.dataset.ledger import content_sha, newest_version, note_withdrawn, read_ledger
from labeler.dataset.reader import open_dataset
from labeler.dataset.storage import Location
from labeler.dataset.store import has_log
from labeler.dataset.withdraw import withdraw
from labeler.labelling.held import Held
from labeler.problems.base import HALF_WRITTEN
from labeler.recompute.rows import decided_by
from labeler.recompute.version import was_recomputed
from labeler.records import Problem, Rejection
from labeler.schema import from_plain

NEAR = 0.6
"""Texts that have so much in common are one problem, reworded (difflib's own rule of thumb)."""

SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Origin:
    """Which source is looked at, and whether what is not there counts as deleted.

    `name` is that of the ledger, "" for none; `sees_all` where nothing cuts the source short.
    """

    name: str = ""
    sees_all: bool = True
    keep_deleted: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One problem that is not what it was: what happened ("reworded", ...), to which, in words."""

    what: str
    problem_id: str
    detail: str

    def __str__(self) -> str:
        return f"{self.what}: {self.problem_id} ({self.detail})"


@dataclass(frozen=True, slots=True)
class NewProblems:
    """What a source holds beyond a dataset: new problems, and ids that stand for other content."""

    problems: tuple[Problem, ...]
    rejections: tuple[Rejection, ...]
    n_known: int
    replaced: Mapping[str, str]
    """problem_id to the content that it has now, where the dataset has labels for another."""
    seen_at: int
    """The dataset's version that was looked at, -1 where there is none."""
    gone: frozenset[str] = frozenset()
    """Contents that were reworded under another id, or deleted."""
    changes: tuple[Change, ...] = field(default=(), compare=False)
    n_withdrawn_before: int = field(default=0, compare=False)
    """How often new problems had been labelled and taken out: the run that did is another one."""

    def makes_stale(self, row: Mapping[str, Any]) -> bool:
        """Whether a row labels a problem as it no longer is."""
        sha = content_sha(from_plain(Problem, row))
        now = self.replaced.get(row["problem_id"])
        return (now is not None and sha != now) or sha in self.gone


def find_new_problems(held: Held, out: Location, origin: Origin = Origin()) -> NewProblems:
    """Compares what the source holds with what the dataset was labelled for."""
    seen_at = newest_version(out)
    ledger = read_ledger(out)
    known = ledger.names()
    new = [sha for sha in held.ids if sha not in known]
    problems = dict(zip(new, held.problems(new), strict=True))
    # A content that the source still has, under whatever id, is not replaced.
    missing = {sha: name for sha, name in known.items() if sha not in held.ids}
    ids = {name: sha for sha, name in held.ids.items()}
    replaced = {name: ids[name] for name in sorted({*missing.values()} & ids.keys())}
    changes = [
        Change("changed", name, _start(now.text))
        for name, now in zip(replaced, held.problems(replaced.values()), strict=True)
    ]
    gone: frozenset[str] = frozenset()
    if origin.name and held.ids and origin.sees_all:
        ours = {
            sha
            for sha, made in ledger.made(missing.keys()).items()
            if origin.name in made.origins and made.problem_id not in replaced
        }
        unfinished = {
            Path(_file_of(one)).stem for one in held.rejections if one.stage == HALF_WRITTEN
        }
        gone, more = _gone(out, ours, list(problems.values()), unfinished, origin.keep_deleted)
        changes += more
    before = ledger.withdrawals()
    return NewProblems(
        tuple(problems.values()),
        held.rejections,
        len(held.ids) - len(new),
        replaced,
        seen_at,
        gone,
        tuple(changes),
        max((before.get(sha, 0) for sha in new), default=0),
    )


def withdraw_changed(found: NewProblems, out: Location, rule: Rule | None = None) -> int | None:
    """Takes out the labels of problems that were changed; the version without them, if any were.

    A `rule` that learns decides the others anew, as it would had they been all from the first.
    """
    if not found.replaced and not found.gone:
        return None
    taken_out: set[str] = set()

    def stale(row: Mapping[str, Any]) -> bool:
        is_stale = found.makes_stale(row)
        if is_stale:
            taken_out.add(content_sha(from_plain(Problem, row)))
        return is_stale

    def note(run_id: str) -> None:
        note_withdrawn(out, run_id, taken_out | found.gone)

    if isinstance(rule, Learner) and not was_recomputed(out):
        return withdraw(out, stale, note, partial(decided_by, rule))
    return withdraw(out, stale, note)


def _gone(
    out: Location,
    missing: set[str],
    new: list[Problem],
    unfinished: set[str],
    keep_deleted: bool,
) -> tuple[frozenset[str], list[Change]]:
    """Which of the missing contents are no more, and what became of each."""
    gone, changes = set(), []
    left = list(new)
    for sha, old in _with_labels(out, missing).items():
        same_file = [one for one in left if one.source.split == old.source.split]
        successor = _nearest(old, same_file) or _nearest(old, left)
        if successor is not None:
            left.remove(successor)
            gone.add(sha)
            detail = f"now {successor.problem_id}: {_start(successor.text)}"
            changes.append(Change("reworded", old.problem_id, detail))
        elif {old.source.dataset, old.source.split} & unfinished:
            detail = f"not in a file that is still being written, so kept: {_start(old.text)}"
            changes.append(Change("kept", old.problem_id, detail))
        elif keep_deleted:
            changes.append(Change("kept", old.problem_id, f"deleted: {_start(old.text)}"))
        else:
            gone.add(sha)
            changes.append(Change("deleted", old.problem_id, _start(old.text)))
    return frozenset(gone), changes


def _with_labels(out: Location, shas: set[str]) -> dict[str, Problem]:
    """The problems of these contents that have rows, in the order of the dataset."""
    if not shas or not has_log(out):
        return {}
    found: dict[str, Problem] = {}
    for row in open_dataset(out).rows():
        problem = from_plain(Problem, row)
        sha = content_sha(problem)
        if sha in shas:
            found.setdefault(sha, problem)
    return found


def _nearest(old: Problem, candidates: Sequence[Problem]) -> Problem | None:
    """The candidate whose text is nearest, if one is near at all."""
    compared = difflib.SequenceMatcher(autojunk=False)
    compared.set_seq2(old.text)
    best, most = None, NEAR
    for one in candidates:
        compared.set_seq1(one.text)
        # Cheap upper bounds first.
        if compared.real_quick_ratio() > most and compared.quick_ratio() > most:
            ratio = compared.ratio()
            if ratio > most:
                best, most = one, ratio
    return best


def _file_of(rejection: Rejection) -> str:
    """The file of a location, FILE or FILE:LINE."""
    file, colon, number = rejection.record_id.rpartition(":")
    return file if colon and number.isdigit() else rejection.record_id


def _start(text: str) -> str:
    """The beginning of a problem, on one line."""
    words = " ".join(text.split())
    return words if len(words) <= SHOWN_CHARACTERS else f"{words[:SHOWN_CHARACTERS]}..."
