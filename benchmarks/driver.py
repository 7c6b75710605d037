"""Processor time and memory that a request costs in the driver, with replies from a script.

    python benchmarks/driver.py --requests 100000 --json

Conversations are shaped like Monte Carlo estimation: a problem of 300 characters is sampled once
from its root, then once from each of its six prefixes, four completions each. `cpu_us_per_request`
is all processor time of the process from the first request to the last reply, threads and system
included, by the number of requests; `script_us_per_request` is the share of it that the scripted
sampler takes to make texts and count their words. Memory is read twice, after a fifth of the
requests and at the end: flat means that the two are equal. `--profile` prints where time goes (and
makes it longer); the figures of such a run are not comparable.

`--problems N` sends N made problems through a whole labelling run instead (solve, label, stage,
commit), again with a script for a policy; they lie on disk, as those that a run reads. Memory is
then read after a fifth of the problems, when all are labelled, and after the commit, which loads
libraries of its own; `--rule fusion` (the default of run files) also learns there, from the
evidence of 20,000 solutions at most, which it holds in memory.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import hashlib
import json
import platform
import pstats
import resource
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from labeler.checking.math_answer import MathChecker
from labeler.config import RunConfig
from labeler.driver.conversation import Conversation
from labeler.driver.cost import Cost
from labeler.driver.driver import Driver
from labeler.driver.journal import Journal
from labeler.driver.requests import POLICY, Message, Prompt, Sample
from labeler.driver.routing import Route
from labeler.labelling.parts import Parts, Progress
from labeler.labelling.run import LabellingRun
from labeler.records import Problem, Sampling
from labeler.samplers.scripted import ScriptedSampler
from labeler.spool import Spool
from labeler.wiring.labelers import build_recipe

N_PREFIXES = 6
PER_CONVERSATION = 1 + N_PREFIXES
N_COMPLETIONS = 4
STEP = "Ann has 12 apples and buys 7 more, so she now has 12 + 7 = 19 apples.\n"
SAMPLING = Sampling(max_tokens=512)


@dataclass(frozen=True)
class Measured:
    """What `n` requests (or problems) cost; memory in MiB, read after a fifth and at the end."""

    n: int
    cpu_s: float
    wall_s: float
    script_s: float
    early_rss_mb: float
    peak_rss_mb: float
    labelled_rss_mb: float | None = None
    """Of a whole run, before the commit loads its libraries and decides all rows."""


def text_of(prompt: Prompt, index: int) -> str:
    """The steps that are missing, the last with a number of its own."""
    done = prompt.prefix.count("\n")
    return STEP * (N_PREFIXES - done) + f"Answer: {19 + index}\n"


def estimation(i: int) -> Conversation[int]:
    """Monte Carlo on one problem: its root, then all prefixes at once; the replies it got."""
    messages = (Message("user", f"Problem {i}. " + "How many apples does Ann have now? " * 8),)
    prefixes = [STEP * t for t in range(PER_CONVERSATION)]
    asked = [
        Sample(Prompt(messages, prefix), N_COMPLETIONS, SAMPLING, seed=i, requester="monte_carlo")
        for prefix in prefixes
    ]
    root = yield list(asked[:1])
    others = yield list(asked[1:])
    return len(root) + len(others)


class Timed(ScriptedSampler):
    """Knows how much processor time its own replies took."""

    spent_s = 0.0

    async def sample(self, batch: Sequence[Sample]) -> list[Any]:
        started = time.thread_time()
        replies = await super().sample(batch)
        self.spent_s += time.thread_time() - started
        # A model takes its time: others may run.
        await asyncio.sleep(0)
        return replies


def rss_mb() -> float:
    """Peak memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def drive(given: argparse.Namespace, folder: Path) -> Measured:
    """The driver alone, on conversations that only estimate."""
    n_requests, max_active = given.requests, given.max_active
    sampler = Timed(text_of, rows_per_batch=256, concurrency=4)
    route = Route(sampler.fingerprint, sampler.sample, sampler.rows_per_batch, sampler.concurrency)
    n_conversations = -(-n_requests // PER_CONVERSATION)
    conversations = ((str(i), estimation(i)) for i in range(n_conversations))
    costs: dict[str, Cost] = {}
    answered, early = 0, 0.0
    started, cpu = time.monotonic(), time.process_time()
    with Journal(folder / "journal.sqlite") as journal:
        async with Driver({(Sample, POLICY): route}, journal, max_active=max_active) as driver:
            async for _, n_replies in driver.run(conversations, costs):
                answered += n_replies
                if not early and answered >= n_requests / 5:
                    early = rss_mb()
    cpu_s, wall_s = time.process_time() - cpu, time.monotonic() - started
    assert answered == costs["monte_carlo"].calls == n_conversations * PER_CONVERSATION
    return Measured(answered, cpu_s, wall_s, sampler.spent_s, early, rss_mb())


def slipping(prompt: Prompt, index: int) -> str:
    """Continues any prefix of the one solution; a step slips in one case of eight, and so does all
    after it. Depends on the prompt and the index only.
    """
    lost = "slip" in prompt.prefix
    text = ""
    for place in range(prompt.prefix.count("\n"), N_PREFIXES):
        draw = hashlib.sha256(f"{prompt}{index}{place}".encode()).digest()[0]
        lost = lost or draw < 32
        text += STEP.replace("so she", "a slip, so she") if lost else STEP
    return text + f"Answer: {18 if lost else 19}\n"


def parts_of(given: argparse.Namespace) -> Parts:
    """A run over made problems with Monte Carlo labels."""
    content = {
        "problems": {"kind": "plain", "path": "made"},
        "policy": {"kind": "transformers", "model": "none", "delimiter": "\n"},
        "solutions": 2,
        "labelers": [{"kind": "monte_carlo", "k": 4}],
        "consensus": {"rule": given.rule},
        "run": {"max_active": given.max_active, "shards": 16},
    }
    config = RunConfig.model_validate(content, strict=False)
    sampler = Timed(slipping, rows_per_batch=256, concurrency=4)
    problems = Spool[Problem]()
    for i in range(given.problems):
        problems.append(Problem(f"{i:07}", "math", f"Problem {i}. How many apples has Ann?", "19"))
    recipe = build_recipe(config, sampler)
    checker, sha = MathChecker(), config.identity()
    return Parts(problems, (), {POLICY: sampler}, checker, recipe, config.run, sha, config.seed)


async def label(given: argparse.Namespace, folder: Path) -> Measured:
    """A whole run over scripted problems, from labelling to the commit."""
    parts, n_problems = parts_of(given), given.problems
    sampler = parts.samplers[POLICY]
    assert isinstance(sampler, Timed)
    early = 0.0

    def on_progress(progress: Progress) -> None:
        nonlocal early
        if not early and progress.done >= n_problems / 5:
            early = rss_mb()

    started, cpu = time.monotonic(), time.process_time()
    async with LabellingRun(parts, folder / "out", False, on_progress) as run:
        shards = await run.label_all()
        labelled = rss_mb()
        summary = run.commit(shards)
    cpu_s, wall_s = time.process_time() - cpu, time.monotonic() - started
    assert summary.n_problems == n_problems
    n_requests = sum(cost.calls for cost in summary.cost.values())
    return Measured(n_requests, cpu_s, wall_s, sampler.spent_s, early, rss_mb(), labelled)


def report(found: Measured, given: argparse.Namespace) -> dict[str, Any]:
    """What is printed; seconds of the processor become microseconds per request."""
    return {
        "requests": found.n,
        **({"problems": given.problems, "rule": given.rule} if given.problems else {}),
        "cpu_us_per_request": 1e6 * found.cpu_s / found.n,
        "script_us_per_request": 1e6 * found.script_s / found.n,
        "peak_rss_mb": found.peak_rss_mb,
        "rss_mb_after_a_fifth": found.early_rss_mb,
        **({"rss_mb_labelled": found.labelled_rss_mb} if given.problems else {}),
        "wall_s": found.wall_s,
        "max_active": given.max_active,
        "python": platform.python_version(),
    }


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--problems", type=int, help="a whole run over so many problems instead")
    parser.add_argument("--rule", default="fusion", choices=["fusion", "posterior"])
    parser.add_argument("--max-active", type=int, default=256, help="conversations open at once")
    parser.add_argument("--profile", action="store_true", help="print where time goes")
    parser.add_argument("--json", action="store_true", help="JSON only")
    given = parser.parse_args()
    profile = cProfile.Profile()
    with tempfile.TemporaryDirectory(prefix="labeler-bench-") as name:
        work = label if given.problems else drive
        if given.profile:
            profile.enable()
        measured = asyncio.run(work(given, Path(name)))
        profile.disable()
    found = report(measured, given)
    if given.profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(30)
    if not given.json:
        table = Table("what", "measured")
        for key, value in found.items():
            table.add_row(key, f"{value:,.1f}" if isinstance(value, float) else str(value))
        Console().print(table)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
