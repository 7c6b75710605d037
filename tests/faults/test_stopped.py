"""Processes that are stopped (SIGSTOP) for a while: they are waited for or replaced, never believed.

A stopped process holds its connections and its locks and says nothing: the opposite of a kill.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from threading import Thread

import pytest

from labeler.driver.requests import Failed, Limits, Run
from labeler.sandbox.bubblewrap import Bubblewrap
from tests.faults.conftest import ROOT, label, labels, started_server, stop
from tests.journalled import journalled
from tests.noisy_policy import N_PROBLEMS

STOPS = 3


def wait_for(what, timeout_s=60.0):
    deadline = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < deadline, "this took too long"
        time.sleep(0.005)


def stopped_for(seconds, pid):
    os.kill(pid, signal.SIGSTOP)
    time.sleep(seconds)
    os.kill(pid, signal.SIGCONT)


def test_a_run_that_is_stopped_and_continued_makes_the_same_dataset(tmp_path):
    command = [sys.executable, "-m", "tests.run_noisily"]
    rows = {}
    for name, n_stops in (("whole", 0), ("stopped", STOPS)):
        out = tmp_path / name
        child = subprocess.Popen([*command, str(out)], cwd=ROOT, stdout=subprocess.DEVNULL)
        for nth in range(n_stops):
            wait_for(lambda out=out, nth=nth: journalled(out) > 20 * nth)
            assert child.poll() is None
            stopped_for(0.3, child.pid)
        assert child.wait(120) == 0
        rows[name] = [row | {"shard": ""} for row in labels(out)]
    assert rows["stopped"] == rows["whole"]
    assert len({row["problem_id"] for row in rows["whole"]}) == N_PROBLEMS


def test_a_server_that_is_stopped_beyond_the_deadline_is_asked_again(undisturbed, tmp_path):
    server, url = started_server()
    out = tmp_path / "out"

    def stopping():
        for nth in range(STOPS):
            wait_for(lambda nth=nth: journalled(out) > 30 * nth)
            stopped_for(1.5, server.pid)

    thread = Thread(target=stopping)
    thread.start()
    try:
        label(out, url, timeout_s=1)
    finally:
        thread.join(60)
        stop(server)
    assert labels(out) == undisturbed


def test_a_sandbox_that_is_stopped_is_a_failure_with_a_reason_and_the_next_program_is_run():
    async def work():
        sandbox = Bubblewrap(1)
        if why := await sandbox.ready():
            pytest.skip(why)
        started = asyncio.Event()

        async def stopping():
            await started.wait()
            while not (keeper := sandbox._slots[0].keeper):
                await asyncio.sleep(0.01)
            os.kill(keeper.pid, signal.SIGSTOP)
            return keeper

        await sandbox.aclose()
        sleeping = Run("import time; time.sleep(1)", limits=Limits(wall_s=2.0))
        stopper = asyncio.create_task(stopping())
        running = asyncio.create_task(sandbox.run([sleeping]))
        await asyncio.sleep(0)
        started.set()
        keeper = await stopper
        [first] = await running
        [second] = await sandbox.run([Run("print(7)")])
        gone = keeper.returncode is not None
        await sandbox.aclose()
        return first, second, gone

    first, second, gone = asyncio.run(work())
    assert first == Failed("sandbox gave no result: no reply in time, or too long a one")
    assert (second.stdout, gone) == ("7\n", True)
