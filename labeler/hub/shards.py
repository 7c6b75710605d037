"""The rows of a dataset as Parquet shards under the names that the Hub and `datasets` expect.

`data/<split>-00000-of-000NN.parquet`: content-defined chunks, so that the Hub stores only what
changed between versions; a page index and small row groups, so that its viewer reads little.
Source: huggingface.co/docs/hub/datasets-file-names-and-splits, blog "Parquet content-defined
chunking".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from labeler.dataset.shards import read_shards
from labeler.schema import arrow_schema

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from labeler.dataset import Dataset

ROWS_PER_GROUP = 500
BYTES_PER_SHARD = 256 * 2**20


@dataclass(frozen=True, slots=True)
class SplitSize:
    """What one split holds; `n_bytes` is the size of its files."""

    n_examples: int
    n_bytes: int
    files: tuple[str, ...]


def write_splits(
    dataset: Dataset, splits: Mapping[str, str], folder: Path, max_bytes: int = BYTES_PER_SHARD
) -> dict[str, SplitSize]:
    """Writes `folder/<split>-...parquet` for every split that has rows; rows keep their order.

    `splits` gives the split of every problem id.
    """
    import pyarrow as pa

    writers = {name: _SplitWriter(folder, name, max_bytes) for name in sorted(set(splits.values()))}
    for batch in read_shards(dataset.files(), remedy="restore it from a copy"):
        split_of_row = [splits[problem] for problem in batch["problem_id"].to_pylist()]
        for name in dict.fromkeys(split_of_row):
            writers[name].add(batch.filter(pa.array([one == name for one in split_of_row])))
    sizes = {name: writer.finish() for name, writer in writers.items()}
    return {name: size for name, size in sizes.items() if size.n_examples}


@dataclass
class _SplitWriter:
    folder: Path
    name: str
    max_bytes: int
    _n_examples: int = 0
    _pending: list[pa.RecordBatch] = field(default_factory=list)
    _paths: list[Path] = field(default_factory=list)
    _writer: pq.ParquetWriter | None = None

    def add(self, rows: pa.RecordBatch) -> None:
        """Rows are gathered until they fill a row group."""
        self._pending.append(rows)
        if sum(batch.num_rows for batch in self._pending) >= ROWS_PER_GROUP:
            self._write()

    def _write(self) -> None:
        import pyarrow as pa

        rows = pa.Table.from_batches(self._pending, arrow_schema())
        self._pending = []
        for group in range(0, rows.num_rows, ROWS_PER_GROUP):
            if self._writer is None:
                self._writer = self._next_file()
            self._writer.write_table(rows.slice(group, ROWS_PER_GROUP))
            if self._paths[-1].stat().st_size >= self.max_bytes:
                self._close()
        self._n_examples += rows.num_rows

    def finish(self) -> SplitSize:
        """Closes the last file and names all of them, now that their number is known."""
        self._write()
        self._close()
        total = len(self._paths)
        named = [
            path.rename(self.folder / f"{self.name}-{number:05}-of-{total:05}.parquet")
            for number, path in enumerate(self._paths)
        ]
        n_bytes = sum(path.stat().st_size for path in named)
        return SplitSize(self._n_examples, n_bytes, tuple(path.name for path in named))

    def _next_file(self) -> pq.ParquetWriter:
        import pyarrow.parquet as pq

        self._paths.append(self.folder / f".{self.name}-{len(self._paths):05}")
        return pq.ParquetWriter(
            self._paths[-1],
            arrow_schema(),
            compression="zstd",
            write_page_index=True,
            write_page_checksum=True,
            use_content_defined_chunking=True,
        )

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
