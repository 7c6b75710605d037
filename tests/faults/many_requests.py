"""`python -m tests.faults.many_requests N FILES [HARD]`: N requests in flight at one server.

The process may open FILES files, at most HARD. A server of its own answers nobody before all N are
there. Prints one JSON line: replies, failures, seconds, peak memory of the client in MiB.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import time

from labeler.driver.requests import Message, Prompt, Sample, Samples
from labeler.errors import LabelerError
from labeler.records import Sampling
from labeler.samplers.openai_http import OpenAISampler

REPLY = json.dumps(
    {
        "choices": [{"index": 0, "text": "7", "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1},
    }
).encode()


async def serve(n):
    """Answers once `n` requests wait."""
    waiting, full = 0, asyncio.Event()

    async def one(reader, writer):
        nonlocal waiting
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode().lower().split("\r\n")
        [length] = [int(line[15:]) for line in lines if line.startswith("content-length:")]
        await reader.readexactly(length)
        waiting += 1
        if waiting >= n:
            full.set()
        await full.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(REPLY) + REPLY)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", 0, backlog=n)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def ask(port, n):
    sampler = OpenAISampler([f"http://127.0.0.1:{port}"], "m", concurrency=n, timeout_s=300)
    asked = [
        Sample(Prompt((Message("user", f"Question {i}"),)), 1, Sampling(max_tokens=9), seed=i)
        for i in range(n)
    ]
    try:
        return await asyncio.gather(*(sampler.sample([one]) for one in asked))
    finally:
        await sampler.aclose()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("n", type=int)
    parser.add_argument("files", type=int)
    parser.add_argument("hard", type=int, nargs="?")
    parser.add_argument("--serve", action="store_true")
    given = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if given.serve:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        asyncio.run(serve(given.n))
    command = [sys.executable, "-m", "tests.faults.many_requests", "--serve", str(given.n), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        resource.setrlimit(resource.RLIMIT_NOFILE, (given.files, given.hard or hard))
        port, started = server.stdout.readline().strip(), time.monotonic()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            replies = [reply for [reply] in asyncio.run(ask(port, given.n))]
        except LabelerError as error:
            server.kill()
            print(json.dumps({"refused": str(error)}))
            return
        server.kill()
    print(
        json.dumps(
            {
                "replies": sum(isinstance(reply, Samples) for reply in replies),
                "failed": sum(not isinstance(reply, Samples) for reply in replies),
                "seconds": round(time.monotonic() - started, 1),
                "mib_more": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10,
            }
        )
    )


if __name__ == "__main__":
    main()
