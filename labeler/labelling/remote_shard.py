"""One shard of a run, labelled by a process of its own, perhaps on another machine.

The process that holds the run (`labeler.labelling.run`) hands out shards and commits them. Each
shard has a journal of its own beside its staged rows, so nobody writes to a database that another
machine has open; the holder takes these journals into the run's own when all shards are done. A
shard whose process was lost is begun again anywhere that sees the folder, and goes on from its
journal.

Does not cover: who hands out (`flows/ray_shards.py`); a folder that machines see under different
paths, or whose file locks they do not share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from labeler.dataset.lock import held
from labeler.driver.driver import Driver, Retry
from labeler.driver.journal import Journal
from labeler.driver.money import Purse
from labeler.errors import BackendDown
from labeler.files import make_folder
from labeler.labelling.parts import Parts
from labeler.labelling.pipeline import Shard, ShardSummary, label_shard
from labeler.labelling.readiness import probe_all
from labeler.labelling.ready import ready_recipe
from labeler.labelling.routes import routes
from labeler.records import Problem
from labeler.samplers.base import Remembers
from labeler.schema import Provenance

LOCK_PATIENCE_S = 60.0
"""A process that is dying may hold its shard a moment longer."""


@dataclass(frozen=True, slots=True)
class ShardTask:
    """What a process must know to label a shard beside the run file."""

    shard: Shard
    provenance: Provenance
    fingerprints: Mapping[str, str]
    """Of the models as the holder of the run knows them, by name."""
    environments: Mapping[str, str] = field(default_factory=dict)
    """The same of the environments."""
    first_problems: Sequence[Problem] = ()
    """Of the run, where they teach something (`labelling.ready`): each process asks them again."""
    n_problems: int = 0
    """Of the whole run."""


async def label_shard_task(task: ShardTask, parts: Parts) -> ShardSummary:
    """Labels and stages a shard. Raises `BackendDown` if models or environments are others here."""
    shard, run_id = task.shard, task.provenance.run_id
    for name, sampler in parts.samplers.items():
        if sampler.fingerprint != task.fingerprints[name]:
            raise BackendDown(
                f"model {name!r} differs between the nodes of this run (here {sampler.model}); "
                "give all of them the same files"
            )
    for one in parts.environments:
        if one.fingerprint != task.environments.get(one.name):
            raise BackendDown(
                f"environment {one.name!r} differs between the nodes of this run; give all of them "
                "the same files"
            )
    make_folder(shard.folder)
    stem = shard.folder / shard.name
    lock = stem.with_suffix(".lock")
    options = parts.options
    with (
        held(lock, shard.folder, run_id, f"labelling {shard.name}", LOCK_PATIENCE_S),
        Journal(stem.with_suffix(".sqlite")) as journal,
    ):
        for sampler in parts.samplers.values():
            await sampler.ready()
            if isinstance(sampler, Remembers):
                sampler.remember_in(shard.folder / f"{shard.name}.batches")
        for one in parts.environments:
            await one.ready()
        await probe_all(parts.samplers, parts.needs)
        async with Driver(
            routes(parts.samplers, parts.checker, parts.sandbox, parts.environments),
            journal,
            max_active=options.max_active,
            retry=Retry(options.attempts, options.longest_pause_s),
            purse=Purse(parts.prices, journal, run_id),
        ) as driver:
            recipe = await ready_recipe(
                parts.recipe, task.first_problems, task.n_problems, parts.prices, driver
            )
            return await label_shard(shard, driver, recipe, task.provenance, {}, lambda: None)
