"""Processes that are stopped (SIGSTOP) for a while: waited for or replaced, never believed.

A stopped process holds its connections and its locks and says nothing: the opposite of a kill.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import pytest

from labeler.driver.requests import Failed, Limits, Run
from labeler.labelling.run import LabellingRun, run_plainly
from labeler.sandbox.bubblewrap import Bubblewrap
from tests.faults.conftest import ROOT, label, labels, started_server, stop
from tests.journalled import journalled
from tests.noisy_policy import parts

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
    whole, out = tmp_path / "whole", tmp_path / "stopped"
    asyncio.run(run_plainly(LabellingRun(parts(), whole, False, lambda progress: None)))
    command = [sys.executable, "-m", "tests.run_noisily", str(out)]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    for nth in range(STOPS):
        wait_for(lambda nth=nth: journalled(out) > 20 * nth)
        assert child.poll() is None
        stopped_for(0.3, child.pid)
    assert child.wait(120) == 0
    assert labels(out) == labels(whole)


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


def inside(sandbox):
    """The processes of the sandbox's only slot: bubblewrap, and what it started."""
    [slot] = sandbox._slots or [None]
    keeper = slot and slot.keeper
    if keeper is None:
        return []
    children = Path(f"/proc/{keeper.pid}/task/{keeper.pid}/children")
    started = [int(pid) for pid in children.read_text().split()]
    return [keeper.pid, *started] if started else []


def test_a_sandbox_that_is_stopped_is_a_failure_with_a_reason_and_the_next_program_is_run():
    async def work():
        sandbox = Bubblewrap(1)
        if why := await sandbox.ready():
            pytest.skip(why)
        await sandbox.aclose()
        sleeping = Run("import time; time.sleep(20)", limits=Limits(cpu_s=0.1, wall_s=0.1))
        running = asyncio.create_task(sandbox.run([sleeping]))
        while not (pids := inside(sandbox)):
            await asyncio.sleep(0)
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        [first] = await running
        [second] = await sandbox.run([Run("print(7)")])
        await sandbox.aclose()
        return first, second, pids

    first, second, pids = asyncio.run(work())
    assert first == Failed("sandbox gave no result: no reply in time, or too long a one")
    assert second.stdout == "7\n"
    # A process that nobody waits for is the system's to clear away, some time later.
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
