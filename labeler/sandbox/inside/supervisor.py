"""The processes in a sandbox that are ours: one that keeps order, and one that judges.

For every task a judge is forked. Order matters in it: it forks the program's process before it
reads the task, so that one holds neither tests nor nonce, and it answers on a descriptor that the
program never had; an answer only counts with the nonce.

Where the keeper is process 1 of its own namespace it serves one task after the other, which saves
starting Python for each. After a task it ends every other process there is, and goes on only if the
judge ended well and the working folder is empty; else it ends, and with it the sandbox, so that no
program finds anything of an earlier one. The program cannot signal process 1. If it ends its judge,
the keeper says so.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from .candidate import SOURCE, Server, execute
from .child import Child, Ended, set_limits
from .remote import Names, Raised, Solution
from .wire import Unsent

OWN_MEMORY_BYTES = 1 << 30
SET_DUMPABLE = 4  # of prctl
NO_TASK = 3
"""Exit status of a judge that found no further task."""
CLEAN, JUDGE_ENDED = b"clean\n", b"judge ended\n"


def main(uid: int = 0) -> None:
    """Serves tasks from stdin; each gets a line on stdout, its nonce and a JSON object."""
    if uid:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    _hide_memory()
    if os.getpid() == 1:
        _keep_order()
    _serve_one()


def _keep_order() -> NoReturn:
    """Forks a judge per task, and says CLEAN after it where the next one may come."""
    while True:
        judge = os.fork()
        if judge == 0:
            _serve_one()
        _pid, status = os.waitpid(judge, os.WUNTRACED)
        _end_all_others()
        code = os.waitstatus_to_exitcode(status) if not os.WIFSTOPPED(status) else -1
        if code == NO_TASK:
            os._exit(0)
        if code == 0 and not any(Path().iterdir()):
            os.write(1, CLEAN)
            continue
        if code < 0:
            os.write(1, JUDGE_ENDED)
        os._exit(0)


def _end_all_others() -> None:
    """Every process of this namespace but this one; orphans come to process 1."""
    while True:
        with suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
        try:
            os.wait()
        except ChildProcessError:
            return


def _serve_one() -> NoReturn:
    """One task from its reading to its result."""
    stdin = os.open(".stdin", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    Path(".stdin").unlink()
    child = Child(_child_body, stdin)
    result = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a test prints must not mix with the result
    data = _read_frame()
    if not data:
        os._exit(NO_TASK)
    task = json.loads(data)
    os.pwrite(stdin, task["stdin"].encode("utf-8", "replace"), 0)
    outcome = task["nonce"].encode() + json.dumps(_run(task, child)).encode() + b"\n"
    while outcome:
        outcome = outcome[os.write(result, outcome) :]
    # Not a clean-up of Python's: tests may have left threads or handlers behind.
    os._exit(0)


def _read_frame() -> bytes:
    """A length in 8 hexadecimal digits and as many bytes; what follows is the next task's."""
    return _read(int(_read(8) or b"0", 16))


def _read(n_bytes: int) -> bytes:
    data = bytearray()
    while len(data) < n_bytes:
        chunk = os.read(0, min(n_bytes - len(data), 1 << 20))
        if not chunk:
            return b""
        data += chunk
    return bytes(data)


def _hide_memory() -> None:
    """Keeps processes of the same user away from the memory and files of this one."""
    import ctypes

    ctypes.CDLL(None).prctl(SET_DUMPABLE, 0, 0, 0, 0)


def _child_body(connection: socket.socket) -> int:
    """What the child does: takes its limits, then serves tests or runs the program to its end."""
    server = Server(connection)
    limits, plain = server.receive()
    set_limits(limits)
    if limits["packages"]:
        sys.path.append(limits["packages"])
    if not plain:
        server.serve()
        return 0
    [source] = server.receive()
    connection.close()
    return _run_as_script(source)


def _run_as_script(source: str) -> int:
    """The exit status that `python program.py` would have."""
    status = 0
    try:
        sys.set_int_max_str_digits(0)
        sys.argv = ["program.py"]
        execute(source, "__main__", None)
    except SystemExit as end:
        match end.code:
            case None:
                status = 0
            case int():
                status = end.code & 255
            case _:
                print(end.code, file=sys.stderr)
                status = 1
    except BaseException as error:
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename != SOURCE:
            trace = trace.tb_next  # frames of this file are no part of the program
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        status = 1
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        status = status or 120
    return status


def _run(task: dict[str, Any], child: Child) -> dict[str, Any]:
    started = time.monotonic()
    limits = task["limits"]
    for name, content in task["files"]:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode())
    child.limit(limits)
    tests: list[list[str]] = []
    covered: list[int] = []
    try:
        child.send([limits, not task["tests"]])
        if task["tests"]:
            _own_limits(limits)
            ended, tests, covered = _judge(task, child)
        else:
            child.send([task["program"]])
            ended = child.wait().why
    except Ended as end:
        ended = end.why
    child.kill()
    stdout, stderr = child.printed
    return {
        "ended": ended,
        "exit_code": child.status,
        "stdout": stdout,
        "stderr": stderr,
        "tests": tests,
        "covered": covered,
        "peak_bytes": child.peak_bytes,
        "cpu_s": round(child.cpu_s, 3),
        "wall_s": round(time.monotonic() - started, 3),
    }


def _own_limits(limits: dict[str, Any]) -> None:
    """This process executes the tests, which decode what the program returned."""
    resource.setrlimit(resource.RLIMIT_AS, (OWN_MEMORY_BYTES, OWN_MEMORY_BYTES))
    cpu_s = int(limits["wall_s"]) + 5
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.set_int_max_str_digits(0)


def _judge(task: dict[str, Any], child: Child) -> tuple[str, list[list[str]], list[int]]:
    """How the program ended, one (result, reason) per test that was begun, and the lines that ran.

    A result is passed, failed or untested (the test could not be decided, which is nobody's fault).
    """
    solution = Solution(child)
    tests: list[list[str]] = []
    covered: list[int] = []
    ended = "finished"
    try:
        try:
            solution.ask("execute", task["program"], task["coverage"])
        except Exception as error:
            return "raised", [["failed", f"program: {_line(error)}"]], []
        names = Names(solution, task["entries"])
        for test in task["tests"]:
            tests.append(_judge_one(test, names))
        if task["coverage"]:
            lines = solution.ask("covered")
            covered = [int(line) for line in lines]
    except Ended as end:
        ended = end.why
        if len(tests) < len(task["tests"]):
            tests.append(["failed", f"program ended: {ended}"])
    return ended, tests, covered


def _judge_one(test: str, names: Names) -> list[str]:
    try:
        code = compile(test, "<test>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return ["untested", f"the test is no program: {_line(error)}"]
    try:
        exec(code, names)
    except Ended:
        raise
    except Unsent as error:
        return ["untested", str(error)]
    except BaseException as error:
        return ["failed", _line(error)]
    return ["passed", ""]


def _line(error: BaseException) -> str:
    text = " ".join(str(error).split())[:200]
    if isinstance(error, Raised):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
