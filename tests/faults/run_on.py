"""`python -m tests.faults.run_on OUT URL PROBLEMS`: one resumable run in a process of its own."""

import sys
from pathlib import Path

from labeler.wiring import run
from tests.faults.conftest import from_file

if __name__ == "__main__":
    out, url, problems = sys.argv[1:]
    run(from_file(url, problems), Path(out), resume=True)
