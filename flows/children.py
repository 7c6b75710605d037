"""Processes that `labeler server` starts: what they print goes to a log, not to the terminal.

    PREFECT_HOME/labeler/logs/<name>.log, and <name>.log.1 for what was before

A log is `LOG_BYTES` long at most. One that ends by itself is started again, after a pause that
grows, until it has ended `MOST_ENDS` times within an hour.
"""

from __future__ import annotations

import logging
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO

from labeler.errors import BackendDown

from .prefect_home import our_folder

LOG_BYTES = 5_000_000
STOP_TIMEOUT_S = 40.0
MOST_ENDS = 5
HOUR_S = 3600.0


def log_of(name: str) -> Path:
    """Where a child's output stands."""
    return our_folder("logs") / f"{name}.log"


class Child:
    """One process, started again when it ends by itself."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        say: Callable[[str], None],
        *,
        user: str | None = None,
        settings: dict[str, str] | None = None,
    ) -> None:
        self.name, self._command, self._say, self._user = name, command, say, user
        self._env = settings
        self._ends: list[float] = []
        self._log = RotatingFileHandler(
            log_of(name), maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8"
        )
        self.start()

    def start(self) -> None:
        """Starts the process, in a session of its own: Ctrl-C reaches only who started it."""
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=self._user,
            env=self._env,
        )
        assert self._process.stdout is not None
        pump = threading.Thread(target=self._write_log, args=(self._process.stdout,), daemon=True)
        pump.start()

    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self._process.poll() is not None

    def keep(self) -> None:
        """Starts it again where it ended; `BackendDown` where that does not help."""
        if not self.has_ended():
            return
        now = time.monotonic()
        self._ends = [*(end for end in self._ends if now - end < HOUR_S), now]
        code = self._process.returncode
        if len(self._ends) >= MOST_ENDS:
            raise BackendDown(
                f"the {self.name} ended {len(self._ends)} times within an hour, the last time "
                f"with exit code {code}; see {log_of(self.name)}"
            )
        self._say(f"the {self.name} ended (exit code {code}); it is started again")
        time.sleep(2 ** (len(self._ends) - 1))
        self.start()

    def stop(self) -> None:
        """Asks it to end, and ends it where it does not."""
        if not self.has_ended():
            self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def _write_log(self, output: IO[bytes]) -> None:
        with output:
            for text in output:
                words = text.decode("utf-8", "replace").rstrip("\n")
                self._log.emit(logging.makeLogRecord({"msg": words}))
