"""Where isolation cannot be had, no program is run: what needs one is unknown, with its reason.

A run without bubblewrap: `tests/sandbox/test_doctor.py`.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.conftest import ROOT

PROBED = """
import asyncio, sys
from labeler.driver.requests import Failed, Run
from labeler.sandbox.bubblewrap import Bubblewrap
async def work():
    sandbox = Bubblewrap(1)
    why = await sandbox.ready()
    [reply] = await sandbox.run([Run("open('/tmp/escaped', 'w')")])
    await sandbox.aclose()
    print(why)
    print(reply.reason if isinstance(reply, Failed) else reply.stdout)
asyncio.run(work())
"""

WITHOUT_NAMESPACES = """
import ctypes, os, sys
read, write = os.pipe()
parent = os.getpid()
if os.fork() == 0:
    os.read(read, 1)
    for kind in ("uid", "gid"):
        with open(f"/proc/{parent}/{kind}_map", "w") as file:
            file.write("0 0 65536")
    os._exit(0)
if ctypes.CDLL(None, use_errno=True).unshare(0x10000000):
    sys.exit(77)
os.write(write, b"x")
if os.wait()[1]:
    sys.exit(77)
try:
    with open("/proc/sys/user/max_user_namespaces", "w") as file:
        file.write("0")
except OSError:
    sys.exit(77)
os.setgroups([])
os.setresgid(65533, 65533, 65533)
os.setresuid(65533, 65533, 65533)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Becomes a normal user who may make no user namespace, within one of root's: hits nobody else."""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_without_user_namespaces_no_program_is_run_and_the_reason_is_told():
    # The system's Python: an interpreter in root's home is not a normal user's to read.
    python = Path("/usr/bin/python3")
    if not python.exists():
        pytest.skip("no /usr/bin/python3 for a normal user")
    import pyseccomp

    paths = f"{ROOT}:{Path(pyseccomp.__file__).parent}"
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_NAMESPACES, str(python), "-B", "-c", PROBED],
        env={"PATH": os.environ["PATH"], "HOME": "/", "PYTHONPATH": paths}, cwd="/",
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    if done.returncode == 77:
        pytest.skip("user namespaces cannot be made, or not be counted, here")
    if "Permission denied" in done.stderr or "No module named" in done.stderr:
        pytest.skip("a normal user cannot read this checkout or its packages")
    why, reply = done.stdout.splitlines()
    assert (why, "namespace" in why) == (reply, True)
    assert why.startswith("sandbox gave no result: bwrap: ")
