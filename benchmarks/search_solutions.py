"""The solutions that `search.py` and `search_bound.py` search: a policy's, of fresh problems.

The policy is the embedded one, or with `--simulate MIN MAX` one with known success rates, on
problems of that many steps (`simulated_policy.py`): the embedded one never saw more than ten.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from simulated_policy import SimulatedPolicy

from labeler.checking.math_answer import MathChecker
from labeler.config import load_config
from labeler.driver.driver import Driver
from labeler.driver.journal import Journal
from labeler.driver.requests import POLICY
from labeler.labelers.base import Policy
from labeler.labelling.routes import routes
from labeler.oracle.evaluation import sampled
from labeler.oracle.generate import generate_problems
from labeler.oracle.graph import OracleProblem
from labeler.problems.solved import SolutionRecord
from labeler.problems.sources import OracleProblems
from labeler.samplers.base import Sampler
from labeler.wiring.labelers import build_policy
from labeler.wiring.models import build_samplers

BENCHMARK = Path(__file__).parent.parent / "data" / "benchmark.yaml"


@dataclass(frozen=True)
class Bench:
    """Problems, the policy's solutions, and the driver that asks it for more."""

    problems: Sequence[OracleProblem]
    solved: Sequence[SolutionRecord]
    policy: Policy
    driver: Driver


def argument_parser(description: str | None) -> argparse.ArgumentParser:
    """With the options that both take."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0] if description else "")
    parser.add_argument("--problems", type=int, default=100)
    parser.add_argument("--solutions", type=int, default=4, help="drawn per problem")
    parser.add_argument("--simulate", type=int, nargs=2, metavar=("MIN", "MAX"), help="steps")
    parser.add_argument("--set", action="append", default=[], dest="settings")
    parser.add_argument("--journal", type=Path, help="keep replies here")
    parser.add_argument("--json", action="store_true")
    return parser


@asynccontextmanager
async def opened(
    given: argparse.Namespace, seed: int, wrapped: Callable[[Sampler], Sampler] = lambda one: one
) -> AsyncIterator[Bench]:
    """Samples the solutions; `wrapped` stands between the driver and the policy's sampler."""
    config = load_config(BENCHMARK, given.settings).model_copy(update={"seed": seed})
    assert isinstance(config.problems, OracleProblems)
    difficulty = config.problems.difficulty
    if given.simulate:
        fewest, most = given.simulate
        difficulty = replace(difficulty, min_steps=fewest, max_steps=most)
    problems = list(generate_problems(given.problems, 2_000_000 + seed, difficulty))
    samplers: dict[str, Sampler] = (
        {POLICY: SimulatedPolicy(problems)} if given.simulate else build_samplers(config)
    )
    samplers[POLICY] = wrapped(samplers[POLICY])
    policy = build_policy(config, samplers[POLICY])
    checker = MathChecker()
    async with AsyncExitStack() as stack:
        for sampler in samplers.values():
            stack.push_async_callback(sampler.aclose)
        stack.push_async_callback(checker.aclose)
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        journal = stack.enter_context(Journal(given.journal or Path(folder) / "journal.sqlite"))
        driver = Driver(routes(samplers, checker), journal, max_active=96)
        await stack.enter_async_context(driver)
        solved = await sampled(problems, policy, driver, {}, given.solutions)
        yield Bench(problems, solved, policy, driver)
