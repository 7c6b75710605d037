"""From a config to the parts of a run: the only importer of concrete readers, samplers, labelers.

Everything is checked and loaded here, problems first (cheap), then the model, so a mistake shows
before anything is sampled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar, assert_never

from labeler.checking.math_answer import MathChecker
from labeler.config import (
    FileProblems,
    FirstZeroRule,
    HubProblems,
    LabelerConfig,
    MonteCarloLabeler,
    OmegaPRMLabeler,
    OpenAIPolicy,
    OracleProblems,
    OutcomeLabeler,
    PosteriorRule,
    RunConfig,
    TransformersPolicy,
    load_config,
)
from labeler.consensus.base import Rule
from labeler.consensus.first_zero import FirstZero
from labeler.consensus.posterior import Posterior
from labeler.driver import Cost
from labeler.errors import ConfigError, DataError
from labeler.labelers.base import Policy
from labeler.labelers.monte_carlo import MonteCarlo, monte_carlo
from labeler.labelers.omegaprm import OmegaPRM, omegaprm
from labeler.labelers.outcome import outcome
from labeler.labelling_run import LabellingRun, Parts, Progress, RunSummary, run_plainly
from labeler.oracle.evaluation import Evaluation, evaluate
from labeler.oracle.generate import Difficulty, generate_problems
from labeler.oracle.graph import OracleProblem
from labeler.pipeline import Filter, Labeler, Recipe
from labeler.problems.base import parse_columns
from labeler.problems.curation import curate
from labeler.problems.gsm8k import parse_gsm8k, read_gsm8k
from labeler.problems.hub import read_hub
from labeler.problems.math import parse_math, read_math
from labeler.problems.plain import read_plain
from labeler.records import Problem, Rejection, Sampling
from labeler.samplers.base import Sampler
from labeler.samplers.openai_http import OpenAISampler
from labeler.samplers.transformers import TransformersSampler

Result = TypeVar("Result")

MEASURED: dict[str, LabelerConfig] = {
    "monte_carlo": MonteCarloLabeler(kind="monte_carlo"),
    "omegaprm": OmegaPRMLabeler(kind="omegaprm", search_limit=4),
}
"""Labelers that `evaluate_oracle` knows, with the settings for those that a run file lacks."""

HUB_FORMS = {"columns": parse_columns, "gsm8k": parse_gsm8k, "math": parse_math}
"""How records of a Hub dataset read, after their columns were renamed."""


def run(
    config: RunConfig | str | Path,
    out: Path,
    *,
    resume: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
) -> RunSummary:
    """A whole run without Prefect; blocks until the version is committed."""
    if not isinstance(config, RunConfig):
        config = load_config(config)
    return _block_on(run_plainly(open_run(config, out, resume=resume, on_progress=on_progress)))


def _block_on(work: Coroutine[Any, Any, Result]) -> Result:
    """Runs a coroutine to its end, in a thread of its own where a loop runs (in notebooks)."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, work).result()


def open_run(
    config: RunConfig,
    out: Path,
    *,
    resume: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
) -> LabellingRun:
    """A run that is ready to be entered: problems read, model loaded."""
    return LabellingRun(build(config), out, resume, on_progress or (lambda progress: None))


def build(config: RunConfig) -> Parts:
    """All parts of a run. Raises a `LabelerError` with one clear line."""
    problems, rejections = read_problems(config)
    sampler = build_sampler(config.policy)
    return Parts(
        problems=tuple(problems),
        rejections=tuple(rejections),
        sampler=sampler,
        checker=MathChecker(),
        recipe=build_recipe(config, sampler),
        options=config.run,
        config_sha=config.identity(),
        seed=config.seed,
    )


def read_problems(config: RunConfig) -> tuple[list[Problem], list[Rejection]]:
    """The problems of a run, and the records that are none or duplicates of others."""
    problems: list[Problem] = []
    rejections: list[Rejection] = []
    for record in _records(config.problems):
        if isinstance(record, Problem):
            problems.append(record)
        else:
            rejections.append(record)
    if config.drop_duplicates:
        curated = curate(problems)
        problems = list(curated.kept)
        rejections += curated.rejections
    if not problems:
        raise DataError(f"no problem is left of {len(rejections)} records; see `labeler problems`")
    return problems, rejections


def _records(
    source: OracleProblems | FileProblems | HubProblems,
) -> Iterable[Problem | Rejection]:
    match source:
        case OracleProblems():
            difficulty = Difficulty(**source.difficulty.model_dump())
            generated = generate_problems(source.n, source.seed, difficulty)
            return (oracle_problem.problem for oracle_problem in generated)
        case FileProblems():
            return islice(_file_reader(source.kind)(Path(source.path)), source.limit)
        case HubProblems():
            found = read_hub(
                source.dataset,
                source.columns,
                split=source.split,
                name=source.subset,
                revision=source.revision,
                parse=HUB_FORMS[source.form],
            )
            return islice(found, source.limit)
        case _:
            assert_never(source)


def _file_reader(kind: str) -> Callable[[Path], Iterable[Problem | Rejection]]:
    return {"gsm8k": read_gsm8k, "math": read_math, "plain": read_plain}[kind]


def build_sampler(policy: TransformersPolicy | OpenAIPolicy) -> Sampler:
    """Loads the model, or opens connections and makes sure that a server answers."""
    match policy:
        case TransformersPolicy():
            return TransformersSampler(
                policy.model,
                device=policy.device,
                dtype=policy.dtype,
                rows_per_batch=policy.rows_per_batch,
                deterministic=policy.deterministic,
            )
        case OpenAIPolicy():
            return OpenAISampler(
                policy.urls,
                policy.model,
                api=policy.api,
                api_key_env=policy.api_key_env,
                concurrency=policy.concurrency,
                timeout_s=policy.timeout_s,
                tokenizer=policy.tokenizer,
            )
        case _:
            assert_never(policy)


def build_recipe(config: RunConfig, sampler: Sampler) -> Recipe:
    """What is done to every problem."""
    policy = Policy(
        model=sampler.model,
        revision=sampler.fingerprint,
        template=config.policy.template,
        system=config.policy.system,
        sampling=Sampling(**config.policy.sampling.model_dump()),
        delimiter=config.policy.delimiter,
        run_seed=config.seed,
    )
    bounds = config.difficulty_filter
    return Recipe(
        policy=policy,
        n_solutions=config.solutions,
        filter=Filter(bounds.samples, bounds.above, bounds.below) if bounds else None,
        labelers={labeler.kind: build_labeler(labeler, policy) for labeler in config.labelers},
        rule=build_rule(config.consensus),
    )


def build_labeler(
    config: OutcomeLabeler | MonteCarloLabeler | OmegaPRMLabeler, policy: Policy
) -> Labeler:
    """A labelling method with its settings bound."""
    settings = config.model_dump(exclude={"kind"})
    match config:
        case OutcomeLabeler():
            return outcome
        case MonteCarloLabeler():
            return partial(monte_carlo, settings=MonteCarlo(**settings), policy=policy)
        case OmegaPRMLabeler():
            # The search writes its own solutions; what was sampled for others is not its concern.
            search = OmegaPRM(**settings)
            return lambda problem, solutions: omegaprm(problem, search, policy)
        case _:
            assert_never(config)


def evaluate_oracle(
    config: RunConfig,
    labelers: Sequence[str],
    n_problems: int,
    seed: int,
    on_progress: Callable[[Progress], None],
) -> list[Evaluation]:
    """Scores labelers on `n_problems` fresh problems with the config's policy and settings.

    Rules of consensus decide every solution here (`min_confidence` is not asked for), so that
    scores can be compared with published ones.
    """
    chosen: list[LabelerConfig] = []
    for name in labelers:
        if name not in MEASURED:
            raise ConfigError(f"--labeler {name}: choose among {', '.join(sorted(MEASURED))}")
        given = (labeler for labeler in config.labelers if labeler.kind == name)
        chosen.append(next(given, MEASURED[name]))
    if not isinstance(config.problems, OracleProblems):
        raise ConfigError("problems.kind: only oracle problems have a known truth; use that kind")
    difficulty = Difficulty(**config.problems.difficulty.model_dump())
    # A set of its own for every seed, apart from those that runs and training draw from.
    problems = list(generate_problems(n_problems, 1_000_000 + seed, difficulty))
    seeded = config.model_copy(update={"seed": seed, "labelers": tuple(chosen)})
    return _block_on(_evaluate(seeded, labelers, problems, on_progress))


async def _evaluate(
    config: RunConfig,
    labelers: Sequence[str],
    problems: Sequence[OracleProblem],
    on_progress: Callable[[Progress], None],
) -> list[Evaluation]:
    sampler = build_sampler(config.policy)
    checker = MathChecker()
    recipe = build_recipe(config, sampler)
    rules: list[Rule] = [FirstZero(), Posterior(min_confidence=0.0)]
    total = len(problems) * len(labelers)
    bills: list[dict[str, Cost]] = []
    done = 0

    def on_problem() -> None:
        nonlocal done
        done += 1
        costs = [cost for bill in bills for cost in bill.values()]
        samples = sum(cost.samples for cost in costs)
        tokens = sum(cost.completion_tokens for cost in costs)
        on_progress(Progress(done, total, samples, tokens))

    results = []
    try:
        for name in labelers:
            bills.append({})
            results.append(
                await evaluate(
                    problems, recipe, name, rules, sampler, checker, bills[-1], on_problem
                )
            )
        return results
    finally:
        await sampler.aclose()
        await checker.aclose()


def build_rule(config: FirstZeroRule | PosteriorRule) -> Rule:
    """A consensus rule with its settings."""
    match config:
        case FirstZeroRule():
            return FirstZero()
        case PosteriorRule():
            return Posterior(min_confidence=config.min_confidence)
        case _:
            assert_never(config)
