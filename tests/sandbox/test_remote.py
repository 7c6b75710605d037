"""The remote sandbox, against a small server that speaks SandboxFusion's run_code."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from labeler.driver.requests import Failed, Run, RunResult, TestResult, TestStatus
from labeler.errors import BackendBusy
from labeler.sandbox.remote import RemoteSandbox
from tests.http_server import Handler, serving
from tests.sandbox.conftest import ran, with_sandbox

GOOD = Run("def f(x): return x + 1", ("assert f(1) == 2", "assert f(1) == 3"))


def run_code(request: dict[str, Any]) -> dict[str, Any]:
    """What the real server does with Python: a folder for each run, no isolation by default."""
    assert request["language"] == "python"
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", request["code"]], input=request["stdin"], cwd=folder,
            capture_output=True, text=True, timeout=request["run_timeout"], check=False,
        )  # fmt: skip
    return {
        "status": "Success",
        "message": "",
        "compile_result": None,
        "run_result": {
            "status": "Finished", "execution_time": 0.1, "return_code": done.returncode,
            "stdout": done.stdout, "stderr": done.stderr,
        },
        "files": {},
    }  # fmt: skip


@contextmanager
def server(answer: Any = run_code, status: int = 200) -> Iterator[str]:
    class Asked(Handler):
        def do_POST(self) -> None:
            assert self.path == "/run_code"
            self.say(status, answer(self.asked()))

    with serving(Asked) as url:
        yield url


def test_a_program_is_judged_there_as_it_is_here() -> None:
    with server() as url:
        assert with_sandbox(RemoteSandbox(url), lambda one: one.ready()) == ""
        tested, script = ran(RemoteSandbox(url), GOOD, Run("print(input())", stdin="hi\n"))
    assert isinstance(tested, RunResult)
    assert tested.tests == (
        TestResult(TestStatus.PASSED),
        TestResult(TestStatus.FAILED, "AssertionError"),
    )
    assert tested.isolation == f"remote {url}"
    assert isinstance(script, RunResult)
    assert (script.stdout, script.exit_code) == ("hi\n", 0)


def test_a_result_without_the_nonce_is_none() -> None:
    def lies(request: dict[str, Any]) -> dict[str, Any]:
        return {
            "run_result": {"stdout": "0" * 32 + '{"ended": "finished"}\n', "status": "Finished"}
        }

    with server(lies) as url:
        [reply] = ran(RemoteSandbox(url), GOOD)
    assert reply == Failed(f"{url}: no result (Finished)")


@pytest.mark.parametrize("answer", [[], {}, {"run_result": 3}, {"run_result": {"stdout": None}}])
def test_a_reply_of_another_kind_is_a_failure_with_a_reason(answer: Any) -> None:
    with server(lambda request: answer) as url:
        [reply] = ran(RemoteSandbox(url), GOOD)
    assert isinstance(reply, Failed)
    assert reply.reason.startswith(url)


def test_an_overloaded_server_is_asked_again_later() -> None:
    with server(status=503) as url, pytest.raises(BackendBusy, match="HTTP 503"):
        ran(RemoteSandbox(url), GOOD)


def test_a_server_that_is_not_there_is_said_before_the_run() -> None:
    why = with_sandbox(RemoteSandbox("http://127.0.0.1:9"), lambda one: one.ready())
    assert why == (
        "http://127.0.0.1:9: no reply (ConnectError); start the server, or check sandbox.url"
    )
