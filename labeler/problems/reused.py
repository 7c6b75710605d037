"""Ids that a file of solutions uses again: what they stand for must stay clear.

A problem's id stands for one problem: a record that means another by it is rejected. A solution's
id is often its problem's, so one that stands for other steps already is made distinct: a hash of
problem and steps is added, which does not depend on what came between. The same solution under the
same id is rejected. Does not cover the same solution under another id: both stay.

Memory holds no texts: what came first is kept on disk, as hashes with its location.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace

from labeler.problems.base import reject
from labeler.records import Problem, Rejection, Solution, short_hash
from labeler.scratch import OnDiskFirstSeen, first_seen

DEFINING = tuple(
    field.name for field in fields(Problem) if field.name not in ("problem_id", "source")
)


class UsedIds:
    """The ids of the records before, and of this one once it was asked for."""

    def __init__(self, problems: OnDiskFirstSeen, solutions: OnDiskFirstSeen) -> None:
        self._problems, self._solutions = problems, solutions

    def clash(self, problem: Problem, location: str) -> Rejection | None:
        """Why the problem's id is not clear; None if it is new, or stands for this problem."""
        mine = [short_hash(repr(getattr(problem, name))) for name in DEFINING]
        noted = self._problems.setdefault(problem.problem_id, " ".join([*mine, location]))
        *first, where = noted.split(" ", len(mine))
        differ = [name for name, a, b in zip(DEFINING, first, mine, strict=True) if a != b]
        if not differ:
            return None
        used = f"problem_id {problem.problem_id} is already used by {where}"
        return reject(location, f"{used} with another {', '.join(differ)}")

    def distinct(self, solution: Solution, location: str) -> Solution | Rejection:
        """The solution under an id that no other one has."""
        content = short_hash(solution.problem_id, *solution.steps)
        name, mine = solution.solution_id, f"{content} {location}"
        while (first := self._solutions.setdefault(name, mine)) != mine:
            known, where = first.split(" ", 1)
            if known == content:
                return reject(location, f"same id, problem and steps as {where}")
            name = f"{name}-{content}"
        return replace(solution, solution_id=name)


@contextmanager
def used_ids() -> Iterator[UsedIds]:
    """Those of one file, empty at first."""
    with first_seen() as problems, first_seen() as solutions:
        yield UsedIds(problems, solutions)
