"""What the pages ask for: versions, lists, solutions, trees, and the reviews made on them.

No page is written here (`labeler.view.app` does) and nothing of HTTP is known, so a notebook could
use it as well. Safe to call from several threads.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from labeler.dataset import Dataset, open_dataset
from labeler.dataset.storage import storage_of
from labeler.dataset.store import log_of, open_table
from labeler.dataset.summary import bands_by_problem
from labeler.errors import DatasetError
from labeler.records import LabeledSolution
from labeler.schema import labeled_solution
from labeler.stats import LabelStatistics, label_statistics
from labeler.view.accuracy import Accuracy, accuracy
from labeler.view.committing import commit_reviews, reviewed
from labeler.view.filters import Filters
from labeler.view.index import Index, open_index
from labeler.view.prefix_tree import Tree, tree_of
from labeler.view.reviews import Review, Reviews
from labeler.view.rows import read_rows
from labeler.view.search import Search

MOST_IN_TREE = 200
LISTS_IN_MEMORY = 8
VERSIONS_IN_MEMORY = 2
VERSIONS_COUNTED = 16

Numbers = np.ndarray[Any, np.dtype[np.uint32]]


@dataclass(frozen=True)
class Shown:
    """One version with its index."""

    dataset: Dataset
    index: Index

    @cached_property
    def domains(self) -> list[str]:
        return sorted(map(str, self.index.table["domain"].unique()))

    @cached_property
    def labelers(self) -> list[str]:
        sets = self.index.table["said"].unique().to_list()
        lines = {line for lines in sets for line in str(lines).split("\n") if line}
        return sorted({line.split("\t")[0] for line in lines})

    @cached_property
    def bands(self) -> Numbers:
        """By row the difficulty of its problem, as its place in `BANDS`."""
        problems, bands = bands_by_problem(self.dataset)
        mine = self.index.table["problem_id"].hash().to_numpy()
        found: Numbers = bands[np.searchsorted(problems, mine)]
        return found

    def read(self, numbers: list[int], columns: tuple[str, ...] | None = None) -> list[Any]:
        """Rows as plain dicts."""
        return read_rows(self.index.files, self.index.starts, numbers, columns)


@dataclass(frozen=True, slots=True)
class Page:
    """A solution as stored and as it will be with the pending reviews; where it stands in a list.

    `said` holds the pending label of a prefix.
    """

    row: int
    stored: LabeledSolution
    labeled: LabeledSolution
    run_id: str
    said: dict[str, int]
    position: int | None
    n: int
    before: int | None
    after: int | None


class Viewer:
    """A dataset that is looked at and reviewed. `work` holds its index and its reviews."""

    def __init__(
        self,
        dataset: Dataset,
        work: Path | None = None,
        reviewer: str = "",
        on_file: Callable[[Path, int, int], None] = lambda *_: None,
    ) -> None:
        self.path = dataset.path
        self.work = work or storage_of(dataset.path).local / "_view"
        self.reviewer = reviewer
        self._on_file = on_file
        self._lock, self._committing = threading.Lock(), threading.Lock()
        self._shown: dict[int, Shown] = {}
        self._is_closed = False
        self.reviews = Reviews(self.work / "reviews.sqlite")
        self.search = Search(self.work / "words.sqlite")
        self._rows_matching = lru_cache(LISTS_IN_MEMORY)(self._match)
        self.statistics = lru_cache(VERSIONS_COUNTED)(self._count)
        self.version = dataset.version

    def close(self) -> None:
        """Stops what works in the background; reviews stay where they are."""
        self._is_closed = True
        self.search.stop()
        self.reviews.close()

    def shown(self, version: int) -> Shown:
        """A version with its index, built where it is missing. Raises `DatasetError`."""
        known = self._shown.get(version)
        if known is not None:
            return known
        with self._lock:
            if version not in self._shown:
                dataset = open_dataset(self.path, version)
                index = open_index(dataset, self.work, self._on_file)
                kept = list(self._shown.items())[1 - VERSIONS_IN_MEMORY :]
                # A new dict, so that pages which read the old one meanwhile are not disturbed.
                self._shown = {**dict(kept), version: Shown(dataset, index)}
                if not self._is_closed:
                    self.search.start(index.names)
            return self._shown[version]

    def open_ahead(self) -> None:
        """Opens the newest version's index in the background: statistics do not wait for it.

        What goes wrong is told where the index is asked for.
        """

        def open_it() -> None:
            with contextlib.suppress(DatasetError):
                self.shown(self.version)

        threading.Thread(target=open_it, daemon=True).start()

    def _count(self, version: int) -> LabelStatistics:
        return label_statistics(open_dataset(self.path, version))

    def version_before(self, version: int) -> int | None:
        """The version before this one, None for the first."""
        return max((number for number in self.versions() if number < version), default=None)

    def checked(self) -> tuple[int, int]:
        """How many labels people have looked at, pending ones too, and agreed with."""
        judged = [one for one in self.reviews.judged() if one.label is not None]
        return len(judged), sum(one.agreed for one in judged)

    def n_judged(self, version: int, rows: Numbers) -> int:
        """How many of these rows a person has judged, pending ones too."""
        human = self.shown(version).index.table["human"].to_numpy()
        pending = np.array(self.pending_rows(version), np.uint32)
        found: int = int((human[rows] | np.isin(rows, pending)).sum())
        return found

    def versions(self) -> list[int]:
        """All version numbers, newest first."""
        return [entry.version for entry in reversed(log_of(open_table(self.path)))]

    def rows_matching(self, version: int, filters: Filters) -> Numbers:
        """The row numbers a list shows, in its order."""
        index = self.shown(version).index
        n_done = self.search.n_done([*index.names]) if filters.q else 0
        pending = self.pending_rows(version) if filters.human else ()
        return self._rows_matching(version, filters, n_done, tuple(pending))

    def _match(
        self, version: int, filters: Filters, _n_done: int, pending: tuple[int, ...]
    ) -> Numbers:
        index = self.shown(version).index
        hits: Collection[int] | None = None
        if filters.q:
            found = self.search.find(filters.q, [*index.names])
            hits = [index.starts[file] + row for file, row in found]
        bands = self.shown(version).bands if filters.band else None
        return filters.matching(index.table, hits, pending, bands).to_numpy()

    def pending_rows(self, version: int) -> list[int]:
        """Rows on which a label was given that is not committed yet."""
        import polars as pl

        keys = {(r.run_id, r.solution_id) for r in self.reviews.pending()}
        if not keys:
            return []
        table = self.shown(version).index.table
        near = table.filter(pl.col("solution_id").is_in([solution for _, solution in keys]))
        lines = near.select("row", pl.col("run_id").cast(pl.String), "solution_id").rows()
        return [number for number, run_id, solution in lines if (run_id, solution) in keys]

    def page(self, version: int, row: int, filters: Filters) -> Page:
        """One solution and its neighbours in a list. Raises `DatasetError` for no such row."""
        stored, run_id = self._solution(version, row)
        pending = self.reviews.pending(stored.problem.problem_id)
        rows = self.rows_matching(version, filters)
        at = np.flatnonzero(rows == row)
        position = int(at[0]) if at.size else None
        return Page(
            row,
            stored,
            reviewed(stored, pending),
            run_id,
            {review.prefix_id: review.label for review in pending},
            position,
            len(rows),
            *self._neighbours(version, filters, rows, position),
        )

    def _neighbours(
        self, version: int, filters: Filters, rows: Numbers, position: int | None
    ) -> tuple[int | None, int | None]:
        """The rows before and after; a queue of reviews passes over those just judged.

        A solution that has left the list (a review settled it) leads on to the list's first.
        """
        done = set(self.pending_rows(version)) if filters.is_queue else set()
        rest = rows if position is None else rows[position + 1 :]
        later = (int(row) for row in rest if int(row) not in done)
        return int(rows[position - 1]) if position else None, next(later, None)

    def _solution(self, version: int, row: int) -> tuple[LabeledSolution, str]:
        shown = self.shown(version)
        if not 0 <= row < len(shown.index):
            raise DatasetError(f"{self.path}: version {version} has no row {row}")
        [columns] = shown.read([row])
        return labeled_solution(columns), columns["run_id"]

    def tree(self, version: int, row: int) -> tuple[LabeledSolution, Tree, dict[int, Any], int]:
        """The trie of a row's problem: that solution, the trie, its solutions, how many exist."""
        import polars as pl

        shown = self.shown(version)
        solution, _ = self._solution(version, row)
        table = shown.index.table
        same = table.filter(pl.col("problem_id") == solution.problem.problem_id)["row"].to_list()
        numbers = same[:MOST_IN_TREE]
        pending = self.reviews.pending(solution.problem.problem_id)
        rows = [
            (number, reviewed(labeled_solution(columns), pending))
            for number, columns in zip(numbers, shown.read(numbers), strict=True)
        ]
        return solution, tree_of(rows), dict(rows), len(same)

    def review(self, version: int, row: int, labels: dict[int, int], note: str = "") -> None:
        """Labels steps of a solution, by their index, for good unless taken back."""
        stored, run_id = self._solution(version, row)
        if any(not 0 <= step < len(stored.steps) for step in labels):
            raise DatasetError(f"row {row} has {len(stored.steps)} steps")
        self.reviews.add(
            Review(
                stored.problem.problem_id,
                run_id,
                stored.solution.solution_id,
                stored.steps[step].prefix_id,
                label,
                note,
                self.reviewer,
                stored.steps[step].label,
                stored.steps[step].probability,
            )
            for step, label in labels.items()
        )

    def commit(self) -> int | None:
        """All pending reviews as one new version; None if there are none. Raises `DatasetError`."""
        with self._committing:
            version = commit_reviews(self.path, self.reviews, self.work)
            if version is not None:
                self.shown(version)
                self.version = version
            return version

    def row_of(self, version: int, run_id: str, solution_id: str) -> int | None:
        """The row of a solution in a version."""
        import polars as pl

        table = self.shown(version).index.table
        near = table.filter(pl.col("solution_id") == solution_id)
        rows = near.select("row", pl.col("run_id").cast(pl.String)).rows()
        return next((number for number, run in rows if run == run_id), None)

    def key_of(self, version: int, row: int) -> tuple[str, str]:
        """Run and solution of a row. Raises `DatasetError` for no such row."""
        stored, run_id = self._solution(version, row)
        return run_id, stored.solution.solution_id

    def n_steps(self, version: int, row: int) -> int:
        """How many steps the solution of a row has. Raises `DatasetError` for no such row."""
        return len(self._solution(version, row)[0].steps)

    def accuracy(self, version: int) -> Accuracy:
        """How many labels of a version are right, as far as reviews can tell."""
        return accuracy(self.shown(version).index.strata, self.reviews.judged())
