"""Three schedules a minute beside a busy core: is every run executed once, in time, in silence?

Starts what a person starts (`labeler server`, `labeler schedule add`) in a home of its own, with a
scripted policy in place of a model: `incremental` on two datasets that get a problem each minute,
and `audit` on the first of them, once a minute each. At the end the schedules are paused and every
flow run is looked at. Prints a table and one line of JSON.

    python benchmarks/flows_soak.py --minutes 30
    python benchmarks/flows_soak.py --minutes 30 --postgres
    python benchmarks/flows_soak.py --minutes 5 --idle      one daily schedule, nothing to do

With `--server-database URL` the server is told its database by Prefect's own setting.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import yaml

from labeler.oracle.generate import Difficulty, generate_problems
from labeler.problems.plain import write_problems

ROOT = Path(__file__).parent.parent
SEED = 5
"""That of the scripted policy, which knows the solutions of these problems."""
MOST_PROBLEMS = 600
FIRST = 4
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
FINAL = ("COMPLETED", "FAILED", "CANCELLED", "CRASHED")


class Home:
    """A Prefect home, a server in it, and what people do with it."""

    def __init__(self, folder: Path, database: str, options: list[str]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port: int = probe.getsockname()[1]
        self.folder, self.options = folder, options
        self.url = f"http://127.0.0.1:{self.port}/api"
        self.terminal = folder / "terminal.txt"
        prefect = {"PREFECT_HOME": str(folder / "prefect"), "PREFECT_API_URL": self.url}
        if database:
            prefect["PREFECT_API_DATABASE_CONNECTION_URL"] = database
        self.env = os.environ | prefect

    def command(self, *words: object) -> str:
        """A `labeler` command to its end; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "labeler.cli", *map(str, words)],
            cwd=ROOT, env=self.env, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise SystemExit(f"labeler {words[0]}: {done.stdout}{done.stderr}")
        return done.stdout

    def ask(self, path: str, **content: Any) -> Any:
        """A question to the server's API, asked again where it is busy."""
        for pause_s in (1, 2, 4, 8, 16):
            try:
                reply = httpx.post(f"{self.url}/{path}", json=content, timeout=60)
                if reply.is_success:
                    return reply.json()
            except httpx.TransportError:
                pass
            time.sleep(pause_s)
        raise SystemExit(f"{path}: the server does not answer")

    @contextmanager
    def server(self, limit: int) -> Iterator[subprocess.Popen[bytes]]:
        """`labeler server`, its terminal in a file."""
        words = ["server", "--port", str(self.port), "--limit", str(limit), *self.options]
        command = [sys.executable, "-m", "labeler.cli", *words]
        with self.terminal.open("ab") as terminal:
            child = subprocess.Popen(
                command, cwd=ROOT, env=self.env, stdout=terminal, stderr=terminal,
                start_new_session=True,
            )  # fmt: skip
        try:
            # The pool comes after the server.
            while b"pool labeler" not in self.terminal.read_bytes():
                if child.poll() is not None:
                    raise SystemExit(self.terminal.read_text())
                time.sleep(0.5)
            yield child
        finally:
            os.kill(child.pid, signal.SIGTERM)
            try:
                child.wait(120)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)

    def runs(self) -> list[dict[str, Any]]:
        """All flow runs whose time came, of deployments."""
        found: list[dict[str, Any]] = []
        while page := self.ask("flow_runs/filter", sort="ID_DESC", limit=200, offset=len(found)):
            found += page
        now = datetime.now().astimezone()
        of_schedules = [run for run in found if run["deployment_id"]]
        return [run for run in of_schedules if _time(run["expected_start_time"]) <= now]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


@contextmanager
def started(*words: str) -> Iterator[str]:
    """A Python process of ours; its first line."""
    child = subprocess.Popen(
        [sys.executable, *words], cwd=ROOT, stdout=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    assert child.stdout is not None
    try:
        yield child.stdout.readline().strip()
    finally:
        child.kill()
        child.wait()


def deliver(inbox: Path, first: int, last: int) -> None:
    """Problems first .. last - 1 into a watched folder."""
    inbox.mkdir(parents=True, exist_ok=True)
    made = [one.problem for one in generate_problems(last, SEED, Difficulty())][first:]
    write_problems(inbox / f"{first:05}.jsonl", made)


def run_file(folder: Path, url: str) -> Path:
    """A run file over `folder/inbox`."""
    content = {
        "name": folder.name,
        "problems": {"kind": "plain", "path": "inbox"},
        "policy": {"kind": "openai", "model": "noisy", "urls": [url], "delimiter": "\n"},
        "solutions": 2,
        "labelers": [{"kind": "monte_carlo", "k": 4}],
        "run": {"shards": 2, "max_active": 4},
    }
    path = folder / "run.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def family(pid: int) -> dict[int, tuple[str, int, int]]:
    """Processes below `pid`: what each is, its processor ticks, its bytes in memory."""
    parents, facts = {}, {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            stat = (place / "stat").read_text().rpartition(")")[2].split()
            words = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            resident = int((place / "statm").read_text().split()[1]) * PAGE_BYTES
        except (OSError, IndexError):
            continue
        parents[int(place.name)] = int(stat[1])
        facts[int(place.name)] = (words, int(stat[11]) + int(stat[12]), resident)
    below, grown = {pid}, True
    while grown:
        more = {child for child, parent in parents.items() if parent in below} - below
        below |= more
        grown = bool(more)
    return {one: facts[one] for one in below if one in facts}


def size_of(home: Home, database: str) -> int:
    """Bytes of the server's database."""
    if home.options:
        from labeler.flows.postgres import place

        database = place(home.folder / "prefect").url
    if database.startswith("postgresql"):
        words = ["psql", database.replace("+asyncpg", ""), "-Atc"]
        query = "SELECT pg_database_size(current_database())"
        return int(subprocess.run([*words, query], capture_output=True, check=True).stdout)
    import sqlite3

    file = home.folder / "prefect" / "prefect.db"
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
        asked = ("page_count", "freelist_count", "page_size")
        pages, free, size = (connection.execute(f"PRAGMA {x}").fetchone()[0] for x in asked)
    return int((pages - free) * size)


def report(home: Home, runs: list[dict[str, Any]], grown: int) -> dict[str, Any]:
    """What became of every run."""
    terminal = home.terminal.read_text(errors="replace")
    late = [
        (_time(run["start_time"]) - _time(run["expected_start_time"])).total_seconds()
        for run in runs
        if run["start_time"]
    ]
    ended = Counter(run["state_name"] for run in runs)
    return {
        "runs": len(runs),
        "states": dict(ended),
        "executed": {str(n): count for n, count in Counter(r["run_count"] for r in runs).items()},
        "latest start, s": round(max(late, default=0.0), 1),
        "median start, s": round(sorted(late)[len(late) // 2], 1) if late else None,
        "tracebacks in the terminal": terminal.count("Traceback (most recent call last)"),
        "'database is locked' in the terminal": terminal.count("database is locked"),
        "lines in the terminal": terminal.count("\n"),
        "database growth per run, KiB": round(grown / 1024 / max(1, len(runs)), 1),
        "not completed": sorted(
            {str(r["state"]["message"])[:200] for r in runs if r["state_type"] != "COMPLETED"}
        ),
    }


def soak(home: Home, database: str, minutes: float, limit: int) -> dict[str, Any]:
    """The schedules, for so long."""
    words = ["-m", "tests.flows.scripted_server", "--problems", str(MOST_PROBLEMS)]
    # At everyday priority, whatever this script was started with.
    busy = ["-c", "import os; os.nice(-os.nice(0)); print(1, flush=True)\nwhile True: pass"]
    with started(*words) as url, started(*busy), home.server(limit) as server:
        folders = [home.folder / "first", home.folder / "second"]
        for folder in folders:
            deliver(folder / "inbox", 0, FIRST)
            path = run_file(folder, url)
            home.command("incremental", path, "--out", folder / "out")
        before = size_of(home, database)
        names = []
        for flow, nth in (("incremental", 0), ("incremental", 1), ("audit", 0)):
            folder = folders[nth]
            given = ["--flow", flow, "--cron", "* * * * *", "--pool", "labeler"]
            more = ["--set", "sample=5", "--set", "more=2"] if flow == "audit" else []
            out = folder / "out"
            home.command("schedule", "add", folder / "run.yaml", "--out", out, *given, *more)
            names.append(f"{flow}/{folders[nth].name}")
        ends, n = time.monotonic() + 60 * minutes, FIRST
        ticks: dict[int, int] = {}
        while time.monotonic() < ends and server.poll() is None:
            for folder in folders:
                deliver(folder / "inbox", n, n + 1)
            n += 1
            minute_ends = min(ends, time.monotonic() + 60)
            while time.monotonic() < minute_ends:
                ticks |= {pid: fact[1] for pid, fact in family(server.pid).items()}
                time.sleep(5)
        for name in names:
            home.command("schedule", "pause", name)
        ends = time.monotonic() + 300
        while time.monotonic() < ends:
            runs = [run for run in home.runs() if run["state_type"] != "SCHEDULED"]
            if all(run["state_type"] in FINAL for run in runs):
                break
            time.sleep(3)
        # Later than anything that would run a dead run again.
        time.sleep(150 if minutes >= 5 else 5)
        found = report(home, home.runs(), size_of(home, database) - before)
        return found | {
            "processor s per minute": round(sum(ticks.values()) / TICKS_PER_S / minutes)
        }


def idle(home: Home, minutes: float) -> dict[str, Any]:
    """One daily schedule and nothing to do: processor and memory of server and worker."""
    words = ["-m", "tests.flows.scripted_server", "--problems", str(MOST_PROBLEMS)]
    with started(*words) as url, home.server(1) as server:
        folder = home.folder / "daily"
        deliver(folder / "inbox", 0, FIRST)
        given = ["--flow", "incremental", "--cron", "0 2 * * *", "--pool", "labeler"]
        out = folder / "out"
        home.command("schedule", "add", run_file(folder, url), "--out", out, *given)
        time.sleep(60)
        first, since = family(server.pid), time.monotonic()
        time.sleep(60 * minutes)
        last, seconds = family(server.pid), time.monotonic() - since
        used = {
            words[-60:]: {
                "core, %": round(100 * (ticks - first[pid][1]) / TICKS_PER_S / seconds, 2),
                "MiB": resident >> 20,
            }
            for pid, (words, ticks, resident) in last.items()
            if pid in first
        }
        total = sum(one["core, %"] for one in used.values())
        whole = sum(one["MiB"] for one in used.values())
        return {"core, %": round(total, 2), "MiB": whole, "processes": used}


def main() -> None:
    """Reads the options, runs, prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--limit", type=int, default=3, help="flow runs at once")
    parser.add_argument("--postgres", action="store_true", help="as `labeler server --postgres`")
    parser.add_argument("--server-database", default="")
    parser.add_argument("--idle", action="store_true")
    parser.add_argument("--keep", type=Path, help="folder that stays, to look at")
    given = parser.parse_args()
    options = ["--postgres"] if given.postgres else []
    with tempfile.TemporaryDirectory(prefix="labeler-soak-") as scratch:
        folder = given.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        home = Home(folder, given.server_database, options)
        if given.idle:
            found = idle(home, given.minutes)
        else:
            found = soak(home, given.server_database, given.minutes, given.limit)
    for name, value in found.items():
        print(f"{name:<40} {value}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
