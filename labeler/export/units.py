"""The solutions of a dataset as a format wants them: one by one, or problem by problem.

Solutions of one problem may lie far apart (several runs in one dataset). They are gathered in
bucket files on disk, by a hash of the problem, so that memory holds one bucket at a time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from labeler.dataset.decoded import solutions_of
from labeler.export.base import Unit
from labeler.records import LabeledSolution
from labeler.schema import arrow_schema
from labeler.seeds import derive_seed

if TYPE_CHECKING:
    import pyarrow as pa

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
        for labeled in solutions_of(_read(bucket)):
            by_problem.setdefault(labeled.problem.problem_id, []).append(labeled)
        bucket.unlink()
        yield from by_problem.values()


def _buckets(dataset: Dataset, scratch: Path) -> list[Path]:
    import pyarrow as pa

    n_rows = sum(rows.n_rows for rows in dataset.columns("problem_id"))
    n_buckets = min(MAX_BUCKETS, 1 + n_rows // ROWS_PER_BUCKET)
    paths = [scratch / f"bucket-{number:03}.arrow" for number in range(n_buckets)]
    with ExitStack() as stack:
        files = [stack.enter_context(pa.ipc.new_stream(path, arrow_schema())) for path in paths]
        for batch in dataset.batches():
            places: dict[int, list[int]] = defaultdict(list)
            for row, problem_id in enumerate(batch.column("problem_id").to_pylist()):
                places[derive_seed(0, "bucket", problem_id) % n_buckets].append(row)
            for bucket, rows in places.items():
                files[bucket].write_batch(batch.take(rows))
    return paths


def _read(bucket: Path) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    with pa.OSFile(str(bucket)) as file, pa.ipc.open_stream(file) as stream:
        yield from stream
