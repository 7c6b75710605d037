"""How much faster labels come through the driver: beside a loop, and beside one flat batch.

Prefixes: the policy writes a solution of each problem, and `monte_carlo` labels every prefix of it,
through driver and journal, all problems in flight. Beside it a loop that asks one prefix at a time,
waits, checks the answers, and goes on, with k copies of the prompt in one call, as OpenR's
`generate_rollout` does (github.com/openreasoner/openr, data/omegaPRM_v2), on the same sampler. With
`--pipeline` a second loop asks transformers' own pipeline on the same weights, which is what OpenR
calls. Both loops label the prefixes of `--loop-problems` of the problems only. `bisect` gives every
prefix a probability from fewer rollouts; it searches wrong answers only, so it gets only those, of
`--bisect-problems` other problems, and its prefixes are theirs.

Tokens: generated tokens/s of that run of `monte_carlo`, answer checks included, and of one flat
batch of the very same requests (`flat`), checks not included. Where the sampler computes several
batches beside each other (on CPUs), the flat batch is cut into as many; the loop can use one only.

    python benchmarks/throughput.py --problems 64 --seed 1
    python benchmarks/throughput.py --problems 64 --seed 1 --json

Sides take turns, `--rounds` times, and medians count; every turn has fresh seeds and a fresh
journal. Rates are by the clock. `per_cpu_s` are the same by this process' processor time, which
says more where other work shares the machine; answer checks run in processes of their own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from labeler.checking.extract import answer_in
from labeler.checking.math_answer import MathChecker
from labeler.config import load_config
from labeler.consensus.label import by_prefix, label_solution
from labeler.consensus.posterior import Posterior
from labeler.driver.driver import Driver
from labeler.driver.journal import Journal
from labeler.driver.requests import POLICY, Check, Sample, Samples
from labeler.labelers.base import Policy
from labeler.labelers.bisect import Bisect, bisect
from labeler.labelers.monte_carlo import MonteCarlo, monte_carlo
from labeler.labelling.routes import routes
from labeler.oracle.evaluation import sampled
from labeler.oracle.generate import generate_problems
from labeler.problems.solved import SolutionRecord
from labeler.records import Verdict
from labeler.samplers.chat_template import load_tokenizer, render
from labeler.samplers.transformers import TransformersSampler
from labeler.wiring.labelers import build_policy

ROOT = Path(__file__).parent.parent
LEFT_OUT = {"prefixes": ("flat",), "tokens": ("loop", "pipeline", "bisect")}
"""Sides of which a rate is not asked for."""


@dataclass(frozen=True)
class Work:
    """What is labelled, by whom."""

    sampler: TransformersSampler
    checker: MathChecker
    solved: Sequence[SolutionRecord]
    k: int

    def requests(self, policy: Policy) -> list[list[Sample]]:
        """What `monte_carlo` asks about each problem."""
        return [
            [request for request in next(self.labelled(one, policy)) if isinstance(request, Sample)]
            for one in self.solved
        ]

    def labelled(self, one: SolutionRecord, policy: Policy) -> Any:
        return monte_carlo(one.problem, (one.solution,), MonteCarlo(k=self.k), policy)


@dataclass(frozen=True)
class Turn:
    """What one side did, and how long it took by the clock and by the processor."""

    prefixes: int
    tokens: int
    wall_s: float
    cpu_s: float


async def driven(work: Work, policy: Policy) -> tuple[int, int]:
    """Labels all prefixes; returns how many there were, and the tokens."""
    route = routes({POLICY: work.sampler}, work.checker)
    prefixes = tokens = 0
    with tempfile.TemporaryDirectory() as folder, Journal(Path(folder) / "j.sqlite") as journal:
        async with Driver(route, journal) as driver:
            asked = ((s.solution.solution_id, work.labelled(s, policy)) for s in work.solved)
            async for _, findings in driver.run(asked, {}):
                prefixes += len(findings.evidence)
                tokens += sum(piece.completion_tokens for piece in findings.evidence)
    return prefixes, tokens


async def bisected(work: Work, policy: Policy) -> tuple[int, int]:
    """Bisects wrong solutions; the prefixes that have a probability then, and the tokens."""
    route = routes({POLICY: work.sampler}, work.checker)
    believed, prefixes, tokens = Posterior(), 0, 0
    asked = {
        s.solution.solution_id: (s, bisect(s.problem, (s.solution,), Bisect(), policy))
        for s in work.solved
    }
    with tempfile.TemporaryDirectory() as folder, Journal(Path(folder) / "j.sqlite") as journal:
        async with Driver(route, journal) as driver:
            conversations = ((name, conversation) for name, (_, conversation) in asked.items())
            async for name, findings in driver.run(conversations, {}):
                one = asked[name][0]
                evidence = by_prefix(findings.evidence)
                labeled = label_solution(one.problem, one.solution, evidence, believed)
                prefixes += sum(step.probability is not None for step in labeled.steps)
                tokens += sum(piece.completion_tokens for piece in findings.evidence)
    return prefixes, tokens


async def flat(work: Work, policy: Policy) -> tuple[int, int]:
    """All rollouts of all problems in one call, or as many as the sampler takes at once."""
    asked = [request for requests in work.requests(policy) for request in requests]
    size = -(-len(asked) // work.sampler.concurrency)
    parts = [asked[first : first + size] for first in range(0, len(asked), size)]
    replies = [r for part in await asyncio.gather(*map(work.sampler.sample, parts)) for r in part]
    return len(asked), sum(r.completion_tokens for r in replies if isinstance(r, Samples))


async def loop(work: Work, policy: Policy) -> tuple[int, int]:
    """One prefix after the other, k copies of its prompt, answers checked before the next."""
    tokens = prefixes = 0
    for one, requests in zip(work.solved, work.requests(policy), strict=True):
        for request in requests:
            copies = [replace(request, n=1, seed=request.seed + i) for i in range(request.n)]
            replies = await work.sampler.sample(copies)
            found = [
                c for reply in replies if isinstance(reply, Samples) for c in reply.completions
            ]
            await check(work, one, request, [completion.text for completion in found])
            tokens += sum(completion.n_tokens for completion in found)
            prefixes += 1
    return prefixes, tokens


async def check(work: Work, one: SolutionRecord, request: Sample, texts: Sequence[str]) -> None:
    """Checks the distinct answers of a prefix's rollouts."""
    answers = [answer_in(one.problem.domain, request.prompt.prefix + text) for text in texts]
    distinct = sorted({answer for answer in answers if answer is not None})
    if distinct:
        await work.checker.check([Check(one.problem, answer) for answer in distinct])


class Pipeline:
    """transformers' text-generation pipeline on the same weights, asked as OpenR asks it."""

    def __init__(self, model_dir: str) -> None:
        from transformers import AutoModelForCausalLM, pipeline
        from transformers.utils.logging import set_verbosity_error

        set_verbosity_error()
        self.tokenizer = load_tokenizer(model_dir)
        self.tokenizer.padding_side = "left"
        model = AutoModelForCausalLM.from_pretrained(model_dir, dtype=torch.float32)
        self.pipe = pipeline("text-generation", model=model, tokenizer=self.tokenizer)

    async def loop(self, work: Work, policy: Policy) -> tuple[int, int]:
        tokens = prefixes = 0
        for one, requests in zip(work.solved, work.requests(policy), strict=True):
            for request in requests:
                text = render(self.tokenizer, request.prompt)
                found = self.pipe(
                    [text] * request.n,
                    max_new_tokens=request.sampling.max_tokens,
                    max_length=None,
                    batch_size=request.n,
                    do_sample=True,
                    temperature=request.sampling.temperature,
                    return_full_text=False,
                )
                texts = [piece[0]["generated_text"] for piece in found]
                await check(work, one, request, texts)
                tokens += sum(len(work.sampler.encode(text)) + 1 for text in texts)
                prefixes += 1
        return prefixes, tokens


Side = Callable[[Work, Policy], Coroutine[Any, Any, tuple[int, int]]]


async def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Samples the solutions, then lets all sides take turns on them."""
    config = load_config(ROOT / "data" / "benchmark.yaml").model_copy(update={"seed": given.seed})
    sampler = TransformersSampler(given.model, rows_per_batch=given.rows)
    checker = MathChecker()
    policy = build_policy(config, sampler)
    difficulty = config.problems.difficulty  # type: ignore[attr-defined]
    problems = list(generate_problems(given.problems, 3_000_000 + given.seed, difficulty))
    solved = await write(problems, policy, sampler, checker)
    work = Work(sampler, checker, solved, given.k)
    others = list(generate_problems(given.bisect_problems, 5_000_000 + given.seed, difficulty))
    written = await write(others, policy, sampler, checker)
    wrong = [one for one in written if one.solution.outcome is Verdict.WRONG]
    few = replace(work, solved=solved[:: max(1, len(solved) // given.loop_problems)])
    sides: dict[str, tuple[Side, Work]] = {
        "loop": (loop, few),
        "flat": (flat, work),
        "driver": (driven, work),
        "bisect": (bisected, replace(work, solved=wrong)),
    }
    if given.pipeline:
        sides["pipeline"] = (Pipeline(given.model).loop, few)
    turns: dict[str, list[Turn]] = defaultdict(list)
    for round_ in range(given.rounds + 1):
        for name, (side, its_work) in sides.items():
            # The first round is short and only warms up.
            todo = its_work if round_ else replace(its_work, solved=solved[:1])
            turn = await timed(side, todo, replace(policy, run_seed=round_))
            if round_:
                turns[name].append(turn)
    await sampler.aclose()
    await checker.aclose()
    return summary(turns, given, work.requests(policy), sampler.concurrency)


async def write(
    problems: Sequence[Any], policy: Policy, sampler: TransformersSampler, checker: MathChecker
) -> list[SolutionRecord]:
    """Solutions of the problems by the policy."""
    with tempfile.TemporaryDirectory() as folder, Journal(Path(folder) / "j.sqlite") as journal:
        async with Driver(routes({POLICY: sampler}, checker), journal) as driver:
            return await sampled(problems, policy, driver, {})


async def timed(side: Side, work: Work, policy: Policy) -> Turn:
    """One turn of a side, on the clock and of the processor."""
    wall, processor = time.perf_counter(), time.process_time()
    prefixes, tokens = await side(work, policy)
    return Turn(prefixes, tokens, time.perf_counter() - wall, time.process_time() - processor)


def summary(
    turns: dict[str, list[Turn]],
    given: argparse.Namespace,
    requests: list[list[Sample]],
    batches_at_once: int,
) -> dict[str, Any]:
    """Medians of the turns, and the driver's rates over the others'."""

    def rates(of: str, by: str) -> dict[str, float]:
        return {
            name: statistics.median(getattr(t, of) / getattr(t, by) for t in turns[name])
            for name in turns
            if name not in LEFT_OUT[of]
        }

    def ratios(by: str) -> dict[str, float]:
        prefixes, tokens = rates("prefixes", by), rates("tokens", by)
        over = {name: prefixes["driver"] / rate for name, rate in prefixes.items()}
        over["flat"] = tokens["driver"] / tokens["flat"]
        over["bisect_over_loop"] = prefixes["bisect"] / prefixes["loop"]
        return {name: ratio for name, ratio in over.items() if name != "driver"}

    return {
        "prefixes_per_s": rates("prefixes", "wall_s"),
        "tokens_per_s": rates("tokens", "wall_s"),
        "driver_over": ratios("wall_s"),
        "per_cpu_s": {
            "prefixes": rates("prefixes", "cpu_s"),
            "tokens": rates("tokens", "cpu_s"),
            "driver_over": ratios("cpu_s"),
        },
        "problems_in_flight": sum(bool(asked) for asked in requests),
        "prefixes": {name: turns[name][0].prefixes for name in turns},
        "rounds": given.rounds,
        "k": given.k,
        "rows": given.rows,
        "seed": given.seed,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "batches_at_once": batches_at_once,
        "python": platform.python_version(),
    }


def show(found: dict[str, Any]) -> None:
    """The sides as a table."""
    by_cpu = found["per_cpu_s"]
    table = Table(
        "side", "prefixes", "prefixes/s", "driver: times", "tokens/s", "prefixes / CPU s",
        "driver: times", "tokens / CPU s",
        title=f"{found['problems_in_flight']} problems in flight, k = {found['k']}, "
        f"{found['batches_at_once']} x {found['rows']} rows, {found['threads']} threads each",
    )  # fmt: skip
    for name, prefixes in found["prefixes"].items():
        columns = (
            (found["prefixes_per_s"], 1), (found["driver_over"], 2), (found["tokens_per_s"], 0),
            (by_cpu["prefixes"], 1), (by_cpu["driver_over"], 2), (by_cpu["tokens"], 0),
        )  # fmt: skip
        rates = [f"{side[name]:,.{n}f}" if name in side else "" for side, n in columns]
        table.add_row(name, str(prefixes), *rates)
    Console().print(table)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", default=str(ROOT / "data" / "policy"))
    parser.add_argument("--problems", type=int, default=64)
    parser.add_argument("--loop-problems", type=int, default=6)
    parser.add_argument("--bisect-problems", type=int, default=1024)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--k", type=int, default=8)
    parser.add_argument("--rows", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--pipeline", action="store_true", help="the loop over transformers too")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found = asyncio.run(measure(given))
    if given.json:
        print(json.dumps(found))
    else:
        show(found)


if __name__ == "__main__":
    main()
