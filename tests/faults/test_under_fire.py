"""Twenty processes of one run die at random moments: its driver, its model server, its checkers."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from labeler.dataset.reader import open_dataset
from labeler.problems.plain import write_problems
from labeler.wiring import run
from tests.faults.conftest import ROOT, from_file, labels, started_server, stop
from tests.faults.proxy import FaultProxy, running
from tests.flows.scripted_server import problems

N_KILLS = 20
N_PROBLEMS = 60
LONG = pytest.mark.skipif("LABELER_LONG_TESTS" not in os.environ, reason="LABELER_LONG_TESTS=1")


@pytest.fixture
def problem_file(tmp_path):
    """Problems; some answers can be compared in the checker's worker processes only."""
    path = tmp_path / "problems.jsonl"
    write_problems(path, problems(N_PROBLEMS))
    lines = path.read_text().splitlines()
    for i in range(0, N_PROBLEMS, 5):
        peculiar = {"gold_answer": r"\frac{\sqrt{8}}{\sqrt{2}} + x"}
        lines[i] = json.dumps(json.loads(lines[i]) | peculiar)
    path.write_text("\n".join(lines) + "\n")
    return path


def checkers_of(leader):
    """The processes of a session but its leader: fork server and workers of the checker."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, session = (place / "stat").read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if state != "Z" and int(session) == leader and int(place.name) != leader:
            found.append(int(place.name))
    return found


def wait_until(what, timeout_s=600.0):
    deadline = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < deadline, "this took too long"
        time.sleep(0.005)


class Battlefield:
    """A run, its server, and a proxy between that counts what reached the server how often."""

    def __init__(self, out, problem_file):
        self.server, url = started_server()
        self.proxy = FaultProxy(url)
        self.command = ["-m", "tests.faults.run_on", str(out), self.proxy, str(problem_file)]
        self.killed = dict.fromkeys(("driver", "server", "checker"), 0)

    def start(self):
        words = [self.proxy.url if word is self.proxy else word for word in self.command]
        self.driver = subprocess.Popen([sys.executable, *words], cwd=ROOT, start_new_session=True)

    def advance(self, n_calls):
        """Waits for so many more calls, and for a run that is still going on."""
        goal = self.proxy.asked.total() + n_calls
        wait_until(lambda: self.proxy.asked.total() >= goal or self.driver.poll() is not None)
        assert self.driver.poll() is None, f"the run ended before all kills: {self.killed}"

    def kill(self, victim, rng):
        if victim == "server":
            stop(self.server)
            self.server, self.proxy.upstream = started_server()
        elif victim == "driver":
            self.driver.send_signal(signal.SIGKILL)
            assert self.driver.wait() == -signal.SIGKILL
            wait_until(lambda: not checkers_of(self.driver.pid))
            self.start()
        elif checkers := checkers_of(self.driver.pid):
            os.kill(rng.choice(checkers), signal.SIGKILL)
        else:
            return
        self.killed[victim] += 1

    def end(self):
        stop(self.server)
        stop(self.driver)


@LONG
def test_after_twenty_kills_the_dataset_is_that_of_an_undisturbed_run(problem_file, tmp_path):
    rng = random.Random(3)
    field = Battlefield(tmp_path / "out", problem_file)
    run(from_file(field.proxy.upstream, problem_file), tmp_path / "undisturbed")
    with running(field.proxy):
        field.start()
        try:
            while sum(field.killed.values()) < N_KILLS:
                field.advance(rng.randint(20, 80))
                field.kill(rng.choice(list(field.killed)), rng)
            assert field.driver.wait(1800) == 0
        finally:
            field.end()
    calls = len(+field.proxy.asked)
    repeated = field.proxy.asked.total() - calls
    print({"killed": field.killed, "calls": calls, "repeated": repeated})
    assert identified(tmp_path / "out") == identified(tmp_path / "undisturbed")
    assert len(open_dataset(tmp_path / "out").versions()) == 1
    assert min(field.killed.values()) > 0
    assert repeated <= 0.02 * calls


def identified(out):
    return [row | {"shard": ""} for row in labels(out)]
