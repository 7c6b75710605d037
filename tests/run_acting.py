"""`python -m tests.run_acting OUT URL`: a resumable run with a retriever, for a test to kill."""

import asyncio
import sys
from pathlib import Path

from labeler.labelling.run import LabellingRun, run_plainly
from tests.acting_policy import parts_with

if __name__ == "__main__":
    search = {"kind": "http", "url": sys.argv[2], "k": 1, "index": "library"}
    run = LabellingRun(
        parts_with(search, delay_s=0.01), Path(sys.argv[1]), True, lambda progress: None
    )
    print(asyncio.run(run_plainly(run)).version)
