"""A labelling run from its config.

Everything is checked and loaded here, problems first (cheap), then the models, so a mistake shows
before anything is sampled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from labeler.config import RunConfig, RunOptions, load_config
from labeler.config.models import OpenAIPolicy
from labeler.dataset.ledger import note_problems
from labeler.dataset.storage import Location, located
from labeler.driver.requests import POLICY
from labeler.errors import ConfigError
from labeler.labelling.parts import Parts, Progress, RunSummary
from labeler.labelling.run import LabellingRun, run_plainly
from labeler.records import Domain
from labeler.samplers.base import Sampler
from labeler.wiring.environments import build_environments
from labeler.wiring.labelers import build_recipe
from labeler.wiring.loop import block_on
from labeler.wiring.models import build_samplers
from labeler.wiring.needs import needs_of
from labeler.wiring.prices import build_prices
from labeler.wiring.problems import ProblemSet, origin_of, read_existing_solutions, read_problems
from labeler.wiring.sandbox import build_checker, build_limits, sandbox_of_run
from labeler.wiring.versions import version_hashes


def run(
    config: RunConfig | str | Path,
    out: str | Location,
    *,
    resume: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
) -> RunSummary:
    """A whole run without Prefect; blocks until the version is committed."""
    if not isinstance(config, RunConfig):
        config = load_config(config)
    if config.execution.engine != "local":
        raise ConfigError(
            f"execution.engine: {config.execution.engine} works as a flow only; add --flow"
        )
    opened = open_run(config, out, resume=resume, on_progress=on_progress)
    summary = block_on(run_plainly(opened))
    if not summary.already_there:
        note(config, opened)
    return summary


def note(config: RunConfig, run: LabellingRun, *, replaces: bool = False) -> None:
    """Lists the problems of a run, and what it made them with, beside its dataset."""
    made_by = version_hashes(config, run.parts)
    note_problems(
        run.out,
        run.run_id,
        run.parts.problems,
        made_by,
        replaces=replaces,
        origin=origin_of(config),
    )


def open_run(
    config: RunConfig,
    out: str | Location,
    *,
    resume: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
    preset_problems: ProblemSet | None = None,
    again: int = 0,
    grows: bool = False,
) -> LabellingRun:
    """A run that is ready to be entered: problems read (or `preset_problems`), models loaded.

    `again`: how often such a run was made and its problems taken out; `grows`: whether it adds to
    what earlier runs labelled, as the config's `earlier_labels` says.
    """
    # First, for a place that cannot be a dataset is refused before any work.
    where = located(out)
    return LabellingRun(
        replace(build(config, preset_problems), again=again),
        where,
        resume,
        on_progress or (lambda progress: None),
        delegates_shards=config.execution.engine == "ray",
        earlier_labels=config.earlier_labels if grows else "apart",
    )


def build(
    config: RunConfig,
    preset_problems: ProblemSet | None = None,
    samplers: dict[str, Sampler] | None = None,
) -> Parts:
    """All parts of a run; `samplers` are models that are loaded. Raises a `LabelerError`."""
    problems, rejections = preset_problems or read_problems(config)
    sandbox = sandbox_of_run(config, problems)
    samplers = build_samplers(config) if samplers is None else samplers
    environments = build_environments(config, sandbox)
    existing, annotations = read_existing_solutions(config)
    recipe = build_recipe(
        config, samplers.get(POLICY), existing, annotations, environments=environments
    )
    return Parts(
        problems=problems,
        rejections=tuple(rejections),
        samplers=samplers,
        checker=build_checker(
            sandbox,
            build_limits(config.sandbox),
            in_words=any(problem.domain == Domain.QA for problem in problems),
        ),
        sandbox=sandbox,
        environments=environments,
        recipe=recipe,
        needs=needs_of(config, config.labelers, problems, recipe.policy, samplers),
        options=_options(config),
        prices=build_prices(config),
        config_sha=config.identity(),
        earlier_shas=(config.earlier_identity(),),
        seed=config.seed,
    )


def _options(config: RunConfig) -> RunOptions:
    """How the run runs. Where a model is asked by batches, all problems are open together: each
    batch takes up to a day, so what could be asked at once must not be asked in turns.
    """
    models = (config.policy, *config.models.values())
    batches = [one.batch for one in models if isinstance(one, OpenAIPolicy)]
    most = max((one.requests for one in batches if one is not None), default=0)
    if not most:
        return config.run
    wide = {"shards": 1, "max_active": max(config.run.max_active, most)}
    return config.run.model_copy(update=wide)
