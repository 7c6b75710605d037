"""A dataset of many steps: how long it takes to write, to count and to look at, and what memory.

    python benchmarks/dataset_scale.py --steps 10000000 --json

Rows are made by `made_rows` (eight steps a solution, three sources a step) and committed as a run
commits them. Each part runs in a process of its own, so that its peak memory is its own; `stats`
is the command itself, its start included. Pages are asked of the viewer's own server code after
its index is built (`index_s`); `page_ms` is the slowest of the first visits, nothing cached.
`stats` is run on an empty dataset, too: what it takes beyond that is what the rows cost. Then one
more run of 10,000 solutions is committed, and it is run again.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

PAGES = {
    "statistics": "/v0/statistics",
    "list": "/v0/",
    "disagreements": "/v0/?disagree=yes",
    "uncertain first": "/v0/?sort=uncertain",
    "filtered": "/v0/?domain=code&kept=no&outcome=wrong&p_from=0.1&p_to=0.9",
    "a page far in": "/v0/?domain=qa&page=400",
    "one solution": "/v0/solution/{middle}",
    "its tree": "/v0/tree/{middle}",
}


MORE = 10_000
"""Solutions of the run that is committed at last."""


def write(folder: Path, n_solutions: int, seed: int, run_id: str = "made") -> dict[str, float]:
    """Commits made-up rows; the seconds that it took, their summaries included."""
    from made_rows import batches

    from labeler.dataset import CommitInfo, commit

    started = time.perf_counter()
    info = CommitInfo(run_id, "made", "made", "policy", "made", seed)
    commit(folder, batches(n_solutions, seed, run_id), info)
    return {"write_s": time.perf_counter() - started}


def view(folder: Path, n_solutions: int) -> dict[str, Any]:
    """Builds the viewer's index and visits each page once; seconds and milliseconds."""
    from starlette.testclient import TestClient

    from labeler.dataset import resolve
    from labeler.view.app import create_app
    from labeler.view.viewer import Viewer

    started = time.perf_counter()
    viewer = Viewer(resolve(folder))
    index_s = time.perf_counter() - started
    client = TestClient(create_app(viewer), base_url="http://127.0.0.1")
    client.get("/v0/solution/0").raise_for_status()  # templates are compiled once
    pages = {}
    for name, path in PAGES.items():
        started = time.perf_counter()
        client.get(path.format(middle=n_solutions // 2)).raise_for_status()
        pages[name] = 1000 * (time.perf_counter() - started)
    viewer.close()
    return {"index_s": index_s, "page_ms": max(pages.values()), "pages_ms": pages}


@dataclass(frozen=True)
class Measured:
    """Output of a command, its seconds on the clock and of the processor, its peak memory."""

    output: str
    seconds: float
    cpu_s: float
    rss_mb: float


def measured(*command: str) -> Measured:
    """Runs a command to its end; what it printed, how long it took and its peak memory."""
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    seconds, cpu_s = time.perf_counter() - started, usage.ru_utime + usage.ru_stime
    return Measured(output, seconds, cpu_s, usage.ru_maxrss / 1024)


def benchmark(folder: Path, n_solutions: int, seed: int) -> dict[str, Any]:
    """All parts, each in a process of its own."""

    def part(name: str) -> Measured:
        words = ["--only", name, "--folder", str(folder), "--seed", str(seed)]
        words += ["--steps", str(n_solutions * 8)]
        return measured(sys.executable, __file__, *words)

    def stats(dataset: Path) -> Measured:
        return measured(sys.executable, "-m", "labeler.cli", "stats", str(dataset), "--json")

    with tempfile.TemporaryDirectory(prefix="labeler-bench-") as place:
        write(Path(place) / "none", 0, seed)
        parts = {"stats, empty dataset": stats(Path(place) / "none")}
    parts |= {"write": part("write"), "stats": stats(folder), "view": part("view")}
    parts["more"] = part("more")
    parts["stats, one run later"] = stats(folder)
    counted = json.loads(parts["stats"].output)
    assert counted["n_solutions"] == n_solutions, counted["n_solutions"]
    return {
        "n_steps": counted["n_steps"],
        "n_solutions": n_solutions,
        "n_evidence": sum(one["n_evidence"] for one in counted["by_labeler"].values()),
        "size_mb": sum(file.stat().st_size for file in folder.glob("*.parquet")) / 2**20,
        **json.loads(parts["write"].output),
        "stats_s": parts["stats"].seconds,
        "stats_beyond_empty_s": parts["stats"].seconds - parts["stats, empty dataset"].seconds,
        **json.loads(parts["view"].output),
        "peak_rss_mb": max(one.rss_mb for one in parts.values()),
        "rss_mb": {name: one.rss_mb for name, one in parts.items()},
        "cpu_s": {name: one.cpu_s for name, one in parts.items()},
    }


def show(found: dict[str, Any]) -> None:
    """The figures as a table."""
    table = Table(title=f"{found['n_steps']:,} steps of {found['n_solutions']:,} solutions")
    table.add_column("what")
    table.add_column("measured", justify="right")
    table.add_row("write", f"{found['write_s']:.1f} s, {found['size_mb']:,.0f} MiB")
    table.add_row("labeler stats", f"{found['stats_s']:.1f} s")
    table.add_row("viewer's index, once", f"{found['index_s']:.1f} s")
    for name, page_ms in found["pages_ms"].items():
        table.add_row(f"page: {name}", f"{page_ms:.0f} ms")
    for name, rss in found["rss_mb"].items():
        cpu_s = found["cpu_s"][name]
        table.add_row(f"process: {name}", f"{cpu_s:.1f} s of processor, {rss:,.0f} MiB")
    Console().print(table)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=500_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="JSON only")
    parser.add_argument("--folder", type=Path, help="where to leave the dataset")
    parser.add_argument("--only", choices=["write", "view", "more"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    n_solutions = options.steps // 8
    if options.only:
        parts = {
            "write": lambda: write(options.folder, n_solutions, options.seed),
            "more": lambda: write(options.folder, MORE, options.seed + 1, "more"),
            "view": lambda: view(options.folder, n_solutions),
        }
        part = parts[options.only]()
        print(json.dumps(part))
        return
    folder = options.folder or Path(tempfile.mkdtemp(prefix="labeler-bench-")) / "dataset"
    try:
        found = benchmark(folder, n_solutions, options.seed)
    finally:
        if options.folder is None:
            shutil.rmtree(folder.parent, ignore_errors=True)
    if not options.json:
        show(found)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
