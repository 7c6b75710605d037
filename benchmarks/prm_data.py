"""What `train_prm` learns from and is tested on: labelled solutions, and candidates to choose from.

Both are made once and kept in a folder: replies of models in a journal, the labelled rows as one
Parquet shard (all evidence of all sources, so that every method labels the same solutions).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from consensus import SOURCES, evidence

from labeler.checking.math_answer import MathChecker
from labeler.config import RunConfig
from labeler.dataset import read_shards, write_shard
from labeler.driver.conversation import Conversation
from labeler.driver.cost import Cost
from labeler.driver.driver import Driver
from labeler.driver.journal import Journal
from labeler.driver.requests import POLICY
from labeler.evaluation.compare import rows_of
from labeler.labelers.base import Policy, roll_out, steps_of
from labeler.labelling.parts import Progress
from labeler.labelling.routes import routes
from labeler.oracle.generate import generate_problems
from labeler.oracle.graph import OracleProblem
from labeler.oracle.oracle import grade
from labeler.records import LabeledSolution, Verdict
from labeler.schema import Provenance, labeled_solution, row
from labeler.seeds import derive_seed
from labeler.version import code_version
from labeler.wiring.labelers import build_policy
from labeler.wiring.models import build_samplers

HELD_OUT = 5_000_000
"""Seeds of held-out problems begin here; those of training problems at 3,000,000 (`consensus`)."""

Show = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A training solution with all evidence, and its true first error (-1 none)."""

    row: LabeledSolution
    truth: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sampled solution of a held-out problem. `answer` is None where it gave none or was cut."""

    steps: tuple[str, ...]
    answer: str | None
    is_right: bool
    first_error: int


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A held-out problem with its candidates, in the order of sampling, repetitions included."""

    text: str
    candidates: tuple[Candidate, ...]


def labelled(config: RunConfig, n_problems: int, folder: Path, show: Show) -> list[Labelled]:
    """One solution per problem with the evidence of `consensus.SOURCES`."""
    file = folder / f"labelled-{config.seed}-{n_problems}.parquet"
    if not file.exists():
        found, _ = asyncio.run(evidence(config, n_problems, folder / "journal.sqlite", show))
        made_by = Provenance("train_prm", config.identity(), code_version(), "all")
        write_shard(file, (row(one, made_by) for one in rows_of(found, SOURCES)))
    by_id = {p.problem.problem_id: p for p in _problems(config, 3_000_000, n_problems)}
    rows = [
        labeled_solution(columns)
        for batch in read_shards([file], remedy="delete it to make it anew")
        for columns in batch.to_pylist()
    ]
    return [
        Labelled(one, grade(by_id[one.problem.problem_id], one.solution.steps).first_error)
        for one in rows
    ]


def held_out(
    config: RunConfig, n_problems: int, n_candidates: int, folder: Path, show: Show
) -> list[HeldOut]:
    """Fresh problems with `n_candidates` samples each."""
    problems = list(_problems(config, HELD_OUT, n_problems))
    return asyncio.run(_sampled(config, problems, n_candidates, folder / "journal.sqlite", show))


def _problems(config: RunConfig, first_seed: int, n: int) -> list[OracleProblem]:
    difficulty = config.problems.difficulty  # type: ignore[attr-defined]
    return list(generate_problems(n, first_seed + config.seed, difficulty))


async def _sampled(
    config: RunConfig, problems: Sequence[OracleProblem], n: int, journal_file: Path, show: Show
) -> list[HeldOut]:
    samplers, checker = build_samplers(config), MathChecker()
    policy = build_policy(config, samplers[POLICY])
    costs: dict[str, Cost] = {}
    found: dict[str, HeldOut] = {}
    with Journal(journal_file) as journal:
        async with Driver(routes(samplers, checker), journal, max_active=8) as driver:
            asked = ((p.problem.problem_id, _candidates(p, policy, n)) for p in problems)
            async for problem_id, one in driver.run(asked, costs):
                found[problem_id] = one
                tokens = sum(cost.completion_tokens for cost in costs.values())
                show(Progress(len(found), len(problems), len(found) * n, tokens))
    for sampler in samplers.values():
        await sampler.aclose()
    await checker.aclose()
    return [found[p.problem.problem_id] for p in problems]


def _candidates(oracle: OracleProblem, policy: Policy, n: int) -> Conversation[HeldOut]:
    problem = oracle.problem
    seed = derive_seed(policy.run_seed, "candidates", problem.problem_id)
    [rollouts] = yield from roll_out(policy, problem, [()], n, [seed], "candidates")
    candidates = []
    for rollout in rollouts.rollouts:
        steps = steps_of(policy, (), rollout)
        whole = policy.solution(problem, steps, rollout.outcome, seed)
        is_whole = bool(steps) and rollout.completion.finish != "length"
        candidates.append(
            Candidate(
                steps,
                whole.final_answer if is_whole else None,
                is_whole and rollout.outcome.verdict is Verdict.CORRECT,
                grade(oracle, steps).first_error,
            )
        )
    return HeldOut(problem.text, tuple(candidates))
