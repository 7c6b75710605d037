"""From the labelers of a config to conversations with their settings bound."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import assert_never

from labeler.checking.answers.base import Reading
from labeler.checking.answers.readers import BY_DEFAULT, reader_by, reader_named
from labeler.config.answers import AnswerPattern
from labeler.config.labelers import (
    WRITES_SOLUTIONS,
    AlphaMathLabeler,
    BinarySearchLabeler,
    BisectLabeler,
    DiagnosticsLabeler,
    GroundedLabeler,
    GroundedSearchLabeler,
    JudgeLabeler,
    LabelerConfig,
    MonteCarloLabeler,
    OmegaPRMLabeler,
    OutcomeLabeler,
    ProgramLabeler,
    RepairLabeler,
    RubricLabeler,
    SolverLabeler,
    SpareLabeler,
    StatementMonteCarloLabeler,
    TableLabeler,
    ToolCheckLabeler,
    TraceLabeler,
    VerifierLabeler,
)
from labeler.config.run import RunConfig
from labeler.labelers.alphamath import AlphaMath, alphamath
from labeler.labelers.base import Policy
from labeler.labelers.binary_search import BinarySearch, binary_search
from labeler.labelers.bisect import Bisect, bisect
from labeler.labelers.diagnostics import Diagnostics, diagnostics
from labeler.labelers.grounded.grounded import grounded
from labeler.labelers.grounded.search import grounded_search
from labeler.labelers.grounded.settings import GroundedSearch, Verifier, verifier_tasks
from labeler.labelers.judge.judge import judge
from labeler.labelers.judge.settings import Judge, judge_tasks
from labeler.labelers.monte_carlo import MonteCarlo, monte_carlo
from labeler.labelers.omegaprm import OmegaPRM, omegaprm
from labeler.labelers.outcome import outcome
from labeler.labelers.program import Program, program
from labeler.labelers.repair import Repair, repair, repair_task
from labeler.labelers.rubric import Rubric, rubric, rubric_tasks
from labeler.labelers.solver.solver import Solver, solver
from labeler.labelers.spare import Spare, spare, spare_task
from labeler.labelers.statement_monte_carlo import StatementMonteCarlo, statement_monte_carlo
from labeler.labelers.table.table import table, table_tasks
from labeler.labelers.tool_check import ToolCheck, tool_check
from labeler.labelers.trace import TraceSettings, trace
from labeler.pipeline import Labeler, Recipe
from labeler.prompts import load_prompts
from labeler.records import Sampling, Solution, Verdict
from labeler.samplers.base import Sampler
from labeler.solving import Filter
from labeler.wiring.consensus import build_rule


def build_policy(config: RunConfig | None, sampler: Sampler | None) -> Policy:
    """How the policy is asked; without a config or a sampler, one that nobody asks."""
    if config is None or config.policy is None or sampler is None:
        run_seed = config.seed if config else 0
        reading = build_reading(config) if config else BY_DEFAULT
        return Policy("", "", "{problem}", "", Sampling(), "\n\n", run_seed, reading)
    return Policy(
        model=sampler.model,
        revision=sampler.fingerprint,
        template=config.policy.template,
        system=config.policy.system,
        sampling=Sampling(**config.policy.sampling.model_dump()),
        delimiter=config.policy.delimiter,
        run_seed=config.seed,
        reading=build_reading(config),
    )


def build_reading(config: RunConfig) -> Reading:
    """How answers are read. Raises `ConfigError` for a reader that does not exist."""
    if isinstance(config.answers, AnswerPattern):
        reader = reader_by(config.answers.regex)
    else:
        reader = reader_named(config.answers)
    return Reading(reader, Verdict(config.unreadable))


def build_recipe(
    config: RunConfig,
    sampler: Sampler | None,
    given: Mapping[str, tuple[Solution, ...]] | None = None,
) -> Recipe:
    """What is done to every problem; `given` are the solutions that exist already."""
    policy = build_policy(config, sampler)
    bounds = config.difficulty_filter
    return Recipe(
        policy=policy,
        n_solutions=config.solutions,
        filter=Filter(bounds.samples, bounds.above, bounds.below) if bounds else None,
        labelers={labeler.kind: build_labeler(labeler, policy) for labeler in config.labelers},
        rule=build_rule(config.consensus),
        given=given or {},
        searches=WRITES_SOLUTIONS,
    )


def build_labeler(config: LabelerConfig, policy: Policy) -> Labeler:  # noqa: PLR0912
    """A labelling method with its settings bound."""
    settings = config.model_dump(exclude={"kind"})
    match config:
        case OutcomeLabeler():
            return outcome
        case ToolCheckLabeler():
            return partial(tool_check, settings=ToolCheck(**settings))
        case MonteCarloLabeler():
            return partial(monte_carlo, settings=MonteCarlo(**settings), policy=policy)
        case DiagnosticsLabeler():
            return partial(diagnostics, settings=Diagnostics(**settings))
        case TraceLabeler():
            return partial(trace, settings=TraceSettings(**settings))
        case StatementMonteCarloLabeler():
            completing = StatementMonteCarlo(**settings)
            return partial(statement_monte_carlo, settings=completing, policy=policy)
        case BinarySearchLabeler():
            return partial(binary_search, settings=BinarySearch(**settings), policy=policy)
        case BisectLabeler():
            return partial(bisect, settings=Bisect(**settings), policy=policy)
        case OmegaPRMLabeler():
            # The search writes its own solutions; what was sampled for others is not its concern.
            search = OmegaPRM(**settings)
            return lambda problem, solutions: omegaprm(problem, search, policy)
        case AlphaMathLabeler():
            valuing = AlphaMath(**settings)
            return lambda problem, solutions: alphamath(problem, valuing, policy)
        case SolverLabeler():
            return partial(solver, settings=Solver(**settings))
        case ProgramLabeler():
            return partial(program, settings=Program(**settings, seed=policy.run_seed))
        case (
            SpareLabeler()
            | JudgeLabeler()
            | RubricLabeler()
            | GroundedLabeler()
            | GroundedSearchLabeler()
            | TableLabeler()
            | RepairLabeler()
        ):
            return _build_prompted(config, policy)
        case _:
            assert_never(config)


def _build_prompted(
    config: SpareLabeler
    | JudgeLabeler
    | RubricLabeler
    | GroundedLabeler
    | GroundedSearchLabeler
    | TableLabeler
    | RepairLabeler,
    policy: Policy,
) -> Labeler:
    """A method that asks with prompts of a file."""
    settings = config.model_dump(exclude={"kind"})
    match config:
        case SpareLabeler():
            spared = Spare(**settings | {"prompts": load_prompts(config.prompts)})
            spare_task(spared)  # a prompt that is missing shows now, not after an hour
            return partial(spare, settings=spared, policy=policy)
        case JudgeLabeler():
            judging = Judge(**settings | {"prompts": load_prompts(config.prompts)})
            judge_tasks(judging)
            return partial(judge, settings=judging, policy=policy)
        case RubricLabeler():
            grading = Rubric(**settings | {"prompts": load_prompts(config.prompts)})
            rubric_tasks(grading)
            return partial(rubric, settings=grading, policy=policy)
        case GroundedLabeler():
            verifier_tasks(verifier := _verifier(config))
            return partial(grounded, settings=verifier, policy=policy)
        case TableLabeler():
            table_tasks(verifier := _verifier(config))
            return partial(table, settings=verifier, policy=policy)
        case GroundedSearchLabeler():
            own = {k: v for k, v in settings.items() if k not in VerifierLabeler.model_fields}
            verifier_tasks(verifier := _verifier(config))
            searching = GroundedSearch(verifier, **own)
            return lambda problem, solutions: grounded_search(problem, searching, policy)
        case RepairLabeler():
            repairing = Repair(**settings | {"prompts": load_prompts(config.prompts)})
            repair_task(repairing)
            return partial(repair, settings=repairing, policy=policy)


def _verifier(config: VerifierLabeler) -> Verifier:
    shared = config.model_dump(include=set(VerifierLabeler.model_fields))
    return Verifier(**shared | {"prompts": load_prompts(config.prompts)})
