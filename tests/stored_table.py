"""The small dataset in tests/stored/schema-1, as schema version 1 wrote it, and what it holds.

    python -m tests.stored_table DIR

made it. It is never made again: it stands for all datasets that people have.
"""

from __future__ import annotations

import sys
from pathlib import Path

from labeler.dataset import CommitInfo, commit, set_tag
from labeler.dataset.shards import record_batches
from labeler.records import (
    Asks,
    Consensus,
    Evidence,
    Generator,
    LabeledSolution,
    LabeledStep,
    Problem,
    Sampling,
    Solution,
    Source,
    Verdict,
)
from labeler.schema import Provenance, row

STORED = Path(__file__).parent / "stored" / "schema-1"

GENERATOR = Generator("tiny", "r1", Sampling(0.7, 0.95, 40, 256, ("\n\n",)), 2**62, "sha")
WHOLE = LabeledSolution(
    Problem(
        "q1", "math", "1 + 1 = ?", "2", ("1 + 1 = 2",), (), ("Peano",), Source("a", "b", "c", "MIT")
    ),
    Solution("s1", "q1", ("¿1 + 1?\n", "3"), "3", Verdict.WRONG, "3 is not 2", GENERATOR),
    (
        LabeledStep("¿1 + 1?\n", "p1", 0, 0.5, ()),
        LabeledStep(
            "3",
            "p2",
            -1,
            0.25,
            (
                Evidence("p2", "monte_carlo", "1", Asks.VALUE, Verdict.WRONG, 0.0, 8, 0, "", "tiny",
                         8, 90, 70),
                Evidence("p2", "judge", "2", Asks.CORRECTNESS, Verdict.UNKNOWN, None, 0, 0, "Hm.",
                         "judge", 1, 50, 4, "no verdict"),
            ),
        ),
    ),
    1,
    Consensus("fusion", True, ""),
)  # fmt: skip
EMPTY = LabeledSolution(
    Problem("q2", "code", "", None, tests=("assert True",)),
    Solution("s2", "q2", (), None, Verdict.UNKNOWN, "no answer", GENERATOR),
    (),
    None,
    Consensus("fusion", False, "no evidence"),
)
RUN_1 = CommitInfo("run-1", "c0ffee", "0.1.0", "tiny", "sha", 7, {"problems": 1}, {"calls": 9}, 1)
RUN_2 = CommitInfo("run-2", "c0ffee", "0.1.0", "tiny", "sha", 8, {"problems": 1}, {"calls": 0}, 1)


def make(folder: Path) -> None:
    """Two versions, the first one tagged."""
    for labeled, info in ((WHOLE, RUN_1), (EMPTY, RUN_2)):
        columns = row(labeled, Provenance(info.run_id, "c0ffee", "0.1.0", "shard-0"))
        commit(folder, record_batches([columns]), info)
    set_tag(folder, "first", 0)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
