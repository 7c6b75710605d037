"""Whether this checkout's driver is slower than another's: processor time per request, both sides.

    git worktree add ../before main
    python benchmarks/two_builds.py ../before --rounds 5 --json

Runs `benchmarks/driver.py` of both checkouts in turns, in processes of their own, first one then
the other, so that what else the machine does falls on both. `ratio` is this checkout's processor
time by the other's, the median over the rounds; `low` and `high` are its smallest and largest.
What the script that stands in for a model takes to make its texts is left out on both sides;
`with_script` is the ratio of all processor time.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[1]


def measured(checkout: Path, more: list[str]) -> tuple[float, float]:
    """Microseconds per request in a checkout: without the script's own, and all of it."""
    command = [sys.executable, "benchmarks/driver.py", "--json", *more]
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    done = subprocess.run(
        command, cwd=checkout, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    whole = float(said["cpu_us_per_request"])
    return whole - float(said["script_us_per_request"]), whole


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("other", type=Path, help="a checkout of the build to compare with")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=30_000)
    parser.add_argument("--problems", type=int, help="whole runs over so many problems instead")
    parser.add_argument("--json", action="store_true", help="JSON only")
    given = parser.parse_args()
    size = [f"--requests={given.requests}"]
    if given.problems:
        size = [f"--problems={given.problems}", "--rule=posterior"]
    rounds: list[tuple[float, float]] = []
    whole_ratios: list[float] = []
    for number in range(given.rounds):
        # Who goes first changes, for a machine warms up and cools down.
        first, second = (given.other, HERE) if number % 2 else (HERE, given.other)
        found = {one: measured(one.resolve(), size) for one in (first, second)}
        rounds.append((found[HERE][0], found[given.other][0]))
        whole_ratios.append(found[HERE][1] / found[given.other][1])
        if not given.json:
            print(f"round {number + 1}: here {rounds[-1][0]:.1f} us, there {rounds[-1][1]:.1f} us")
    ratios = [here / there for here, there in rounds]
    sent = {"problems": given.problems} if given.problems else {"requests": given.requests}
    print(
        json.dumps(
            {
                "ratio": round(statistics.median(ratios), 3),
                "low": round(min(ratios), 3),
                "high": round(max(ratios), 3),
                "with_script": round(statistics.median(whole_ratios), 3),
                "here_us": round(statistics.median(here for here, _ in rounds), 1),
                "there_us": round(statistics.median(there for _, there in rounds), 1),
                "rounds": given.rounds,
                **sent,
            }
        )
    )


if __name__ == "__main__":
    main()
