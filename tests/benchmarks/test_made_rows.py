"""The rows that datasets are measured on are rows of the schema as it is."""

from labeler.dataset import CommitInfo, commit, open_dataset
from tests.benchmarks.test_search import benchmark


def test_made_rows_are_committed_and_read(tmp_path):
    made = benchmark("made_rows")
    info = CommitInfo("made", "made", "made", "policy", "made", 1)
    commit(tmp_path / "d", made.batches(20, 1), info)
    rows = list(open_dataset(tmp_path / "d").solutions())
    assert [len(row.steps) for row in rows] == [made.STEPS] * 20
