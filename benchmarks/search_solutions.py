"""The solutions that `search.py` and `search_bound.py` search: a policy's, of fresh problems.

The policy is the embedded one, or with `--simulate MIN MAX` one with known success rates, on
problems of that many steps (`simulated_policy.py`): the embedded one never saw more than ten.
"""

from __future__ import annotations

import argparse
import random
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
from labeler.oracle.evaluation import first_error, sampled
from labeler.oracle.generate import generate_problems
from labeler.oracle.graph import OracleProblem
from labeler.oracle.mistakes import TEACHABLE, with_mistake
from labeler.problems.solved import SolutionRecord
from labeler.problems.sources import OracleProblems
from labeler.records import Generator, Sampling, Solution, Verdict, short_hash
from labeler.samplers.base import Sampler
from labeler.seeds import derive_seed
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
    parser.add_argument(
        "--shuffled", action="store_true", help="surprise shuffled among the steps of a solution"
    )
    parser.add_argument(
        "--given", action="store_true", help="solutions with mistakes that the policy did not write"
    )
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
        if given.given:
            solved = written_by_others(problems, seed, given.solutions)
        else:
            solved = await sampled(problems, policy, driver, {}, given.solutions, logprobs=True)
        if given.shuffled:
            solved = [shuffled(one, seed) for one in solved]
        yield Bench(problems, solved, policy, driver)


def written_by_others(problems: Sequence[OracleProblem], seed: int, n: int) -> list[SolutionRecord]:
    """Up to `n` distinct solutions of each problem, as a careless solver might write them: the
    reference, and mistakes of kinds in turn (`labeler.oracle.mistakes`). Their log-probabilities
    are to be asked for.
    """
    nobody = Generator("careless", "1", Sampling(), seed, "")
    found = []
    for number, one in enumerate(problems):
        rng = random.Random(derive_seed(seed, "careless", one.problem.problem_id))
        kinds = [TEACHABLE[(number + i) % len(TEACHABLE)] for i in range(n)]
        # Of a problem's solutions every second one is right, as about half of the policy's are.
        texts = [
            one.problem.reference_solution if i % 2 else with_mistake(one, kind, rng)
            for i, kind in enumerate(kinds)
        ]
        for steps in dict.fromkeys(text for text in texts if text):
            name = short_hash(one.problem.problem_id, *steps)
            solution = Solution(
                name, one.problem.problem_id, steps, None, Verdict.UNKNOWN, "", nobody
            )
            found.append(SolutionRecord(one.problem, solution, first_error(one, steps)))
    return found


def shuffled(one: SolutionRecord, seed: int) -> SolutionRecord:
    """The log-probabilities of its steps in another order, so that they say nothing of places."""
    steps = list(one.solution.logprobs or ())
    random.Random(derive_seed(seed, "shuffled", one.solution.solution_id)).shuffle(steps)
    return replace(one, solution=replace(one.solution, logprobs=tuple(steps)))
