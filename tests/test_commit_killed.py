"""A committer killed at any moment: readers always see a whole version, the old or the new.

Each kill comes at a random moment of the time that a commit takes. LABELER_KILLS=50 runs the whole
test; a few kills are the default.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from labeler.dataset import Dataset, commit, open_dataset, read_shards
from tests.test_dataset import info, shard, solved

N_KILLS = int(os.environ.get("LABELER_KILLS", "3"))
N_ROWS = 4000

COMMITTER = """
import sys
from pathlib import Path
import deltalake, polars, pyarrow.parquet
from labeler.dataset import commit, read_shards, store
from tests.test_dataset import info

store.BYTES_PER_FILE = 1  # a file for each row group: more moments to die between
dataset, staged, run = sys.argv[1:]
print("ready", flush=True)
commit(Path(dataset), read_shards([Path(staged)]), info(run))
print("done", flush=True)
"""


def committing(dataset: Path, staged: Path, run: str) -> subprocess.Popen[str]:
    """A process that is about to commit."""
    words = [sys.executable, "-c", COMMITTER, str(dataset), str(staged), run]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def ids(dataset: Dataset) -> list[str]:
    return [row["solution_id"] for row in dataset.rows()]


def wholly(numbers: Sequence[int]) -> list[str]:
    return [f"s{number}" for number in numbers]


def test_a_commit_that_is_killed_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    rng = random.Random(N_KILLS)
    dataset = tmp_path / "d"
    old = shard(tmp_path / "old.parquet", *map(solved, range(5)))
    staged = shard(tmp_path / "new.parquet", *map(solved, range(5, 5 + N_ROWS)))
    commit(dataset, read_shards([old]), info("run-old"))

    with committing(tmp_path / "other", staged, "run-timed") as process:
        started = time.monotonic()
        assert process.wait(60) == 0
        whole_s = time.monotonic() - started

    version, expected, n_killed = 0, wholly(range(5)), 0
    for kill in range(N_KILLS):
        with committing(dataset, staged, f"run-{kill}") as process:
            time.sleep(rng.uniform(0, 1.1) * whole_s)
            process.send_signal(signal.SIGKILL)
            n_killed += process.wait(60) == -signal.SIGKILL
        seen = open_dataset(dataset)
        assert seen.version in (version, version + 1)
        if seen.version > version:
            expected += wholly(range(5, 5 + N_ROWS))
        version = seen.version
        assert ids(seen) == expected
    assert n_killed > 0, "no kill came in time"

    assert commit(dataset, read_shards([staged]), info("run-last")) == version + 1
    assert ids(open_dataset(dataset)) == expected + wholly(range(5, 5 + N_ROWS))
    assert ids(open_dataset(dataset, 0)) == wholly(range(5))
