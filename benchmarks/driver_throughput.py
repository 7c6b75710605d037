"""Tokens/s of the embedded policy through the driver, beside one flat batch of the same requests.

Both sides run in this process, in turns, several rounds each; the driver has a fresh journal every
time. Prints a table and, as its last line, JSON.

    python benchmarks/driver_throughput.py --problems 64 --k 8
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from labeler.conversation import Conversation
from labeler.driver import Driver, Route
from labeler.journal import Journal
from labeler.oracle.generate import Difficulty, generate_problems
from labeler.oracle.tasks import solve_prompt
from labeler.records import Sampling
from labeler.requests import Message, Prompt, Reply, Sample, Samples
from labeler.samplers.transformers import TransformersSampler

ROOT = Path(__file__).parent.parent


def requests(n_problems: int, k: int, round_: int) -> list[Sample]:
    """k rollouts from each problem and from the middle of its solution."""
    made = []
    for problem in generate_problems(n_problems, 77, Difficulty()):
        steps = problem.problem.reference_solution
        for prefix in ("", "".join(steps[: len(steps) // 2])):
            message = Message("user", solve_prompt(problem.problem.text))
            prompt = Prompt((message,), prefix)
            made.append(Sample(prompt, k, Sampling(max_tokens=300), seed=round_))
    return made


def one(request: Sample) -> Conversation[Reply]:
    [reply] = yield [request]
    return reply


async def flat(sampler: TransformersSampler, asked: Sequence[Sample]) -> list[Reply]:
    return list(await sampler.sample(asked))


async def driven(sampler: TransformersSampler, asked: Sequence[Sample]) -> list[Reply]:
    route = Route(sampler.fingerprint, sampler.sample, sampler.rows_per_batch, 1)
    with tempfile.TemporaryDirectory() as folder, Journal(Path(folder) / "j.sqlite") as journal:
        async with Driver({Sample: route}, journal) as driver:
            conversations = ((str(i), one(request)) for i, request in enumerate(asked))
            return [reply async for _, reply in driver.run(conversations, {})]


def n_tokens(replies: Sequence[Reply]) -> int:
    return sum(reply.completion_tokens for reply in replies if isinstance(reply, Samples))


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=str(ROOT / "data" / "policy"))
    parser.add_argument("--problems", type=int, default=48)
    parser.add_argument("--k", type=int, default=8)
    parser.add_argument("--rows", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    sampler = TransformersSampler(given.model, rows_per_batch=given.rows)
    sides = {"flat": flat, "driver": driven}
    rates: dict[str, list[float]] = {name: [] for name in sides}
    await flat(sampler, requests(4, given.k, 0))
    for round_ in range(1, given.rounds + 1):
        asked = requests(given.problems, given.k, round_)
        counts = {}
        for name, side in sides.items():
            started = time.perf_counter()
            counts[name] = n_tokens(await side(sampler, asked))
            rates[name].append(counts[name] / (time.perf_counter() - started))
    medians = {name: statistics.median(values) for name, values in rates.items()}
    table = Table("side", "tokens/s (median)", "rounds", title=f"{given.rows} rows")
    for name, values in rates.items():
        table.add_row(name, f"{medians[name]:,.0f}", ", ".join(f"{v:,.0f}" for v in values))
    Console().print(table)
    print(
        json.dumps(
            {
                "rows": given.rows,
                "tokens_per_s": medians,
                "driver_over_flat": medians["driver"] / medians["flat"],
                "torch": torch.__version__,
                "threads": torch.get_num_threads(),
                "python": platform.python_version(),
            }
        )
    )


if __name__ == "__main__":
    asyncio.run(main())
