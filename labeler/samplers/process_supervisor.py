"""Keeps one server process, and ends it with all its descendants when its owner is gone.

    python process_supervisor.py OWNER_PID GRACE_S COMMAND...

Run as a script, by its path: it imports nothing but the standard library. It ends when the command
ends (with its exit status; 128 + n for signal n), when it gets SIGTERM, or when process OWNER_PID
is no longer its parent, however that one died. Before it ends nothing of the command is left: first
SIGTERM to all, after GRACE_S seconds SIGKILL. On Linux it adopts orphaned descendants
(PR_SET_CHILD_SUBREAPER), so a worker in a session of its own is found too, and if it is killed
itself, the kernel kills the command (PR_SET_PDEATHSIG); elsewhere only the process group is ended.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

POLL_S = 0.1
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
IS_LINUX = sys.platform == "linux"


class ProcessSupervisor:
    """One command under guard."""

    def __init__(self, owner: int, grace_s: float) -> None:
        self._owner, self._grace_s = owner, grace_s
        self._told_to_stop = False

    def run(self, command: list[str]) -> int:
        """Runs the command to its end or ours; the exit status."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGHUP, self._stop)
        # Ctrl-C is for the owner, who then says what to do.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _prctl(PR_SET_CHILD_SUBREAPER, 1)
        try:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                # Safe: this process has one thread.
                preexec_fn=_die_with_supervisor,  # noqa: PLW1509
            )
        except OSError as error:
            print(f"cannot start {command[0]}: {error.strerror}", flush=True)
            return 127
        while child.poll() is None and not self._told_to_stop and os.getppid() == self._owner:
            time.sleep(POLL_S)
        self._end_all(child)
        code = child.returncode
        return 128 - code if code < 0 else code

    def _stop(self, number: int, frame: object) -> None:
        self._told_to_stop = True

    def _end_all(self, child: subprocess.Popen[bytes]) -> None:
        """Politely at first; returns when nothing is left."""
        _signal_all(child.pid, signal.SIGTERM)
        deadline = time.monotonic() + self._grace_s
        while _anything_left(child):
            if time.monotonic() >= deadline:
                _signal_all(child.pid, signal.SIGKILL)
            time.sleep(POLL_S / 2)


def _die_with_supervisor() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _prctl(option: int, value: int) -> None:
    if IS_LINUX:
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _signal_all(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
    for pid in _descendants():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _anything_left(child: subprocess.Popen[bytes]) -> bool:
    """Whether the child or a descendant lives; those that have ended are reaped."""
    if child.poll() is None:
        return True
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    if IS_LINUX:
        return bool(_descendants())
    try:
        os.killpg(child.pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _descendants() -> set[int]:
    """All processes below this one, children of children too; zombies do not count. Linux only."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*") if IS_LINUX else ():
        with contextlib.suppress(OSError):
            # The name in brackets may hold anything, brackets too.
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            if state not in "ZX":
                parents[int(folder.name)] = int(parent)
    found: set[int] = set()
    new = {os.getpid()}
    while new:
        new = {pid for pid, parent in parents.items() if parent in new} - found
        found |= new
    return found


if __name__ == "__main__":
    _, owner_pid, grace, *words = sys.argv
    sys.exit(ProcessSupervisor(int(owner_pid), float(grace)).run(words))
