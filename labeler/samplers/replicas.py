"""The replicas of one model: started together, watched, started again when they end, stopped.

A replica that ends, or gives no sign of health for `HUNG_S`, is started again on its port, at most
`restarts` times; its reason is logged. One that is given up leaves the others at work. Does not
cover: who asks which replica what (`vllm.py`, `balance.py`); a server that answers wrongly.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from labeler.errors import BackendDown, ConfigError
from labeler.samplers.server_process import (
    GRACE_S,
    HEALTH_TIMEOUT_S,
    ServerProcess,
    free_ports,
    is_free,
    is_healthy,
)
from labeler.samplers.vllm_command import DeviceSet, Launch, command_of, environment_of

HUNG_S = 120.0
"""An engine that reads very long prompts may be silent for some seconds, not for so long."""

WATCH_S = 1.0
START_POLL_S = 0.2
LONGEST_PAUSE_S = 30.0
PORTS_TRIED = 3

log = logging.getLogger("labeler.engine")


@dataclass
class Replica:
    """One server: where it is, its process, and how it is."""

    number: int
    device_set: DeviceSet
    port: int
    log: Path
    restarts_left: int
    process: ServerProcess | None = None
    is_up: bool = False
    why_gone: str = ""
    """Why it was given up; "" while it is not."""


class Replicas:
    """All replicas of a launch, one per device set. Belongs to the event loop that started it."""

    def __init__(
        self,
        launch: Launch,
        device_sets: Sequence[DeviceSet],
        hung_s: float = HUNG_S,
        grace_s: float = GRACE_S,
    ) -> None:
        self._launch, self._device_sets = launch, device_sets
        self._hung_s, self._grace_s = hung_s, grace_s
        self._patience_s = min(HEALTH_TIMEOUT_S, hung_s)
        self._replicas: list[Replica] = []
        self._watchers: list[asyncio.Task[None]] = []
        self._changed = asyncio.Event()
        self._folder: Path | None = None
        self._keep_logs = False

    @property
    def urls(self) -> list[str]:
        """Of the replicas, in order; they stay what they are when a replica is started again."""
        return [self._url(one) for one in self._replicas]

    @property
    def pids(self) -> list[int]:
        """Of the supervisors whose replicas run."""
        running = [one.process for one in self._replicas if one.process is not None]
        return [process.pid for process in running if process.is_running]

    async def start(self) -> None:
        """Starts all and waits for their health.

        Raises `ConfigError` for a port in use and `BackendDown`, with the end of the log, for a
        server that ends or stays silent; then none is left running.
        """
        self._folder = Path(tempfile.mkdtemp(prefix="labeler-vllm-"))
        self._replicas = [
            Replica(i, device_set, port, self._folder / f"replica-{i}.log", self._launch.restarts)
            for i, (device_set, port) in enumerate(
                zip(self._device_sets, self._ports(), strict=True)
            )
        ]
        try:
            async with asyncio.TaskGroup() as group:
                for replica in self._replicas:
                    group.create_task(self._begin(replica))
        except ExceptionGroup as several:
            self._keep_logs = True
            await self.stop()
            raise several.exceptions[0] from None
        except BaseException:
            await self.stop()
            raise
        self._watchers = [asyncio.create_task(self._watch(one)) for one in self._replicas]
        for watcher in self._watchers:
            # A watcher that fails must not leave requests waiting for its replica.
            watcher.add_done_callback(lambda task: self._changed.set())

    async def some_up(self) -> None:
        """Returns when a replica is up. Raises `BackendDown` when all were given up."""
        while not any(one.is_up for one in self._replicas):
            for watcher in self._watchers:
                if watcher.done():
                    watcher.result()
            if all(one.why_gone for one in self._replicas):
                raise BackendDown(f"every replica was given up: {self._replicas[0].why_gone}")
            self._changed.clear()
            await self._changed.wait()

    async def any_well(self) -> bool:
        """Asks every replica now; one that does not answer counts as down until it does again."""
        async with httpx.AsyncClient() as client:
            well = await asyncio.gather(
                *(is_healthy(client, url, self._patience_s) for url in self.urls)
            )
        for replica, is_well in zip(self._replicas, well, strict=True):
            replica.is_up = replica.is_up and is_well
        return any(well)

    async def stop(self) -> None:
        """Ends all servers with their children; returns when nothing is left. May be repeated.

        Logs stay only where an error names them.
        """
        for watcher in self._watchers:
            watcher.cancel()
        await asyncio.gather(*self._watchers, return_exceptions=True)
        self._watchers = []
        processes = [one.process for one in self._replicas if one.process is not None]
        await asyncio.gather(*(process.stop() for process in processes))
        for one in self._replicas:
            one.is_up, one.why_gone = False, one.why_gone or "it was stopped"
        if self._folder is not None and not self._keep_logs:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _ports(self) -> list[int]:
        first, n = self._launch.port, len(self._device_sets)
        if first is None:
            return free_ports(self._launch.host, n)
        wanted = list(range(first, first + n))
        for port in wanted:
            if not is_free(self._launch.host, port):
                raise ConfigError(
                    f"port {port} of {self._launch.host} is in use (or not ours to use); choose "
                    "another policy.port, or leave it out to take a free one"
                )
        return wanted

    async def _begin(self, replica: Replica) -> None:
        """Starts a replica and waits for its health; another port if somebody took this one."""
        for _ in range(PORTS_TRIED):
            replica.process = self._started(replica)
            why = await self._until_healthy(replica, replica.process)
            if not why:
                self._set_up(replica)
                return
            await replica.process.stop()
            # Between the look for a free port and the start anybody may have taken it.
            taken = not is_free(self._launch.host, replica.port)
            if self._launch.port is not None or not taken:
                break
            [replica.port] = free_ports(self._launch.host, 1)
        raise BackendDown(f"{self._told(replica)} did not start: {why}; {self._remedy(replica)}")

    def _started(self, replica: Replica) -> ServerProcess:
        command = command_of(self._launch, replica.number, replica.port, replica.device_set)
        env = environment_of(self._launch, replica.device_set)
        return ServerProcess(command, env, replica.log, self._grace_s)

    async def _until_healthy(self, replica: Replica, process: ServerProcess) -> str:
        """Waits for health; gives "" or why it never came."""
        deadline = time.monotonic() + self._launch.start_timeout_s
        async with httpx.AsyncClient() as client:
            while time.monotonic() < deadline:
                if not process.is_running:
                    return process.why()
                if await is_healthy(client, self._url(replica), self._patience_s):
                    return ""
                await asyncio.sleep(START_POLL_S)
        return (
            f"no answer at {self._url(replica)}/health in {self._launch.start_timeout_s:g} s "
            f"(policy.start_timeout_s); it {process.why()}"
        )

    async def _watch(self, replica: Replica) -> None:
        """Starts a replica again whenever it ends, as often as it may be."""
        why = await self._until_ended(replica)
        pause_s = 0.0
        while replica.restarts_left > 0:
            replica.restarts_left -= 1
            log.warning(
                "%s %s; it is started again (%d more times)",
                self._told(replica), why, replica.restarts_left,
            )  # fmt: skip
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s + 1, LONGEST_PAUSE_S)
            why = await self._again(replica)
            if not why:
                why = await self._until_ended(replica)
                pause_s = 0.0
        replica.why_gone = f"{self._told(replica)} {why}; {self._remedy(replica)}"
        self._keep_logs = True
        log.warning("%s; it is given up", replica.why_gone)
        self._changed.set()

    async def _until_ended(self, replica: Replica) -> str:
        """Returns why when the process has ended, or was silent for too long and is stopped."""
        process = replica.process
        assert process is not None
        last_well = time.monotonic()
        async with httpx.AsyncClient() as client:
            while process.is_running:
                if await is_healthy(client, self._url(replica), self._patience_s):
                    last_well = time.monotonic()
                    self._set_up(replica)
                elif process.is_running and time.monotonic() - last_well > self._hung_s:
                    replica.is_up = False
                    await process.stop()
                    return f"gave no sign of health for {self._hung_s:g} s"
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(process.ended(), WATCH_S)
        replica.is_up = False
        return process.why()

    async def _again(self, replica: Replica) -> str:
        """Starts a replica anew, on its port; gives "" or why that failed."""
        if not is_free(self._launch.host, replica.port):
            return f"cannot start again: port {replica.port} is in use"
        replica.process = self._started(replica)
        why = await self._until_healthy(replica, replica.process)
        if why:
            await replica.process.stop()
        else:
            self._set_up(replica)
        return why

    def _set_up(self, replica: Replica) -> None:
        replica.is_up = True
        self._changed.set()

    def _url(self, replica: Replica) -> str:
        return f"http://{self._launch.host}:{replica.port}"

    def _told(self, replica: Replica) -> str:
        return f"engine of {self._launch.name!r}, replica {replica.number},"

    def _remedy(self, replica: Replica) -> str:
        return (
            f"the whole log is {replica.log}; where memory ran out, lower policy.gpu_memory or "
            "policy.max_length"
        )
