"""Runs a function in worker processes that may be killed: one call lost never costs another.

A call that passes its deadline, dies (crash, memory limit, kill signal) or raises comes back as
`Lost` with a reason; the worker is replaced and the other calls go on. Workers are started late,
from a fork server (never by forking the parent, which may hold torch's threads), and their address
space is limited.

Not covered: isolation. The function is our own and trusted; only its input is not. Untrusted
programs belong in the sandbox. As always with `multiprocessing`, a script that uses this needs the
`if __name__ == "__main__":` guard.
Source: pebble's ProcessPool. The deadline of a call starts when a worker is seen to have it.
"""

from __future__ import annotations

import asyncio
import importlib
import math
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as CallTimeout
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from labeler.errors import BackendDown

if TYPE_CHECKING:
    from pebble import ProcessPool

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Lost:
    """A call that gave no result, and why."""

    reason: str


DEATHS = 2
"""So many workers may die of a call before the call is lost."""

POOLS = 4
LATER_POOLS = 50
"""So many pools may break under a batch of calls: few while no call was ever answered."""

LOOK_S = 0.5
"""Between two looks at calls that are not done."""

_POOL_BROKE = Lost("the pool of checker processes broke")


class KillableWorkers(Generic[Result]):
    """Calls one module-level function on many argument tuples, each call with its own deadline."""

    def __init__(
        self,
        function: Callable[..., Result],
        *,
        n_workers: int = 2,
        deadline_s: float = 5.0,
        max_bytes: int = 2 << 30,
        preload: Sequence[str] = (),
        warm_up: tuple[Any, ...] | None = None,
    ) -> None:
        """Before its first call, outside any deadline, a worker imports the modules `preload` and
        calls the function on `warm_up`, so that caches filled late count against no call.
        """
        self._function = function
        self._n_workers = n_workers
        self._deadline_s = deadline_s
        self._max_bytes = max_bytes
        self._preload = tuple(preload)
        self._warm_up = warm_up
        self._pool: ProcessPool | None = None
        self._worked = False
        self._starting = threading.Lock()

    async def run(self, calls: Sequence[tuple[Any, ...]]) -> list[Result | Lost]:
        """One result per call, in order. Raises `BackendDown` where no worker can be started."""
        results: dict[int, Result | Lost] = {}
        for _attempt in range(LATER_POOLS if self._worked else POOLS):
            # A worker that dies without a call takes pebble's whole pool along: the calls that
            # were only bystanders get another pool.
            left = [index for index in range(len(calls)) if index not in results]
            if not left:
                break
            pool = await asyncio.to_thread(self._started_pool)
            replies = await asyncio.gather(*(self._call(pool, calls[index]) for index in left))
            results |= {
                i: reply for i, reply in zip(left, replies, strict=True) if reply is not _POOL_BROKE
            }
            if len(results) < len(calls):
                await asyncio.to_thread(self._drop, pool)
        if len(results) < len(calls):
            raise BackendDown(
                "checker processes end as soon as they start: raise max_bytes "
                f"(now {self._max_bytes}), or look above for what they could not import"
            )
        return [results[index] for index in range(len(calls))]

    async def aclose(self) -> None:
        """Kills all workers; may be called twice, and a later `run` starts new ones."""
        if self._pool is not None:
            await asyncio.to_thread(self._drop, self._pool)

    async def _call(self, pool: ProcessPool, arguments: tuple[Any, ...]) -> Result | Lost:
        """The result of one call, or why it is lost; `_POOL_BROKE` where it has no part in that."""
        from pebble import ProcessExpired

        lost = _POOL_BROKE
        for _death in range(DEATHS):
            try:
                call = pool.schedule(self._function, args=arguments)
            except RuntimeError:  # pebble's word for a pool that broke or was closed meanwhile
                return _POOL_BROKE
            try:
                result = await self._before_deadline(call)
                self._worked = True
                return result
            except BrokenProcessPool:
                return _POOL_BROKE
            except CallTimeout:
                return Lost(f"timed out after {self._deadline_s:g} s")
            except ProcessExpired as death:
                # A kill from outside (a system out of memory, say) is not the call's own fault.
                lost = Lost(f"checker process died ({_how(death.exitcode)})")
            except MemoryError:
                return Lost(f"out of memory (limit {self._max_bytes >> 20} MiB)")
            except Exception as error:
                return Lost(f"checker failed: {type(error).__name__}")
        return lost

    async def _before_deadline(self, call: Future[Result]) -> Result:
        """The result of a call; raises `CallTimeout` when a worker has had it for too long.

        Pebble's own deadlines follow the clock of the day, which may be set while a call runs.
        """
        result = asyncio.wrap_future(call)
        look_s = min(LOOK_S, self._deadline_s / 4)
        deadline = math.inf
        try:
            while not (await asyncio.wait([result], timeout=look_s))[0]:
                if deadline == math.inf and call.running():
                    deadline = time.monotonic() + self._deadline_s
                elif time.monotonic() > deadline:
                    raise CallTimeout
            return result.result()
        finally:
            # Kills the worker if the call is still running.
            call.cancel()

    def _started_pool(self) -> ProcessPool:
        import multiprocessing

        from pebble import ProcessPool

        with self._starting:
            if self._pool is None or not self._pool.active:
                context = multiprocessing.get_context("forkserver")
                context.set_forkserver_preload(list(self._preload))
                self._pool = ProcessPool(
                    max_workers=self._n_workers,
                    context=context,
                    initializer=_prepare_worker,
                    initargs=(self._max_bytes, self._preload, self._function, self._warm_up),
                )
            return self._pool

    def _drop(self, pool: ProcessPool) -> None:
        """Ends a pool; of several batches under which it broke, the first does."""
        # Pebble does not bear to be ended twice at once, by two threads.
        with self._starting:
            if self._pool is pool:
                self._pool = None
                pool.stop()
                pool.join()


def _prepare_worker(
    max_bytes: int,
    preload: Sequence[str],
    function: Callable[..., object],
    warm_up: tuple[Any, ...] | None,
) -> None:
    """Runs in the worker before its first call."""
    import resource

    # pebble asks for a clean end by a Python signal handler, which never runs while one long
    # operation on big integers holds the interpreter: let the signal kill.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for module in preload:
        importlib.import_module(module)
    resource.setrlimit(resource.RLIMIT_AS, (max_bytes, max_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if warm_up is not None:
        function(*warm_up)


def _how(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        return signal.Signals(-exitcode).name
    return f"exit code {exitcode}"
