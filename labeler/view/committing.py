"""Reviews become a new version: their evidence is added, the labels follow, one commit.

Every row of a reviewed problem whose steps pass through a reviewed prefix gets the evidence and is
recomputed by `labeler.consensus.human.apply_human_reviews`. Reviews go to the newest version,
whichever was looked at: a prefix means the same in all of them. A commit that was cut off is
finished under its old name first, so no review enters twice.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from labeler.consensus.human import apply_human_reviews, human_evidence
from labeler.dataset import CommitInfo, Dataset, open_dataset
from labeler.dataset.amend import amend
from labeler.dataset.storage import Location
from labeler.dataset.store import version_of_run
from labeler.errors import DatasetError
from labeler.records import Evidence, LabeledSolution
from labeler.schema import labeled_solution, provenance_of, row
from labeler.version import code_version
from labeler.view.index import open_index
from labeler.view.reviews import Review, Reviews
from labeler.view.rows import read_rows


def reviewed(labeled: LabeledSolution, reviews: Sequence[Review]) -> LabeledSolution:
    """The solution as it will be once these reviews are committed; unchanged if none is on it."""
    said = by_prefix(reviews)
    if not any(step.prefix_id in said for step in labeled.steps):
        return labeled
    steps = tuple(
        dataclasses.replace(step, evidence=(*step.evidence, *said.get(step.prefix_id, ())))
        for step in labeled.steps
    )
    return apply_human_reviews(dataclasses.replace(labeled, steps=steps))


def by_prefix(reviews: Sequence[Review]) -> Mapping[str, list[Evidence]]:
    """One piece of evidence per prefix: the last word on it."""
    last = {review.prefix_id: review for review in reviews}
    said: dict[str, list[Evidence]] = defaultdict(list)
    for review in last.values():
        said[review.prefix_id].append(
            human_evidence(review.prefix_id, review.label, review.note, review.reviewer)
        )
    return dict(said)


def commit_reviews(path: Location, reviews: Reviews, work: Path) -> int | None:
    """Commits what is pending as one new version and returns its number, None if nothing is.

    Raises `DatasetError` where another process is committing; the reviews then stay pending.
    """
    version: int | None = None
    while True:
        batch, pending = reviews.begin(uuid4().hex[:16])
        if not pending:
            return version
        run_id = f"review-{batch}"
        done = version_of_run(path, run_id)
        if done is None:
            try:
                done = _commit(path, run_id, pending, work)
            except DatasetError:
                if version_of_run(path, run_id) is None:
                    reviews.release(batch)
                raise
        reviews.committed(batch, done)
        version = done


def _commit(path: Location, run_id: str, pending: Sequence[Review], work: Path) -> int:
    dataset = open_dataset(path)
    last = next(entry.info for entry in reversed(dataset.versions()) if entry.info is not None)
    info = CommitInfo(
        run_id=run_id,
        config_sha=last.config_sha,
        code_version=code_version(),
        model=last.model,
        model_sha=last.model_sha,
        seed=last.seed,
        counts={"reviews": len(by_prefix(pending))},
        cost={"calls": 0, "prompt_tokens": 0, "completion_tokens": 0},
    )
    return amend(path, _changed(dataset, pending, work), info)


def _changed(
    dataset: Dataset, pending: Sequence[Review], work: Path
) -> Iterator[Mapping[str, Any]]:
    """The rows that a reviewed prefix lies in, as they are from now on."""
    import polars as pl

    index = open_index(dataset, work)
    problems = list({review.problem_id for review in pending})
    numbers = index.table.filter(pl.col("problem_id").is_in(problems))["row"].to_list()
    for columns in read_rows(index.files, index.starts, numbers):
        before = labeled_solution(columns)
        after = reviewed(before, pending)
        if after is not before:
            yield row(after, provenance_of(columns))
