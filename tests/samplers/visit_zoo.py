"""Asks a zoo's server for every animal with the real sampler, in a process of its own.

Prints one JSON object: what came of each (`[name of the result, words, seconds]`), and how far the
peak of this process' memory rose above the idle sampler, in bytes.

Usage: python -m tests.samplers.visit_zoo PORT, the names' flags as JSON on stdin
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from labeler.driver.requests import Message, Prompt, Sample
from labeler.errors import BackendError
from labeler.records import Sampling
from labeler.samplers.openai_http import OpenAISampler

TIMEOUT_S = 1.0


async def met(url: str, *, logprobs: bool) -> tuple[str, str, float]:
    request = Sample(
        Prompt((Message("user", "Hello"),)), 1, Sampling(max_tokens=9), seed=5, logprobs=logprobs
    )
    sampler = OpenAISampler([url], "m", timeout_s=TIMEOUT_S, concurrency=1)
    started = time.monotonic()
    try:
        [reply] = await sampler.sample([request])
        name, words = type(reply).__name__, str(reply)
    except BackendError as error:
        name, words = ("BackendBusy" if error.retry_helps else type(error).__name__), str(error)
    except Exception as error:  # what must not happen is told, not hidden
        name, words = f"raw {type(error).__name__}", str(error)
    finally:
        await sampler.aclose()
    return name, words[:200], time.monotonic() - started


def memory_bytes(which: str) -> int:
    """VmRSS now, or VmHWM, its highest; getrusage's peak begins with that of the parent."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(which)) << 10


async def main(port: int) -> None:
    with_logprobs: list[bool] = json.load(sys.stdin)
    good = await met(f"http://127.0.0.1:{port}/{len(with_logprobs) - 1}/v1", logprobs=False)
    idle = memory_bytes("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the highest, from here on
    results = [
        await met(f"http://127.0.0.1:{port}/{i}/v1", logprobs=logprobs)
        for i, logprobs in enumerate(with_logprobs[:-1])
    ]
    print(json.dumps({"good": good, "met": results, "above_idle": memory_bytes("VmHWM") - idle}))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
