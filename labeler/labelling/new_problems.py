"""What a source holds that a dataset was not labelled for.

A problem is known by the hash of its content, so a moved file or a new id is nothing new, and a
corrected answer is: its problem is labelled again and the labels of the old one are withdrawn.
Does not cover reading the source (`labeler.wiring.problems`) or labelling (`flows.incremental`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labeler.dataset.ledger import content_sha, labelled, newest_version
from labeler.dataset.storage import Location
from labeler.dataset.withdraw import withdraw
from labeler.records import Problem, Rejection
from labeler.schema import from_plain


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

    def makes_stale(self, row: Mapping[str, Any]) -> bool:
        """Whether a row labels a problem as it no longer is."""
        now = self.replaced.get(row["problem_id"])
        return now is not None and content_sha(from_plain(Problem, row)) != now


def find_new_problems(
    problems: Sequence[Problem], rejections: Sequence[Rejection], out: Location
) -> NewProblems:
    """Compares what the source holds with what the dataset was labelled for."""
    seen_at = newest_version(out)
    known = labelled(out)
    now = {content_sha(problem): problem for problem in problems}
    new = tuple(problem for sha, problem in now.items() if sha not in known)
    # A content that the source still has, under whatever id, is not replaced.
    gone = {made.problem_id for sha, made in known.items() if sha not in now}
    ids = {problem.problem_id: sha for sha, problem in now.items()}
    replaced = {name: ids[name] for name in sorted(gone & ids.keys())}
    return NewProblems(new, tuple(rejections), len(now) - len(new), replaced, seen_at)


def withdraw_changed(found: NewProblems, out: Location) -> int | None:
    """Takes out the labels of problems that were changed; the version without them, if any were."""
    return withdraw(out, found.makes_stale) if found.replaced else None
