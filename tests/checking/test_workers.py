"""One call lost never costs another: hangs, deaths, memory and errors in worker processes."""

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest
from pebble import ProcessPool

from labeler.checking.workers import KillableWorkers, Lost
from labeler.errors import BackendDown

seen: list[int] = []


def behave(how: str, value: int) -> int:
    if how == "sleep":
        time.sleep(60)
    if how == "big power":  # one operation inside the interpreter, deaf to Python's signals
        return len(bin(9 ** (9**9)))
    if how == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "be killed once" and not Path(value).exists():
        Path(value).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "take a while":
        time.sleep(2)
    if how == "exit":
        os._exit(3)
    if how == "eat memory":
        return len(bytearray(4 << 30))
    if how == "slow once" and not seen:
        time.sleep(2)
        seen.append(value)
    if how == "raise":
        raise ValueError("no")
    return value


def run(calls, **limits):
    async def main():
        workers = KillableWorkers(behave, **{"n_workers": 2, "deadline_s": 1.0} | limits)
        try:
            return await workers.run(calls)
        finally:
            await workers.aclose()
            await workers.aclose()

    return asyncio.run(main())


def test_results_come_in_the_order_of_the_calls():
    assert run([("answer", n) for n in range(20)]) == list(range(20))


def test_no_calls_need_no_worker():
    assert run([]) == []


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("sleep", "timed out after 1 s"),
        ("big power", "timed out after 1 s"),
        ("die", "checker process died (SIGKILL)"),
        ("exit", "checker process died (exit code 3)"),
        ("eat memory", "out of memory (limit 2048 MiB)"),
        ("raise", "checker failed: ValueError"),
    ],
)
def test_a_lost_call_says_why_and_the_others_have_their_results(how, reason):
    assert run([("answer", 0), (how, 1), ("answer", 2), ("answer", 3)]) == [0, Lost(reason), 2, 3]


def test_the_deadline_is_that_of_one_call_and_not_of_the_batch():
    started = time.monotonic()
    assert run([("sleep", 0), ("answer", 1)], n_workers=1) == [Lost("timed out after 1 s"), 1]
    assert time.monotonic() - started < 20


def test_a_slow_first_call_is_warmed_up_outside_the_deadline():
    assert run([("slow once", 1)], n_workers=1) == [Lost("timed out after 1 s")]
    assert run([("slow once", 1)], n_workers=1, warm_up=("slow once", 0)) == [1]


def test_every_call_may_be_lost_and_the_workers_are_still_replaced():
    calls = [("die", 0)] * 3 + [("answer", 1)]
    died = Lost("checker process died (SIGKILL)")
    assert run(calls, n_workers=1) == [died] * 3 + [1]


def test_a_worker_killed_from_outside_costs_no_call(tmp_path):
    mark = str(tmp_path / "killed")
    assert run([("be killed once", mark), ("answer", 1)]) == [mark, 1]


@pytest.mark.parametrize("jump_s", [-3600.0, 3600.0])
def test_setting_the_clock_neither_ends_a_call_nor_keeps_one(monkeypatch, jump_s):
    async def main():
        workers = KillableWorkers(behave, n_workers=2, deadline_s=6.0)
        calls = asyncio.create_task(workers.run([("take a while", 7), ("sleep", 0)]))
        await asyncio.sleep(1.0)
        now = time.time
        monkeypatch.setattr(time, "time", lambda: now() + jump_s)
        try:
            return await calls
        finally:
            await workers.aclose()

    assert asyncio.run(main()) == [7, Lost("timed out after 6 s")]


def test_workers_may_be_used_again_after_they_were_closed():
    async def main():
        workers = KillableWorkers(behave, n_workers=1)
        first = await workers.run([("answer", 1)])
        await workers.aclose()
        second = await workers.run([("answer", 2)])
        await workers.aclose()
        return first + second

    assert asyncio.run(main()) == [1, 2]


def test_a_pool_that_broke_under_several_batches_is_ended_once(monkeypatch):
    ended, stop = [], ProcessPool.stop
    monkeypatch.setattr(ProcessPool, "stop", lambda pool: (ended.append(pool), stop(pool)))

    async def main():
        workers = KillableWorkers(behave, n_workers=1)
        await workers.run([("answer", 0)])
        broken = workers._pool
        broken.close()  # like one that broke, it takes no calls
        batches = await asyncio.gather(*(workers.run([("answer", n)]) for n in range(4)))
        later = workers._pool
        await workers.aclose()
        return batches, ended == [broken, later]

    assert asyncio.run(main()) == ([[0], [1], [2], [3]], True)


def test_workers_that_cannot_start_are_a_failure_of_the_backend_and_no_verdict():
    with pytest.raises(BackendDown, match="checker processes end as soon as they start"):
        run([("answer", 1)], preload=("no_such_module",))
