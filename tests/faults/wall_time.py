"""Seconds that a run takes on a server, and through a proxy that spoils 30% of its replies.

    python -m tests.faults.wall_time --problems 60 --delay 0.25

The run's own patience (attempts, pauses) is the default; every batch of the server takes `--delay`
seconds, a reply that never comes `--timeout` seconds. Prints JSON; no test, for a busy machine
would fail it.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from labeler.config.run import RunOptions
from labeler.wiring import run
from tests.faults.conftest import ROOT, config, labels
from tests.faults.proxy import FaultProxy, running


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", type=int, default=60)
    parser.add_argument("--delay", type=float, default=0.25)
    parser.add_argument("--timeout", type=float, default=5.0)
    parser.add_argument("--share", type=float, default=0.3)
    given = parser.parse_args()
    command = [sys.executable, "-m", "tests.flows.scripted_server", "--delay", str(given.delay)]
    command += ["--problems", str(given.problems)]
    seconds, summaries = {}, {}
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server,
    ):
        url = server.stdout.readline().strip()
        through = FaultProxy(url), FaultProxy(url, share=given.share)
        with running(*through):
            for name, proxy in zip(("without", "with"), through, strict=True):
                options = RunOptions().model_dump()
                run_config = config(proxy.url, n=given.problems, timeout_s=given.timeout, **options)
                started = time.monotonic()
                summaries[name] = run(run_config, Path(folder) / name)
                seconds[name] = time.monotonic() - started
        server.kill()
        same = labels(Path(folder) / "with") == labels(Path(folder) / "without")
    spoilt = sum(through[1].spoilt.values())
    print(
        json.dumps(
            {
                "problems": given.problems,
                "seconds": seconds,
                "times": seconds["with"] / seconds["without"],
                "replies": sum(through[1].asked.values()),
                "spoilt": spoilt,
                "failed": {
                    name: sum(cost.failed for cost in summary.cost.values())
                    for name, summary in summaries.items()
                },
                "same_labels": same,
            }
        )
    )


if __name__ == "__main__":
    main()
