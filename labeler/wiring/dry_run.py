"""What a run would do, without doing it: problems are read, prompts and the output looked at.

Nothing is loaded, asked or written, so it takes seconds and costs nothing. Does not cover whether
models answer (`labeler doctor --config`) or what it all will take (`labeler plan`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from labeler.config import RunConfig
from labeler.dataset.reader import open_dataset
from labeler.dataset.storage import Location, located
from labeler.errors import DatasetError
from labeler.labelers.methods import METHODS
from labeler.problems.sources import PROBLEM_SOURCES
from labeler.wiring.labelers import build_recipe
from labeler.wiring.problems import read_existing_solutions, read_problems


@dataclass(frozen=True, slots=True)
class DryRun:
    """A run before it runs.

    `rejected` goes from reasons to numbers of records. `solutions` are those that exist already, or
    that would be sampled at most; searches write more. `labelers` goes from a method to the models
    that it asks, `models` from a name to what runs it. `next_version` is the version that it adds.
    """

    problems: int
    rejected: dict[str, int]
    solutions: int
    labelers: dict[str, tuple[str, ...]]
    rule: str
    models: dict[str, str]
    searches: bool
    needs_sandbox: bool
    shards: int
    out: str
    next_version: int


def dry_run(config: RunConfig, out: str | Location) -> DryRun:
    """Reads what a run reads before it loads models. Raises a `LabelerError` as the run would."""
    where = located(out)
    problems, rejections = read_problems(config)
    existing, _ = read_existing_solutions(config)
    build_recipe(config, None, existing)  # a prompt or a reader of answers that is missing shows
    is_solved = PROBLEM_SOURCES.find(config.problems.kind, "problems.kind").read_solutions
    n_existing = sum(map(len, existing.values()))
    models = {name: f"{one.kind} {one.model}" for name, one in config.models.items()}
    if config.policy is not None:
        models = {"policy": f"{config.policy.kind} {config.policy.model}"} | models
    return DryRun(
        problems=len(problems),
        rejected=dict(Counter(one.reason for one in rejections).most_common()),
        solutions=n_existing if is_solved else config.solutions * len(problems),
        labelers={one.kind: one.models for one in config.labelers},
        rule=config.consensus.rule,
        models=models,
        searches=any(METHODS[one.kind].writes_solutions for one in config.labelers),
        needs_sandbox=any(METHODS[one.kind].runs_programs for one in config.labelers),
        shards=min(config.run.shards, len(problems)),
        out=str(where),
        next_version=_next_version(where),
    )


def _next_version(where: Location) -> int:
    try:
        return open_dataset(where).version + 1
    except DatasetError:
        return 0
