"""How long `labeler view` takes from the command to its first page, this build beside another.

    python benchmarks/first_page.py --steps 1000000 --beside ../other-checkout [--json]

Each build makes the same rows (`made_rows`) under its own schema, and opens them five ways: an
empty dataset (what starting costs), all rows for the first time, again when they are known (median
of `--rounds`), after one more run of 10,000 solutions was committed, and once more. The first page
is what the printed address leads to; the list, which needs the viewer's index, is asked for behind
it. Seconds on the clock and of the processor (the server's own, all its threads, up to the page);
processor seconds tell more on a machine that does other work. The other checkout needs a `.venv`.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).resolve().parent.parent
MORE = 10_000
WRITE = """
import sys
from pathlib import Path
sys.path.insert(0, "benchmarks")
from made_rows import batches
from labeler.dataset import CommitInfo, commit
folder, n, seed, run_id = sys.argv[1:]
info = CommitInfo(run_id, "made", "made", "policy", "made", int(seed))
commit(Path(folder), batches(int(n), int(seed)), info)
"""
"""Older builds give their rows one name of a run, so all have it; the log tells runs apart."""

Page = dict[str, float]


def opened(checkout: Path, dataset: Path, work: Path) -> dict[str, Page]:
    """Starts the viewer and visits its first page, then the list; what each took from the start."""
    command = [python_of(checkout), "-m", "labeler.cli", "view", str(dataset), "--port", "0"]
    started = time.perf_counter()
    server = subprocess.Popen(
        [*command, "--work", str(work)], stdout=subprocess.PIPE, text=True, cwd=checkout
    )
    try:
        assert server.stdout is not None
        address = next(line.strip() for line in server.stdout if line.startswith("http"))
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        seen = {}
        for name, where in {"first page": address, "list": address.split("?")[0] + "v{}/"}.items():
            with browser.open(where.format(newest_of(dataset))) as page:
                page.read()
            clock = time.perf_counter() - started
            seen[name] = {"clock_s": clock, **used_by(server.pid)}
        return seen
    finally:
        server.send_signal(signal.SIGINT)
        server.wait()


def python_of(checkout: Path) -> str:
    """The interpreter of a checkout's environment; for that of this file, the one that runs it."""
    return sys.executable if checkout == HERE else str(checkout / ".venv" / "bin" / "python")


def newest_of(dataset: Path) -> int:
    """The number of the newest version."""
    return max(int(entry.stem) for entry in (dataset / "_delta_log").glob("*[0-9].json"))


def used_by(pid: int) -> Page:
    """Processor seconds of a process so far, and its peak memory in MiB."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    status = Path(f"/proc/{pid}/status").read_text()
    peak_kib = int(status.partition("VmHWM:")[2].split()[0])
    return {"cpu_s": ticks / os.sysconf("SC_CLK_TCK"), "rss_mb": peak_kib / 1024}


def benchmark(checkout: Path, place: Path, given: argparse.Namespace) -> dict[str, Any]:
    """One build, in all ways."""
    place.mkdir()
    empty, rows, work = place / "empty", place / "rows", place / "work"

    def write(folder: Path, n: int, run_id: str) -> None:
        words = [str(folder), str(n), str(given.seed), run_id]
        subprocess.run([python_of(checkout), "-c", WRITE, *words], cwd=checkout, check=True)

    def again(see: Callable[[], dict[str, Page]]) -> dict[str, Page]:
        rounds = [see() for _ in range(given.rounds)]
        return {
            page: {
                unit: statistics.median(one[page][unit] for one in rounds)
                for unit in rounds[0][page]
            }
            for page in rounds[0]
        }

    write(empty, 0, "empty")
    write(rows, given.steps // 8, "made")
    found = {"empty": again(lambda: opened(checkout, empty, place / "none"))}
    found["first time"] = opened(checkout, rows, work)
    found["known"] = again(lambda: opened(checkout, rows, work))
    write(rows, MORE, "more")
    found["one run later"] = opened(checkout, rows, work)
    found["known again"] = again(lambda: opened(checkout, rows, work))
    return found


def ratios(new: dict[str, Any], old: dict[str, Any]) -> dict[str, dict[str, float]]:
    """How many times the other build takes, in all and beyond an empty dataset (processor)."""
    page = "first page"
    whole = {way: old[way][page]["cpu_s"] / new[way][page]["cpu_s"] for way in new}
    # A hundredth of a second is what the system counts in.
    beyond = {
        way: (old[way][page]["cpu_s"] - old["empty"][page]["cpu_s"])
        / max(0.01, new[way][page]["cpu_s"] - new["empty"][page]["cpu_s"])
        for way in new
        if way != "empty"
    }
    return {"whole": whole, "beyond an empty dataset": beyond}


def show(found: dict[str, Any]) -> None:
    """The figures as a table."""
    table = Table("build", "dataset", "page", "clock, s", "processor, s", "peak, MiB")
    for build in [name for name in ("this", "other") if name in found]:
        for way, pages in found[build].items():
            for page, one in pages.items():
                figures = f"{one['clock_s']:.2f}", f"{one['cpu_s']:.2f}", f"{one['rss_mb']:.0f}"
                table.add_row(build, way, page, *figures)
    Console().print(table)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--beside", type=Path, help="another checkout, with its .venv")
    parser.add_argument("--json", action="store_true", help="JSON only")
    given = parser.parse_args()
    builds = {"this": HERE} | ({"other": given.beside.resolve()} if given.beside else {})
    with tempfile.TemporaryDirectory(prefix="labeler-bench-") as place:
        found = {name: benchmark(one, Path(place) / name, given) for name, one in builds.items()}
    if given.beside:
        found["other / this"] = ratios(found["this"], found["other"])
    if not given.json:
        show(found)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
