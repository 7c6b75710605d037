"""The solutions of a dataset as a format wants them: one by one, or problem by problem.

Solutions of one problem may lie far apart (several runs in one dataset). They are gathered in
bucket files on disk, by a hash of the problem, so that memory holds one bucket at a time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING

from labeler.export.base import Unit
from labeler.records import LabeledSolution
from labeler.schema import labeled_solution
from labeler.seeds import derive_seed

if TYPE_CHECKING:
    from labeler.dataset import Dataset

ROWS_PER_BUCKET = 4096
MAX_BUCKETS = 256


def units(dataset: Dataset, unit: Unit, scratch: Path) -> Iterator[list[LabeledSolution]]:
    """All solutions, in groups of one or of one problem; `scratch` is a folder for bucket files."""
    if unit is Unit.SOLUTION:
        for labeled in dataset.solutions():
            yield [labeled]
        return
    for bucket in _buckets(dataset, scratch):
        by_problem: dict[str, list[LabeledSolution]] = {}
        with bucket.open(encoding="utf-8") as lines:
            for line in lines:
                labeled = labeled_solution(json.loads(line))
                by_problem.setdefault(labeled.problem.problem_id, []).append(labeled)
        bucket.unlink()
        yield from by_problem.values()


def _buckets(dataset: Dataset, scratch: Path) -> list[Path]:
    n_rows = sum(rows.n_rows for rows in dataset.columns("problem_id"))
    n_buckets = min(MAX_BUCKETS, 1 + n_rows // ROWS_PER_BUCKET)
    paths = [scratch / f"bucket-{number:03}.jsonl" for number in range(n_buckets)]
    with ExitStack() as stack:
        files: list[IO[str]] = [
            stack.enter_context(path.open("w", encoding="utf-8")) for path in paths
        ]
        for row in dataset.rows():
            bucket = derive_seed(0, "bucket", row["problem_id"]) % n_buckets
            files[bucket].write(json.dumps(row, ensure_ascii=False) + "\n")
    return paths
