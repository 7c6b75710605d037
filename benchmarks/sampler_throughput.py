"""How fast the in-process sampler is, and whether its texts depend on the size of the batch.

    python benchmarks/sampler_throughput.py --precision float32 bfloat16
    python benchmarks/sampler_throughput.py --determinism 200000

Prints a table and, last, one line of JSON. The first form draws `--n` completions of each of many
prompts, `--rows` at a time, with our sampler and with transformers' own `generate` on the same
weights and cores; sides take turns, `--rounds` times, and medians count. The second form draws the
same completions at temperature 1 with `--rows` rows at a time and with `--against`, for every
precision, and counts the completions that part ways and the tokens that differ from there on.
Does not cover: HTTP servers, quality of the texts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from labeler.driver.requests import Completion, Message, Prompt, Sample, Samples
from labeler.records import Sampling
from labeler.samplers.chat_template import load_tokenizer, render
from labeler.samplers.model_folder import end_tokens, load_model
from labeler.samplers.transformers import TransformersSampler

MODEL = str(Path(__file__).parent.parent / "data" / "policy")
PRECISIONS = ("float32", "float64", "bfloat16")


@dataclass(frozen=True)
class Throughput:
    """Several batches of completions; the median of the rounds."""

    side: str
    precision: str
    rows: int
    n: int
    completions: int
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
    parser.add_argument("--model", default=MODEL, help="folder of the model")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--rows", type=int, default=64)
    parser.add_argument("--n", type=int, default=8, help="completions per prompt")
    parser.add_argument("--rounds", type=int, default=3)
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
            found += asyncio.run(throughput(args, precision))
    rows = [asdict(one) for one in found]
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*(f"{v:,.1f}" if isinstance(v, float) else str(v) for v in row.values()))
    Console(width=200).print(table)
    print(json.dumps({"model": args.model, "max_tokens": args.max_tokens, "results": rows}))


async def throughput(args: argparse.Namespace, precision: str) -> list[Throughput]:
    """Both sides on the same prompts, after a short batch each for warming up."""
    sampler, library = make(args, precision, args.rows), Library(args, precision)
    shared = torch.get_num_threads()

    async def ours(batch: list[Sample]) -> int:
        torch.set_num_threads(shared)
        parts = [batch[i :: sampler.concurrency] for i in range(sampler.concurrency)]
        drawn = await asyncio.gather(*(draw(sampler, part) for part in parts))
        return sum(completion.n_tokens for part in drawn for completion in part)

    async def generate(batch: list[Sample]) -> int:
        torch.set_num_threads(len(os.sched_getaffinity(0)))
        return library.draw(batch)

    sides = {"ours": ours, "generate": generate}
    rates: dict[str, list[float]] = {side: [] for side in sides}
    n_prompts = 4 * args.rows // args.n
    for round_ in range(args.rounds + 1):
        for side, work in sides.items():
            count, most = (n_prompts, args.max_tokens) if round_ else (args.rows // args.n, 4)
            batch = requests(count, most, first=round_ * n_prompts, n=args.n, as_task=True)
            start = time.perf_counter()
            tokens = await work(batch)
            if round_:
                rates[side].append(tokens / (time.perf_counter() - start))
    await sampler.aclose()
    return [
        Throughput(side, precision, args.rows, args.n, n_prompts * args.n, statistics.median(found))
        for side, found in rates.items()
    ]


class Library:
    """transformers' own `generate`: padded batches, each as long as its longest completion."""

    def __init__(self, args: argparse.Namespace, precision: str) -> None:
        self.tokenizer = load_tokenizer(args.model)
        self.tokenizer.padding_side = "left"
        self.model = load_model(args.model, args.device, precision)
        self.prompts_at_once = max(1, args.rows // args.n)

    def draw(self, batch: list[Sample]) -> int:
        """Draws all completions; the tokens up to the end of each, the end token included."""
        tokens = 0
        for first in range(0, len(batch), self.prompts_at_once):
            part = batch[first : first + self.prompts_at_once]
            texts = [render(self.tokenizer, request.prompt) for request in part]
            given = self.tokenizer(
                texts, add_special_tokens=False, padding=True, return_tensors="pt"
            ).to(self.model.device)
            made = self.model.generate(
                input_ids=given["input_ids"],
                attention_mask=given["attention_mask"],
                do_sample=True,
                top_k=0,
                max_new_tokens=part[0].sampling.max_tokens,
                num_return_sequences=part[0].n,
            )[:, given["input_ids"].shape[1] :]
            ends = torch.isin(made, torch.tensor(sorted(end_tokens(self.model, self.tokenizer))))
            ended = ends.int().cumsum(1) - ends.int()
            tokens += int((ended == 0).sum())
        return tokens


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


def requests(
    count: int, max_tokens: int, first: int = 0, n: int = 1, as_task: bool = False
) -> list[Sample]:
    """Every prompt is another one, so nothing is gained from beginnings that requests share.

    `as_task` asks the embedded policy what it was trained for, and for texts alone.
    """
    task = "Solve: " if as_task else ""
    sampling = Sampling(max_tokens=max_tokens)
    questions = [
        f"{task}Tom has {i % 89 + 2} apples and buys {i % 97 + 3} more. He gives {i % 7} away. "
        f"How many apples does Tom have after day {i}?"
        for i in range(first, first + count)
    ]
    return [
        Sample(Prompt((Message("user", text),)), n, sampling, seed=first + i, logprobs=not as_task)
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
