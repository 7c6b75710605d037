"""Files of rows are read at a size that does not grow with them."""

import pyarrow as pa

from labeler.dataset import read_shards
from labeler.dataset.shards import write_parquet
from tests.benchmarks.test_search import benchmark


def test_what_is_read_is_let_go_before_the_file_ends(tmp_path):
    """Arrow by itself has more in memory the longer the file is: here over three batches."""
    write_parquet(tmp_path / "a.parquet", benchmark("made_rows").batches(20_000, 1))
    before = pa.total_allocated_bytes()
    held, sizes = [], []
    for batch in read_shards([tmp_path / "a.parquet"]):
        held.append(pa.total_allocated_bytes() - before)
        sizes.append(batch.nbytes)
    assert len(sizes) == 20
    assert max(held) < 2 * max(sizes)
