"""Control groups: one ceiling on memory and processes for all processes of a run together.

Resource limits hold for each process; a group holds for the sum, temporary files included. Groups
can be had by root (version 1 or 2), and by others where a folder was delegated to them; where not,
`make_group` gives None and the run says so. One group per slot, used again and again.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from labeler.driver.requests import Limits

ROOT = Path("/sys/fs/cgroup")
NAME = "labeler-"
JUDGE_BYTES = 96 << 20
JUDGE_PROCESSES = 6


@dataclass(frozen=True, slots=True)
class Group:
    """Folders of one group: one in version 2, one per controller in version 1."""

    version: int
    memory: Path
    processes: Path

    @property
    def entrances(self) -> list[str]:
        """Files that take a process in when its number is written to them."""
        return [str(folder / "cgroup.procs") for folder in {self.memory, self.processes}]

    def set_limits(self, limits: Limits) -> None:
        """The program's limits, and on top what the processes beside it need."""
        memory_bytes = limits.memory_bytes + limits.disk_bytes + JUDGE_BYTES
        name = "memory.limit_in_bytes" if self.version == 1 else "memory.max"
        (self.memory / name).write_text(str(memory_bytes))
        swap = self.memory / "memory.swap.max"
        if swap.exists():
            swap.write_text("0")
        (self.processes / "pids.max").write_text(str(limits.processes + JUDGE_PROCESSES))

    def times_out_of_memory(self) -> int:
        """How often the kernel ended a process of this group for want of memory, so far."""
        name = "memory.oom_control" if self.version == 1 else "memory.events"
        for line in (self.memory / name).read_text().splitlines():
            key, _, value = line.partition(" ")
            if key == "oom_kill":
                return int(value)
        return 0

    async def remove(self) -> None:
        """Takes the folders away once the last process is out, which may take a moment."""
        for folder in {self.memory, self.processes}:
            for _attempt in range(100):
                try:
                    folder.rmdir()
                except FileNotFoundError:
                    break
                except OSError:
                    await asyncio.sleep(0.02)


def make_group(name: str) -> Group | None:
    """A new group, or None where this machine or user has none to give.

    `name` begins with the number of this process; groups of processes that are gone are removed.
    """
    try:
        if (ROOT / "cgroup.controllers").exists():
            parent = ROOT / _own_path("")
            _remove_stale(parent)
            return _version_2(parent / f"{NAME}{name}")
        parents = [ROOT / kind / _own_path(kind) for kind in ("memory", "pids")]
        for parent in parents:
            _remove_stale(parent)
        folders = [parent / f"{NAME}{name}" for parent in parents]
        for folder in folders:
            folder.mkdir()
        return Group(1, *folders)
    except OSError:
        return None


def _version_2(folder: Path) -> Group | None:
    # Children get controllers only where the parent hands them on.
    handed = (folder.parent / "cgroup.subtree_control").read_text().split()
    if not {"memory", "pids"} <= set(handed):
        (folder.parent / "cgroup.subtree_control").write_text("+memory +pids")
    folder.mkdir()
    return Group(2, folder, folder)


def _remove_stale(parent: Path) -> None:
    """Groups whose run was killed before it could remove them."""
    for folder in parent.glob(f"{NAME}*"):
        number = folder.name.removeprefix(NAME).split("-")[0]
        if not Path("/proc", number).exists():
            with suppress(OSError):
                folder.rmdir()


def _own_path(controller: str) -> str:
    """This process' group under a controller, relative to the controller's root."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _number, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            own = path.lstrip("/")
            return own if os.access(ROOT / controller / own, os.W_OK) else ""
    return ""
