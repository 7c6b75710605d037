"""`labeler view` as people run it: prints its address, serves, commits when it is stopped."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from labeler.dataset import open_dataset
from labeler.errors import DatasetError
from labeler.view import serve
from tests.view.made import made

PATIENCE_S = 120
"""For a loaded machine; an idle one answers at once."""


@contextmanager
def viewing(dataset: Path, *words: object) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command in a process of its own, and the address that it prints."""
    command = [sys.executable, "-m", "labeler.cli", "view", str(dataset), "--port", "0"]
    process = subprocess.Popen(
        [*command, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        lines = iter(process.stdout.readline, "")
        yield process, next(line.strip() for line in lines if line.startswith("http"))
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_stopped_and_then_commits(tmp_path: Path, stop: signal.Signals) -> None:
    dataset = made(tmp_path)
    with viewing(dataset, "--reviewer", "ann") as (process, address):
        origin = address.rstrip("/")
        page = httpx.post(
            f"{origin}/v1/solution/1", data={"step": "1", "label": "1"},
            headers={"origin": origin}, follow_redirects=True, timeout=PATIENCE_S,
        )  # fmt: skip
        assert "was error in step 2" in page.text
        process.send_signal(stop)
        out, err = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, err) == (0, "")
        # What was indexed is told before.
        assert out.splitlines()[-1] == f"{dataset}, version 2: 1 steps of 1 solutions judged"
    step = list(open_dataset(dataset).solutions())[1].steps[1]
    assert [(e.labeler, e.model) for e in step.evidence][-1] == ("human", "ann")


def test_beyond_this_machine_it_prints_a_token(tmp_path: Path) -> None:
    with viewing(made(tmp_path), "--host", "0.0.0.0") as (_, address):
        port = httpx.URL(address).port
        assert httpx.get(f"http://127.0.0.1:{port}/v1/", timeout=PATIENCE_S).status_code == 401
        with httpx.Client(follow_redirects=True, timeout=PATIENCE_S) as client:
            answer = client.get(address.replace("0.0.0.0", "127.0.0.1"))
            assert (answer.status_code, answer.url.path) == (200, "/v1/statistics")


def test_bad_input_is_one_line(tmp_path: Path) -> None:
    dataset = made(tmp_path)
    command = [sys.executable, "-m", "labeler.cli", "view", str(dataset), "--version", "9"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == f"labeler: {dataset}: has no version 9; latest is 1\n"


def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    dataset = open_dataset(made(tmp_path))
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(DatasetError) as caught:
            serve(dataset, port)
    assert str(caught.value) == (
        f"cannot listen on 127.0.0.1 port {port} (Address already in use); "
        "choose another --port, 0 for any"
    )


def test_whoever_follows_the_address_at_once_is_not_refused(tmp_path: Path) -> None:
    class Connected(Exception):
        pass

    def say(line: str) -> None:
        if line.startswith("http"):
            with socket.create_connection(("127.0.0.1", httpx.URL(line).port)):
                raise Connected

    with pytest.raises(Connected):
        serve(open_dataset(made(tmp_path)), 0, say=say)


def test_on_a_shared_machine_it_prints_a_token(tmp_path: Path) -> None:
    with viewing(made(tmp_path), "--token") as (_, address):
        bare = address.split("?token=")[0]
        assert httpx.get(f"{bare}v1/", timeout=PATIENCE_S).status_code == 401
        with httpx.Client(follow_redirects=True, timeout=PATIENCE_S) as client:
            assert client.get(address).status_code == 200
