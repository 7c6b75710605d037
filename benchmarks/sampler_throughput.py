"""How fast the in-process sampler is, and whether its texts depend on the size of the batch.

    python benchmarks/sampler_throughput.py --model data/policy
    python benchmarks/sampler_throughput.py --model data/policy --determinism 200000

Prints a table and, last, one line of JSON. The second form draws the same completions at
temperature 1 with `--rows` rows at a time and with `--against`, for every precision, and counts
the completions that part ways and the tokens that differ from there on.
Does not cover: HTTP servers, quality of the texts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

from labeler.records import Sampling
from labeler.requests import Completion, Message, Prompt, Sample, Samples
from labeler.samplers.transformers import TransformersSampler

PRECISIONS = ("float32", "float64", "bfloat16")


@dataclass(frozen=True)
class Throughput:
    """One flat batch: as many completions as rows."""

    precision: str
    rows: int
    tokens: int
    seconds: float
    tokens_per_second: float


@dataclass(frozen=True)
class Determinism:
    """The same completions at two batch sizes."""

    precision: str
    rows: int
    against: int
    completions: int
    tokens: int
    completions_that_differ: int
    tokens_that_differ: int
    seconds: float
    seconds_against: float


def main() -> None:
    """Runs one of the two measurements and prints it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", default="data/policy", help="folder of the model")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--rows", type=int, default=64)
    parser.add_argument("--max-tokens", type=int, default=200)
    parser.add_argument("--precision", nargs="+", choices=PRECISIONS, default=PRECISIONS[:1])
    parser.add_argument("--determinism", type=int, default=0, metavar="N_TOKENS")
    parser.add_argument("--against", type=int, default=1, help="the other number of rows")
    args = parser.parse_args()
    found: list[Throughput | Determinism] = []
    for precision in args.precision:
        if args.determinism:
            found.append(asyncio.run(determinism(args, precision)))
        else:
            found.append(asyncio.run(throughput(args, precision)))
    rows = [asdict(one) for one in found]
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*(f"{v:,.1f}" if isinstance(v, float) else str(v) for v in row.values()))
    Console(width=200).print(table)
    print(json.dumps({"model": args.model, "max_tokens": args.max_tokens, "results": rows}))


async def throughput(args: argparse.Namespace, precision: str) -> Throughput:
    """Tokens per second of one batch, after a short one for warming up."""
    sampler = make(args, precision, args.rows)
    await draw(sampler, requests(args.rows, max_tokens=4))
    start = time.perf_counter()
    completions = await draw(sampler, requests(args.rows, args.max_tokens))
    seconds = time.perf_counter() - start
    tokens = sum(completion.n_tokens for completion in completions)
    await sampler.aclose()
    return Throughput(precision, args.rows, tokens, seconds, tokens / seconds)


async def determinism(args: argparse.Namespace, precision: str) -> Determinism:
    """Draws until `args.determinism` tokens are there; each round at both batch sizes."""
    wide, narrow = make(args, precision, args.rows), make(args, precision, args.against)
    tokens = completions = differ = tokens_differ = 0
    seconds = seconds_against = 0.0
    while tokens < args.determinism:
        batch = requests(4 * args.rows, args.max_tokens, first=completions)
        start = time.perf_counter()
        one = await draw(wide, batch)
        middle = time.perf_counter()
        other = await draw(narrow, batch)
        seconds += middle - start
        seconds_against += time.perf_counter() - middle
        completions += len(one)
        tokens += sum(completion.n_tokens for completion in one)
        parted = [after_parting(a, b) for a, b in zip(one, other, strict=True)]
        differ += sum(n > 0 for n in parted)
        tokens_differ += sum(parted)
    await wide.aclose()
    await narrow.aclose()
    sizes = (args.rows, args.against, completions, tokens, differ, tokens_differ)
    return Determinism(precision, *sizes, seconds, seconds_against)


def after_parting(one: Completion, other: Completion) -> int:
    """Tokens of the longer completion from the first difference on; 0 if they are the same."""
    longest = max(one.n_tokens, other.n_tokens)
    for index in range(longest):
        if one.tokens[index : index + 1] != other.tokens[index : index + 1]:
            return longest - index
    return 0


def make(args: argparse.Namespace, precision: str, rows: int) -> TransformersSampler:
    """A sampler of its own for each precision and batch size."""
    if precision == "float64":
        return TransformersSampler(
            args.model, device=args.device, rows_per_batch=rows, deterministic=True
        )
    return TransformersSampler(args.model, device=args.device, rows_per_batch=rows, dtype=precision)


def requests(count: int, max_tokens: int, first: int = 0) -> list[Sample]:
    """Every prompt is another one, so nothing is gained from shared beginnings."""
    sampling = Sampling(max_tokens=max_tokens)
    questions = [
        f"Tom has {i % 89 + 2} apples and buys {i % 97 + 3} more. He gives {i % 7} away. "
        f"How many apples does Tom have after day {i}?"
        for i in range(first, first + count)
    ]
    return [
        Sample(Prompt((Message("user", text),)), 1, sampling, seed=first + i, logprobs=True)
        for i, text in enumerate(questions)
    ]


async def draw(sampler: TransformersSampler, batch: list[Sample]) -> list[Completion]:
    """The completions of the batch; a request that fails ends the benchmark."""
    replies = await sampler.sample(batch)
    failed = [reply for reply in replies if not isinstance(reply, Samples)]
    if failed:
        raise SystemExit(f"{len(failed)} of {len(replies)} requests failed: {failed[0]}")
    return [c for reply in replies if isinstance(reply, Samples) for c in reply.completions]


if __name__ == "__main__":
    main()
