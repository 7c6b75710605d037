"""What takes minutes: `LABELER_LONG_TESTS=1 python -m pytest tests/flows/test_overnight.py -s`.

A cron line that fires, a server that is restarted, a run that dies and is revived, ten thousand
problems. Each prints its figures.
"""

import os
import signal
import sqlite3
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from labeler.config import load_config
from labeler.dataset.reader import open_dataset
from labeler.wiring import run as run_plainly
from tests.flows.conftest import Server, deliver, run_file, stop, wait_for
from tests.flows.test_worker import journalled, labels, processes_of

LONG = pytest.mark.skipif("LABELER_LONG_TESTS" not in os.environ, reason="LABELER_LONG_TESTS=1")
pytestmark = [
    LONG,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def add(server, folder, flow, cron, pool="labeler"):
    words = ["schedule", folder / "run.yaml", "--flow", flow, "--cron", cron]
    result = server.labeler(*words, "--out", folder / "out", "--pool", pool)
    assert result.returncode == 0, result.stderr


def test_a_cron_line_of_one_minute_labels_what_came_and_then_says_that_nothing_is_new(
    server, worker, model_url, tmp_path
):
    out = tmp_path / "out"
    run_file(tmp_path, model_url)
    deliver(tmp_path, 0, 4)
    add(server, tmp_path, "incremental", "* * * * *")
    wait_for((out / "_delta_log").exists, 600)
    deliver(tmp_path, 4, 7)
    wait_for(lambda: len(open_dataset(out).versions()) == 2, 600)

    def empty_handed():
        ended = [r for r in server.flow_runs(tmp_path.name) if r["state_type"] == "COMPLETED"]
        return [r for r in ended if any("nothing new" in line for line in server.logs(r))]

    wait_for(empty_handed, 600)
    versions = [v.info.counts["problems"] for v in open_dataset(out).versions()]
    runs = [(r["start_time"][11:19], r["state_name"]) for r in server.flow_runs(tmp_path.name)]
    server.labeler("schedule", "remove", f"incremental/{tmp_path.name}")
    print(f"cron: problems per version {versions}, runs {runs}")
    assert versions == [4, 3]


def undisturbed(folder, url):
    run_plainly(load_config(run_file(folder, url)), folder / "plain")
    return labels(folder / "plain")


def test_a_server_that_is_restarted_in_mid_run_does_not_hurt_it(
    slow_model_url, model_url, tmp_path
):
    own = Server(tmp_path / "prefect")
    try:
        own.start()
        own.post("work_pools/", name="labeler", type="process")
        own.worker()
        deliver(tmp_path, 0, 30)
        run_file(tmp_path, slow_model_url)
        add(own, tmp_path, "label", "0 0 1 1 *")
        run = own.start_run("label", tmp_path.name)
        wait_for(lambda: journalled(tmp_path / "out") > 20)
        stop(own.process, signal.SIGKILL)
        before = journalled(tmp_path / "out")
        time.sleep(10)
        during = journalled(tmp_path / "out")
        own.start()
        own.completed(run, 600)
        print(f"restart: {before} replies before, {during} after 10 s without a server; completed")
        assert during > before
        assert labels(tmp_path / "out") == undisturbed(tmp_path, model_url)
    finally:
        own.kill_all()


@pytest.fixture
def house(tmp_path):
    """`labeler server` in a home of its own, as people start it; its terminal in a file."""
    own = House(tmp_path)
    try:
        own.start()
        yield own
    finally:
        own.kill_all()


class House(Server):
    """A Prefect server, a pool and a worker in one command."""

    def __init__(self, folder, *options):
        super().__init__(folder / "prefect")
        self.terminal, self.options = folder / "terminal.txt", options

    def start(self):
        words = ["labeler.cli", "server", "--port", self.port, "--limit", "2", *self.options]
        with self.terminal.open("ab") as terminal:
            begun = terminal.tell()
            self.process = self.python(*words, stdout=terminal, stderr=terminal)
        wait_for(lambda: b"pool labeler" in self.terminal.read_bytes()[begun:], 600)

    def stop(self):
        """As Ctrl-C in a terminal does."""
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait()

    def lines(self):
        return self.terminal.read_text().splitlines()

    def kill_all(self):
        if self.process.poll() is None:
            self.stop()
        super().kill_all()

    def worker_process(self):
        return self.child("worker start --pool labeler")

    def child(self, words):
        """The process of this server whose command has these words."""
        mark = f"PREFECT_HOME={self.home}".encode()
        for place in Path("/proc").glob("[0-9]*"):
            try:
                command = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if words in command and mark in (place / "environ").read_bytes().split(b"\0"):
                    return int(place.name)
            except OSError:
                continue
        return None


def test_a_run_whose_worker_died_is_revived_once_with_the_same_labels(
    house, slow_model_url, model_url, tmp_path
):
    deliver(tmp_path, 0, 30)
    run_file(tmp_path, slow_model_url)
    add(house, tmp_path, "label", "0 0 1 1 *")
    run = house.start_run("label", tmp_path.name)
    wait_for(lambda: journalled(tmp_path / "out") > 20)
    # Worker first, so that it cannot tell anybody.
    for process in [house.worker_process(), *processes_of(run)]:
        os.kill(process, signal.SIGKILL)
    died = time.monotonic()
    house.completed(run, 900)
    print(f"revival: the same flow run completed {time.monotonic() - died:.0f} s after its death")
    assert labels(tmp_path / "out") == undisturbed(tmp_path, model_url)
    assert [one["name"] for one in house.states(run)].count("Revived") == 1
    assert any("the worker ended (exit code -9); it is started again" in x for x in house.lines())
    assert any("Revived: its process died" in line for line in house.lines())
    assert not any("Traceback" in line for line in house.lines())


def test_a_run_that_ended_is_not_run_again_though_its_end_was_never_told(
    house, model_url, tmp_path
):
    """What the automation of earlier versions did every 100 s: there was a heartbeat, and no
    event of an end after it.
    """
    deliver(tmp_path, 0, 2)
    run_file(tmp_path, model_url)
    add(house, tmp_path, "label", "0 0 1 1 *")
    run = house.start_run("label", tmp_path.name)
    house.completed(run)
    # The end was told before this heartbeat; the one after it is taken away.
    time.sleep(15)
    found = house.get(f"flow_runs/{run['id']}")
    beat = {
        "event": "prefect.flow-run.heartbeat",
        "occurred": datetime.now(UTC).isoformat(),
        "resource": {"prefect.resource.id": f"prefect.flow-run.{run['id']}"},
        "related": [
            {
                "prefect.resource.id": f"prefect.deployment.{found['deployment_id']}",
                "prefect.resource.role": "deployment",
            }
        ],
        "id": str(uuid4()),
    }
    house.post_list("events", [beat])
    time.sleep(150)
    found = house.get(f"flow_runs/{run['id']}")
    assert (found["run_count"], found["state_type"]) == (1, "COMPLETED")


def test_a_run_outlives_a_restart_of_the_whole_server(house, slow_model_url, model_url, tmp_path):
    deliver(tmp_path, 0, 30)
    run_file(tmp_path, slow_model_url)
    add(house, tmp_path, "label", "0 0 1 1 *")
    run = house.start_run("label", tmp_path.name)
    wait_for(lambda: journalled(tmp_path / "out") > 20)
    os.kill(house.child("flows.prefect_server"), signal.SIGKILL)
    wait_for(lambda: any("the server ended (exit code -9)" in line for line in house.lines()))
    wait_for(lambda: house.answers() and house.state_of(run) == "COMPLETED", 900)
    assert labels(tmp_path / "out") == undisturbed(tmp_path, model_url)
    assert house.get(f"flow_runs/{run['id']}")["run_count"] == 1


def test_a_run_that_was_stopped_with_its_server_goes_on_at_the_next_start(
    house, slow_model_url, model_url, tmp_path
):
    deliver(tmp_path, 0, 30)
    run_file(tmp_path, slow_model_url)
    add(house, tmp_path, "label", "0 0 1 1 *")
    run = house.start_run("label", tmp_path.name)
    wait_for(lambda: journalled(tmp_path / "out") > 20)
    # The watch has seen it at work.
    wait_for(lambda: any(line.endswith(": began") for line in house.lines()))
    house.stop()
    assert not processes_of(run)
    house.start()
    house.completed(run, 900)
    assert labels(tmp_path / "out") == undisturbed(tmp_path, model_url)
    assert not any("Traceback" in line for line in house.lines())


def test_ten_thousand_problems_are_few_task_runs_and_little_overhead(tmp_path):
    own = Server(tmp_path / "prefect")
    words = ["tests.flows.scripted_run", "--problems", "10000"]
    seconds = {}
    try:
        own.start()
        database = tmp_path / "prefect" / "prefect.db"
        before = size_of(database)
        for name, more in (("plain", []), ("flow", ["--flow"])):
            child = own.python(*words, tmp_path / name, *more, stdout=subprocess.PIPE, text=True)
            printed, _ = child.communicate()
            assert child.returncode == 0
            seconds[name] = tuple(map(float, printed.splitlines()[-1].split()))
        grown = size_of(database) - before
        n_tasks = own.post("task_runs/count")
        print(
            f"ten thousand: {n_tasks} task runs, database grew by {grown / 2**20:.1f} MiB, "
            f"(clock s, processor s): plain {seconds['plain']}, flow {seconds['flow']}"
        )
        assert labels(tmp_path / "flow") == labels(tmp_path / "plain")
        assert n_tasks <= 200
        assert grown <= 10 * 2**20
    finally:
        own.kill_all()


def size_of(database):
    """Bytes of the pages in use, the write-ahead log included."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        pages, free, size = (
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
    connection.close()
    return (pages - free) * size
