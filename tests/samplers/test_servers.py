"""How much a real server gets at once: one that tells its queue, one that refuses."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from labeler.driver.driver import Driver, Retry
from labeler.driver.journal import Journal
from labeler.driver.requests import POLICY, Prompt, Sample
from labeler.driver.routing import Route
from labeler.records import Sampling
from labeler.samplers.concurrency_limit import START
from labeler.samplers.openai_http import OpenAISampler
from tests.http_server import Handler, serving

PATIENCE_S = 120.0


class Engine:
    """A batch of `slots` sequences before which others queue, or are refused; each takes `step_s`.

    As in vLLM, a request for n completions is n sequences, and the page says how many run and wait:
    the most since it was last read, for here a whole batch ends at once, and the moment after, when
    its clients have not asked again, is none that a real engine would show.
    """

    def __init__(self, slots: int, *, step_s: float = 0.05, refuses: bool = False) -> None:
        self.slots, self.step_s, self.refuses = slots, step_s, refuses
        self.inside = self.most_inside = self._most_lately = 0
        self.answers: list[int] = []
        self.pages = 0
        self._free = threading.Semaphore(slots)
        self._lock = threading.Lock()
        self._registry = CollectorRegistry()
        self._running, self._waiting = (
            Gauge(f"vllm:num_requests_{what}", what, ["model_name"], registry=self._registry)
            for what in ("running", "waiting")
        )

    def page(self) -> bytes:
        self.pages += 1
        inside, self._most_lately = self._most_lately, self.inside
        self._running.labels("m").set(min(inside, self.slots))
        self._waiting.labels("m").set(max(0, inside - self.slots))
        return generate_latest(self._registry)

    def work(self, n: int) -> int:
        """The status of the answer."""
        with self._lock:
            if self.refuses and self.inside + n > self.slots:
                self.answers.append(429)
                return 429
            self.inside += n
            self.most_inside = max(self.most_inside, self.inside)
            self._most_lately = max(self._most_lately, self.inside)
        for _ in range(n):
            self._free.acquire()
        time.sleep(self.step_s)
        self._free.release(n)
        with self._lock:
            self.inside -= n
            self.answers.append(200)
        return 200


@contextmanager
def running(engine: Engine) -> Iterator[str]:
    class Asked(Handler):
        def do_GET(self):
            has_page = self.path == "/metrics" and not engine.refuses
            self.say(200 if has_page else 404, engine.page() if has_page else b"")

        def do_POST(self):
            n = self.asked()["n"]
            choices = [{"index": i, "text": "a", "finish_reason": "stop"} for i in range(n)]
            usage = {"prompt_tokens": 1, "completion_tokens": n}
            status = engine.work(n)
            self.say(status, {"choices": choices, "usage": usage})

    with serving(Asked) as url:
        yield url


def ask(seed: int, n: int) -> Sample:
    return Sample(Prompt((), "p"), n, Sampling(), seed=seed)


def test_a_server_that_tells_its_queue_gets_its_batch_full_and_little_more(caplog):
    engine = Engine(slots=64, step_s=0.5)

    async def feed(sampler: OpenAISampler) -> None:
        """Always more than the server could take, until it told its queue six times."""
        seeds = iter(range(10**9))
        deadline = time.monotonic() + PATIENCE_S

        async def keep_asking():
            while engine.pages < 6:
                assert time.monotonic() < deadline
                await sampler.sample([ask(next(seeds), 8)])

        await asyncio.gather(*(keep_asking() for _ in range(60)))
        await sampler.aclose()

    with running(engine) as url, caplog.at_level(logging.INFO, "labeler.engine"):
        asyncio.run(feed(OpenAISampler([url], "m")))
    # 32, 64, 128 rows; then half of them wait, and it gets fewer. Once more on a slow machine.
    assert engine.most_inside in (128, 256)
    assert caplog.messages == [f"{url}/v1: up to {engine.most_inside} completions at once"]


def test_a_server_that_refuses_is_asked_less_until_it_answers(tmp_path):
    engine = Engine(slots=8, step_s=0.2, refuses=True)

    def conversation():
        replies = yield [ask(seed, 1) for seed in range(200)]
        return len([reply for reply in replies if len(reply.completions) == 1])

    async def run(url: str) -> int:
        sampler = OpenAISampler([url], "m")
        route = Route("f", sampler.sample, 1, sampler.concurrency)
        with Journal(tmp_path / "journal.sqlite") as journal:
            retry = Retry(attempts=50, longest_pause_s=0.1)
            async with Driver({(Sample, POLICY): route}, journal, retry=retry) as driver:
                [(_, answered)] = [one async for one in driver.run([("c", conversation())], {})]
        await sampler.aclose()
        return answered

    with running(engine) as url:
        assert asyncio.run(run(url)) == 200
    assert engine.most_inside == 8
    first, last = engine.answers[:START], engine.answers[-100:]
    assert first.count(429) > START / 2
    assert last.count(429) < START


@pytest.mark.parametrize("concurrency", [1, 3])
def test_a_number_fixes_the_requests_at_once(concurrency):
    engine = Engine(slots=64)

    async def run(url: str) -> None:
        sampler = OpenAISampler([url], "m", concurrency=concurrency)
        assert sampler.concurrency == concurrency
        await sampler.sample([ask(seed, 2) for seed in range(9)])
        await sampler.aclose()

    with running(engine) as url:
        asyncio.run(run(url))
    assert (engine.most_inside, engine.pages) == (2 * concurrency, 0)
