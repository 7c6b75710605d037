"""Runs a model's work in threads beside the event loop, and tells it when nobody waits any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TypeVar

from labeler.errors import BackendDown

Result = TypeVar("Result")


class ModelThreads:
    """`n` threads for the model called `model`; `remedy` is what to do about too little memory."""

    def __init__(self, model: str, n: int, remedy: str) -> None:
        self._model, self._remedy = model, remedy
        self._threads = ThreadPoolExecutor(n, "transformers-sampler")
        self._closing = Event()

    async def run(self, work: Callable[[Callable[[], bool]], Result]) -> Result:
        """Runs `work`; what it is given tells whether it should stop, raising `Stopped`.

        Raises `BackendDown` when closed, and for a model that ran out of memory.
        """
        if self._closing.is_set():
            raise BackendDown(f"the sampler of {self._model} is closed; make a new one")
        from torch import OutOfMemoryError

        from labeler.samplers.decoding import Stopped

        cancelled = Event()
        stopped = lambda: cancelled.is_set() or self._closing.is_set()  # noqa: E731
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, stopped)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        except Stopped:
            raise BackendDown(f"the sampler of {self._model} was closed while it ran")
        except OutOfMemoryError:
            raise BackendDown(f"{self._model} ran out of memory; {self._remedy}")

    async def aclose(self) -> None:
        """Stops what runs, and waits for it; may be called twice."""
        self._closing.set()
        await asyncio.to_thread(self._threads.shutdown)
