"""The untrusted process seen from outside: started, limited, listened to, and ended.

What it prints is read as it comes and kept up to a limit, so that a flood neither blocks it nor
fills anything. Processor time is the limit that decides, because it does not depend on how busy the
machine is; the wall clock catches programs that sleep, and very long ones.
"""

from __future__ import annotations

import json
import os
import resource
import select
import selectors
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .wire import MAX_FRAME_BYTES, frame

CLOSED = "closed"
CHUNK = 1 << 16
EXTENSIONS = 9
"""How often a program that works is given its time again: a busy machine is not its fault."""
IDLE_SHARE = 0.005
"""A program that used less of its time than this was sleeping."""
ENDING_S = 0.5
"""How long a process takes, at most, from the closing of its files to its end."""
PROCESSORS = 2
"""What a program sees of the machine's."""


class Ended(BaseException):
    """The child is gone or was ended; a test that catches every `Exception` does not hide it.

    `why` is cpu, wall, exited, signalled, closed or flood.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Child:
    """One forked process; `body` runs in it with the socket to this process."""

    def __init__(self, body: Callable[[socket.socket], int], stdin: int) -> None:
        """Forks at once: the child knows what this process knows now and nothing of what follows.

        The child waits for its limits, which are among the things that follow.
        """
        self.connection, theirs = socket.socketpair()
        pipes = [os.pipe(), os.pipe()]
        self._pid = os.fork()
        if self._pid == 0:
            _become_child(theirs, stdin, [write for _read, write in pipes])
            os._exit(body(theirs))
        theirs.close()
        self._pidfd = os.pidfd_open(self._pid)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self.connection, selectors.EVENT_READ, "socket")
        self._selector.register(self._pidfd, selectors.EVENT_READ, "end")
        self._printed: dict[int, bytearray] = {}
        for (read, write), name in zip(pipes, ("stdout", "stderr"), strict=True):
            os.close(write)
            os.set_blocking(read, False)
            self._selector.register(read, selectors.EVENT_READ, name)
            self._printed[read] = bytearray()
        self._inbox = bytearray()
        self._gone = False
        self.status: int | None = None
        self.peak_bytes = 0
        self.cpu_s = 0.0

    def limit(self, limits: dict[str, Any]) -> None:
        """Starts the clocks. The child sets the resource limits itself, before anything else."""
        self._most_output = limits["output_bytes"]
        self._most_cpu = limits["cpu_s"]
        self._wall = limits["wall_s"]
        self._extensions = EXTENSIONS
        self._deadline = time.monotonic() + self._wall
        self._cpu_before = 0.0

    def send(self, message: object) -> None:
        """Sends one message; the child reads whenever it is not running its program."""
        data = memoryview(frame(message))
        self.connection.setblocking(False)
        while data:
            try:
                data = data[self.connection.send(data) :]
            except BlockingIOError:
                self._wait()
            except OSError:
                raise self._ended()

    def receive(self) -> Any:
        """The next message. Raises `Ended` where none comes."""
        while True:
            if len(self._inbox) >= 4:
                size = int.from_bytes(self._inbox[:4], "big")
                if size > MAX_FRAME_BYTES:
                    raise Ended("flood")
                if len(self._inbox) >= 4 + size:
                    data = bytes(self._inbox[4 : 4 + size])
                    del self._inbox[: 4 + size]
                    return json.loads(data)
            if self._gone:
                raise self._ended()
            self._wait()

    def wait(self) -> Ended:
        """Waits for the end of the child, whatever it sends meanwhile."""
        try:
            while self.status is None:
                self._inbox.clear()
                self._wait()
        except Ended as ended:
            return ended
        return self._ended()

    def kill(self) -> None:
        """Ends the child and learns how it ended."""
        if self.status is None:
            os.kill(self._pid, signal.SIGKILL)
            self._reap()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, signal.SIGKILL)  # what it started and did not move elsewhere
        for read in list(self._printed):
            self._drain(read)

    @property
    def printed(self) -> list[str]:
        """What came on stdout and stderr, up to the limit."""
        return [data.decode("utf-8", "replace") for data in self._printed.values()]

    def _ended(self) -> Ended:
        """How the child ended, once its side of the socket is closed."""
        if self.status is None and select.select([self._pidfd], [], [], ENDING_S)[0]:
            self._reap()
        if self.status is None:
            # A program may close the socket and go on; it cannot be asked anything any more.
            os.kill(self._pid, signal.SIGKILL)
            self._reap()
            return Ended(CLOSED)
        if self.status == -signal.SIGXCPU:
            return Ended("cpu")
        return Ended("signalled" if self.status < 0 else "exited")

    def _wait(self) -> None:
        """Waits until something happens; raises `Ended` where a limit is passed."""
        wall_left = self._deadline - time.monotonic()
        cpu_left = self._most_cpu - self._cpu()
        if wall_left <= 0 < cpu_left and self._is_working():
            return
        if cpu_left <= 0 or wall_left <= 0:
            why = "cpu" if cpu_left <= 0 else "wall"
            self.kill()
            raise Ended(why)
        for key, _events in self._selector.select(min(wall_left, max(cpu_left, 0.005))):
            match key.data:
                case "socket":
                    self._hear()
                case "end":
                    self._selector.unregister(self._pidfd)
                    self._reap()
                    self._hear()
                    self._gone = True
                case _:
                    self._drain(key.fd)

    def _is_working(self) -> bool:
        """Whether the time that is up was spent working; then as much again is given."""
        worked, self._cpu_before = self.cpu_s - self._cpu_before, self.cpu_s
        if worked < IDLE_SHARE * self._wall or not self._extensions:
            return False
        self._extensions -= 1
        self._deadline += self._wall
        return True

    def _hear(self) -> None:
        self.connection.setblocking(False)
        while not self._gone and len(self._inbox) <= MAX_FRAME_BYTES:
            try:
                data = self.connection.recv(CHUNK)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._gone = True
                self._selector.unregister(self.connection)
            self._inbox += data

    def _drain(self, read: int) -> None:
        try:
            # One look per turn: a flood must not keep this process from watching the clocks.
            data = os.read(read, CHUNK)
        except BlockingIOError:
            return
        kept = self._printed[read]
        kept += data[: self._most_output - len(kept)]
        if not data and read in self._selector.get_map():
            self._selector.unregister(read)

    def _cpu(self) -> float:
        if self.status is None:
            # The kernel's clock of another process (clock_getcpuclockid in glibc).
            self.cpu_s = time.clock_gettime((~self._pid << 3) | 2)
        return self.cpu_s

    def _reap(self) -> None:
        _pid, status, usage = os.wait4(self._pid, 0)
        self.status = os.waitstatus_to_exitcode(status)
        self.peak_bytes = usage.ru_maxrss * 1024
        self.cpu_s = usage.ru_utime + usage.ru_stime


def set_limits(limits: dict[str, Any]) -> None:
    """Resource limits of this process and all it starts; they cannot be raised again."""
    _limit_threads()
    for name, value in (
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_CPU, int(limits["cpu_s"]) + 2),
        (resource.RLIMIT_FSIZE, limits["disk_bytes"]),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_NPROC, limits["processes"]),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        _soft, hard = resource.getrlimit(name)
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(name, (most, most))


def _limit_threads() -> None:
    """Numeric libraries start a thread per processor, and `RLIMIT_NPROC` counts threads.

    A thread refused is no fault of the program's, yet OpenBLAS answers it with a SIGINT to its own
    process (`blas_thread_init`), which would read as a program that failed.
    """
    os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
    seen = sorted(os.sched_getaffinity(0))
    first = time.monotonic_ns() % len(seen)
    os.sched_setaffinity(0, [*seen[first:], *seen[:first]][:PROCESSORS])


def _become_child(connection: socket.socket, stdin: int, outputs: list[int]) -> None:
    os.setsid()
    os.dup2(stdin, 0)
    for fd, output in zip((1, 2), outputs, strict=True):
        os.dup2(output, fd)
    kept = connection.fileno()
    os.closerange(3, kept)
    os.closerange(kept + 1, 256)
