"""A local S3 server of its own for a test module: moto's, in another process, on a free port.

It counts what it is asked: `n_requests`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx

SERVER = """
import sys
import httpx
from moto.moto_server import threaded_moto_server
from moto.server import ThreadedMotoServer

class Counting(threaded_moto_server.DomainDispatcherApplication):
    asked = 0

    def __call__(self, environ, start_response):
        if environ["PATH_INFO"] == "/asked":
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [str(Counting.asked).encode()]
        Counting.asked += 1
        return super().__call__(environ, start_response)

threaded_moto_server.DomainDispatcherApplication = Counting

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
address = "http://127.0.0.1:%d" % server.get_host_and_port()[1]
httpx.put(address + "/steps").raise_for_status()
print(address, flush=True)
sys.stdin.read()
server.stop()
"""
"""It ends when its standard input does, so it cannot outlive the test."""


def n_requests(environment: Mapping[str, str]) -> int:
    """How many requests the server has answered so far."""
    return int(httpx.get(f"{environment['AWS_ENDPOINT_URL']}/asked").text)


@contextmanager
def serving() -> Iterator[dict[str, str]]:
    """Serves a bucket named "steps"; gives the environment in which it is found."""
    command = [sys.executable, "-c", SERVER]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, **pipes) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:"), "the server did not start"
        yield {
            "AWS_ENDPOINT_URL": address,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_ALLOW_HTTP": "true",
        }
        server.stdin.close()
