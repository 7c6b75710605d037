"""`python -m tests.run_noisily OUT`: one resumable run in a process that a test may kill."""

import asyncio
import sys
from pathlib import Path

from labeler.labelling.run import LabellingRun, run_plainly
from tests.noisy_policy import parts

if __name__ == "__main__":
    run = LabellingRun(parts(delay_s=0.02), Path(sys.argv[1]), True, lambda progress: None)
    print(asyncio.run(run_plainly(run)).version)
