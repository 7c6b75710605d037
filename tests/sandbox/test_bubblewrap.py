"""What only isolation gives: nothing escapes, nothing stays, nothing goes from one to the next."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from labeler.driver.requests import Failed, Limits, Run, RunResult, TestStatus
from labeler.sandbox.base import NoSandbox, Sandbox
from labeler.sandbox.bubblewrap import Bubblewrap
from labeler.sandbox.escapes import Attempt, try_escapes
from tests.sandbox.conftest import ran, with_sandbox

ROOT = Path(__file__).parent.parent.parent


async def attempts_of(sandbox: Sandbox) -> list[Attempt]:
    return [attempt async for attempt in try_escapes(sandbox)]


def test_every_known_escape_is_contained(bubblewrap: Bubblewrap) -> None:
    attempts = with_sandbox(bubblewrap, attempts_of)
    assert len(attempts) >= 60
    assert [attempt for attempt in attempts if not attempt.contained] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_normal_user_has_the_same_walls(bubblewrap: Bubblewrap) -> None:
    # The system's Python: an interpreter in root's home is not a normal user's to read.
    python = Path("/usr/bin/python3")
    if not python.exists() or not os.access("/usr/bin/setpriv", os.X_OK):
        pytest.skip("no /usr/bin/python3 and setpriv to become a normal user with")
    code = (
        "import asyncio, os\n"
        "from labeler.sandbox.bubblewrap import Bubblewrap\n"
        "from labeler.driver.requests import Run\n"
        "b = Bubblewrap(1)\n"
        "program = 'import os; print(os.getuid(), os.path.exists(\"/etc/passwd\"))'\n"
        "async def main():\n"
        "    why = await b.ready()\n"
        "    print(why or (await b.run([Run(program)]))[0].stdout, b.isolation)\n"
        "    await b.aclose()\n"
        "asyncio.run(main())\n"
    )
    import pyseccomp

    paths = f"{ROOT}:{Path(pyseccomp.__file__).parent}"
    become = ["setpriv", "--reuid=65533", "--regid=65533", "--clear-groups"]
    found = subprocess.run(
        [*become, "env", "HOME=/", f"PYTHONPATH={paths}", str(python), "-B", "-c", code],
        capture_output=True, text=True, timeout=60, check=False, cwd="/",
    )  # fmt: skip
    if "Permission denied" in found.stderr or "No module named" in found.stderr:
        pytest.skip("a normal user cannot read this checkout or its packages")
    assert found.stdout == "65534 False\n bubblewrap, user namespace, seccomp, no cgroup\n"


def test_a_program_finds_nothing_of_the_one_before(bubblewrap: Bubblewrap) -> None:
    leave = "open('left', 'w').write('x')\nimport os\nif os.fork() == 0:\n    os.setsid()\n"
    leave += "    import time; time.sleep(60)\n"
    look = "import os\nprint(os.listdir('.'))\ntry: os.kill(-1, 9)\nexcept OSError as e: print(e)"
    bubblewrap = Bubblewrap(1)
    _, found = ran(bubblewrap, Run(leave), Run(look))
    # Only its own judge is there to be signalled, and that the keeper reports.
    assert isinstance(found, RunResult)
    assert found.ended == "signalled"


def test_who_ends_the_judge_has_not_passed_and_the_next_is_served(bubblewrap: Bubblewrap) -> None:
    kills = Run("import os, signal\ndef f(x): os.kill(os.getppid(), 9)", ("assert f(1) is None",))
    stops = Run("import os, signal\ndef f(x): os.kill(os.getppid(), 19)", ("assert f(1) is None",))
    good = Run("def f(x): return x", ("assert f(1) == 1",))
    replies = ran(Bubblewrap(1), kills, stops, good)
    assert [[tested.result for tested in reply.tests] for reply in replies] == [
        [TestStatus.FAILED], [TestStatus.FAILED], [TestStatus.PASSED],
    ]  # fmt: skip


def test_packages_are_there_only_when_asked_for(bubblewrap: Bubblewrap) -> None:
    with_them, without = ran(
        bubblewrap, Run("import numpy; print(1)", packages=True), Run("import numpy")
    )
    assert with_them.stdout == "1\n"
    assert "No module named 'numpy'" in without.stderr


def test_libraries_start_no_thread_that_could_be_refused(bubblewrap: Bubblewrap) -> None:
    [loaded] = ran(
        bubblewrap, Run("import scipy.optimize", packages=True, limits=Limits(processes=1))
    )
    assert (loaded.exit_code, loaded.stderr) == (0, "")


def test_nothing_is_left_on_the_machine(bubblewrap: Bubblewrap) -> None:
    ran(
        bubblewrap, *[Run(f"print({i})", limits=Limits(disk_bytes=(1 + i) << 20)) for i in range(4)]
    )
    mine = f"main({1_000_000_000 + os.getpid() * 128}".encode()
    commands = [read(folder / "cmdline") for folder in Path("/proc").glob("[0-9]*")]
    assert not any(mine in command for command in commands)
    assert not list(Path("/sys/fs/cgroup").glob(f"*/**/labeler-{os.getpid()}-*"))


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_the_suite_tells_when_something_got_out() -> None:
    class Sieve(NoSandbox):
        """Lets every second attempt out, in what it replies."""

        async def run(self, batch: list[Run]) -> list[RunResult | Failed]:
            said = "ESCAPED" if "tcp to" in batch[0].program or "x32" in batch[0].program else ""
            return [RunResult("exited", 0, said or "ESCAPED", "", (), (), 0, 0.0, 0.0, "sieve")]

    attempts = with_sandbox(Sieve("test"), attempts_of)
    scripts = [attempt for attempt in attempts if not attempt.name.startswith("cheat")]
    assert not any(attempt.contained for attempt in scripts)


def test_without_bubblewrap_nothing_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    why = with_sandbox(Bubblewrap(1), lambda one: one.ready())
    assert why == ("bubblewrap is not installed; `apt-get install bubblewrap`, or use a remote one")
    [reply] = ran(Bubblewrap(1), Run("print(1)"))
    assert isinstance(reply, Failed)
    assert ran(NoSandbox(why), Run("print(1)")) == [Failed(f"no sandbox: {why}")]


def test_the_probe_runs_on_this_interpreter(bubblewrap: Bubblewrap) -> None:
    [reply] = ran(bubblewrap, Run("import sys; print(sys.version_info[:2])"))
    assert reply.stdout == f"{tuple(sys.version_info[:2])}\n"
