"""The default sandbox: bubblewrap.

Inside there is a read-only system (/usr and this Python), one small temporary file system, no
network, no /proc, no device but null and urandom, an empty environment, and a user who is not root.
Started by root, no user namespace is made: the process inside takes a user id of its own, so that
limits on processes hold (they do nothing for root, whatever it is called inside). Started by
anybody else, it is a user namespace in which no other can be made. Resource limits, a seccomp
filter (`system_calls`) and, where they can be had, control groups (`control_group`) come on top.

Not covered: faults of the kernel itself; for hostile programs at scale use a machine that may be
lost. Needs Linux, bubblewrap 0.8 or newer, libseccomp.
Sources: bubblewrap's manual; what others lost is listed in `escapes`.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from labeler.driver.requests import Failed, Run, RunResult
from labeler.sandbox.base import (
    CLEAN,
    PROBE,
    SANDBOX_VERSION,
    Task,
    packages_folder,
    probe_fault,
)
from labeler.sandbox.control_group import Group, make_group
from labeler.sandbox.system_calls import filter_program

INSIDE = Path(__file__).with_name("inside")
PACKAGES = "/labeler/packages"
"""Where third-party packages lie inside."""
START = (
    "import sys; sys.path.insert(0, '/labeler'); from inside.supervisor import main; main({uid})"
)
JOIN_GROUPS = 'for entrance in $1; do echo $$ > "$entrance" || exit 99; done; shift; exec "$@"'
MISSING = "bubblewrap is not installed; `apt-get install bubblewrap`, or use a remote one"
MOST_OUTPUT_BYTES = 64 << 20


@dataclass(slots=True)
class _Answer:
    """All that came for one task: lines of results, and what was complained of."""

    output: bytes = b""
    complaint: str = ""


@dataclass(slots=True)
class _SandboxSlot:
    """Where one program runs at a time: its control group, and its sandbox while there is one."""

    number: int
    group: Group | None
    keeper: asyncio.subprocess.Process | None = None
    mounts: tuple[int, bool] = (0, False)

    async def ask(self, content: bytes, wait_s: float) -> _Answer:
        """One task for the sandbox; ends it unless it says that it is clean."""
        keeper, answer = self.keeper, _Answer()
        assert keeper is not None and keeper.stdin and keeper.stdout
        clean = False
        try:
            async with asyncio.timeout(wait_s):
                keeper.stdin.write(content)
                await keeper.stdin.drain()
                while line := await keeper.stdout.readline():
                    if line == CLEAN:
                        clean = True
                        break
                    answer.output += line
        except ConnectionError:
            pass  # It has ended, and said why: where no namespace can be made, before it read.
        except (TimeoutError, ValueError):
            answer.complaint = "no reply in time, or too long a one"
        finally:
            if not clean:
                answer.complaint = answer.complaint or await _complaint(keeper)
                await self.end()
        return answer

    async def end(self) -> None:
        """Ends the sandbox with all that is in it."""
        keeper, self.keeper = self.keeper, None
        if keeper is not None and keeper.returncode is None:
            # Without capabilities bubblewrap may not signal a process of another user, so it
            # cannot take process 1 along; without that, the kernel ends all that is inside.
            for pid in [*_children(keeper.pid), keeper.pid]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            await asyncio.shield(keeper.wait())


def _children(pid: int) -> list[int]:
    """The processes that a process started; none if it has just ended."""
    with suppress(OSError):
        return [
            int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]
    return []


async def _complaint(keeper: asyncio.subprocess.Process) -> str:
    """The end of what the sandbox said on stderr before it ended."""
    assert keeper.stderr
    with suppress(TimeoutError):
        async with asyncio.timeout(1):
            text = (await keeper.stderr.read(1 << 16)).decode("utf-8", "replace")
            return " ".join(text.split())[-300:]
    return ""


class Bubblewrap:
    """Runs `concurrency` programs at once, each in a slot with its own user id and group.

    A sandbox serves one program after the other as long as they leave nothing behind; a program
    that leaves anything, or ends its judge, takes its sandbox with it (`inside.supervisor`).
    """

    def __init__(self, concurrency: int = 2) -> None:
        self._concurrency = concurrency
        self._program = shutil.which("bwrap") or ""
        self._is_root = os.geteuid() == 0
        self._held = "seccomp, no cgroup"
        self._slots: list[_SandboxSlot] = []
        self._free: asyncio.Queue[_SandboxSlot] | None = None

    @property
    def isolation(self) -> str:
        return f"bubblewrap, {'user id' if self._is_root else 'user namespace'}, {self._held}"

    @property
    def fingerprint(self) -> str:
        version = ".".join(map(str, sys.version_info[:2]))
        return f"bubblewrap-{SANDBOX_VERSION}-python{version}"

    @property
    def concurrency(self) -> int:
        return self._concurrency

    async def run(self, batch: Sequence[Run]) -> list[RunResult | Failed]:
        return list(await asyncio.gather(*(self._run_one(run) for run in batch)))

    async def ready(self) -> str:
        if not self._program:
            return MISSING
        return probe_fault((await self.run([PROBE]))[0])

    async def aclose(self) -> None:
        for slot in self._slots:
            await slot.end()
            if slot.group is not None:
                await slot.group.remove()
        self._slots, self._free = [], None

    async def _run_one(self, run: Run) -> RunResult | Failed:
        if not self._program:
            return Failed(MISSING)
        task = Task(run)
        try:
            content = task.content(PACKAGES)
        except ValueError as error:
            return Failed(str(error))
        if self._free is None:
            self._free = asyncio.Queue()
            for number in range(self._concurrency):
                group = make_group(f"{os.getpid()}-{id(self):x}-{number}")
                self._held = "seccomp, cgroup" if group else "seccomp, no cgroup"
                self._slots.append(_SandboxSlot(number, group))
                self._free.put_nowait(self._slots[-1])
        free = self._free
        slot = await free.get()
        try:
            return await self._run_in(slot, task, content)
        except OSError as error:
            return Failed(f"sandbox did not start: {error.strerror or error}")
        finally:
            free.put_nowait(slot)

    async def _run_in(self, slot: _SandboxSlot, task: Task, content: bytes) -> RunResult | Failed:
        """In the sandbox that is there already, if it does for this run; else in a new one."""
        mounts = (task.run.limits.disk_bytes, task.run.packages)
        if slot.group is not None:
            slot.group.set_limits(task.run.limits)
        if slot.keeper is not None and slot.mounts == mounts:
            answer = await slot.ask(content, task.wait_s)
            reply = task.reply(answer.output, self.isolation)
            if reply is not None:
                return reply
        # None there, or it was lost: perhaps by another's fault, so once more in a new one.
        await slot.end()
        before = slot.group.times_out_of_memory() if slot.group else 0
        slot.keeper = await self._start(slot, task.run)
        slot.mounts = mounts
        answer = await slot.ask(content, task.wait_s)
        reply = task.reply(answer.output, self.isolation)
        if reply is not None:
            return reply
        if slot.group is not None and slot.group.times_out_of_memory() > before:
            return task.ended("memory", "out of memory", self.isolation)
        return Failed(f"sandbox gave no result: {answer.complaint or 'it was ended from outside'}")

    async def _start(self, slot: _SandboxSlot, run: Run) -> asyncio.subprocess.Process:
        filter_fd, write = os.pipe()
        try:
            with os.fdopen(write, "wb") as sink:
                sink.write(filter_program())
            return await asyncio.create_subprocess_exec(
                *self._command(slot.number, slot.group, run, filter_fd),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                pass_fds=(filter_fd,),
                start_new_session=True,
                env={},
                limit=MOST_OUTPUT_BYTES,
            )
        finally:
            os.close(filter_fd)

    def _command(self, number: int, group: Group | None, run: Run, filter_fd: int) -> list[str]:
        joining = ["/bin/sh", "-c", JOIN_GROUPS, "sh", " ".join(group.entrances)] if group else []
        uid = 1_000_000_000 + os.getpid() * 128 + number % 128 if self._is_root else 0
        start = START.format(uid=uid)
        arguments = [*_namespaces(self._is_root), *_files(run), "--seccomp", str(filter_fd)]
        return [*joining, self._program, *arguments, "--", *_python(), "-c", start]


def _python() -> list[str]:
    """This interpreter, without site-packages and with one order of sets for ever."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return [str(Path(sys.base_prefix) / "bin" / name), "-P", "-s", "-S", "-B"]


def _namespaces(is_root: bool) -> list[str]:
    shared = "--unshare-ipc --unshare-pid --unshare-net --unshare-uts --unshare-cgroup-try"
    shared += " --new-session --die-with-parent --as-pid-1 --clearenv --cap-drop ALL"
    if is_root:
        # Both are gone with the change of user, before anything untrusted is read.
        return f"{shared} --cap-add CAP_SETUID --cap-add CAP_SETGID".split()
    return f"{shared} --unshare-user --disable-userns --uid 65534 --gid 65534".split()


def _files(run: Run) -> list[str]:
    arguments = ["--setenv", "PYTHONHASHSEED", "0", "--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        path = Path("/") / name
        if path.is_symlink():
            arguments += ["--symlink", f"usr/{name}", str(path)]
        elif path.is_dir():
            arguments += ["--ro-bind", str(path), str(path)]
    python = sys.base_prefix
    if not python.startswith("/usr/") and python != "/usr":
        arguments += [*_parents(python), "--ro-bind", python, python]
    arguments += ["--dir", "/dev", "--dir", "/labeler"]
    if run.packages:
        # Not where they lie outside: that may be under /tmp, which is another folder here.
        arguments += ["--ro-bind", packages_folder(), PACKAGES]
    for device in ("null", "urandom"):
        arguments += ["--dev-bind", f"/dev/{device}", f"/dev/{device}"]
    arguments += ["--ro-bind", str(INSIDE), "/labeler/inside"]
    arguments += ["--perms", "1777", "--size", str(run.limits.disk_bytes), "--tmpfs", "/tmp"]
    return [*arguments, "--remount-ro", "/", "--chdir", "/tmp"]


def _parents(folder: str) -> list[str]:
    """Made by name, for what bubblewrap makes unasked only its owner may enter."""
    above = [str(parent) for parent in reversed(Path(folder).parents) if parent != Path("/")]
    return [argument for path in above for argument in ("--dir", path)]
