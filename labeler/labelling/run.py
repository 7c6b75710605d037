"""One labelling run on one output folder: lock, journal, driver, shards, commit, summary.

    OUT/                     the dataset (Delta Lake: _delta_log and Parquet files)
    OUT/_work/journal.sqlite replies of every run on this output; later runs reuse them
    OUT/_work/<run id>/      staged shards of an unfinished run, deleted by its commit
    OUT/_rejections/         one JSONL file per run: what left the pipeline, and why

The same parts serve the plain command and the Prefect flow, which only differ in who calls
`label`. A run is recognised by what decides its labels, so it resumes under another shard count,
device or address.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from labeler.consensus.base import Learner
from labeler.consensus.fusion import Fusion
from labeler.dataset.lock import held, refuse_if_locked_out
from labeler.dataset.reader import Dataset
from labeler.dataset.shards import read_shards
from labeler.dataset.storage import Location, located, storage_of
from labeler.dataset.store import commit, version_of_run
from labeler.driver.cost import Cost
from labeler.driver.driver import Driver, Retry
from labeler.driver.journal import Journal
from labeler.driver.money import Purse
from labeler.errors import DataError, DatasetError
from labeler.files import make_folder
from labeler.labelling.acquired import told_of_labelers
from labeler.labelling.identity import run_ids
from labeler.labelling.log_entry import log_entry, money_of
from labeler.labelling.other_environments import tell_others
from labeler.labelling.parts import Parts, Progress, RunSummary
from labeler.labelling.pipeline import Shard, ShardSummary, label_shard, plan_shards
from labeler.labelling.readiness import probe_all
from labeler.labelling.ready import first_problems, ready_recipe
from labeler.labelling.repeated import repeated
from labeler.labelling.routes import routes
from labeler.labelling.together import (
    EarlierLabels,
    all_rows,
    commit_together,
    earlier_rows,
    taught_by,
)
from labeler.recompute.rows import fitted_to, labelled_rows, recomputed_rows
from labeler.records import Rejection, told_reasons
from labeler.samplers.base import Remembers
from labeler.schema import Provenance
from labeler.version import code_version

if TYPE_CHECKING:
    import pyarrow as pa


SHARDS_AT_ONCE = 2
"""So that the end of one shard does not leave the sampler idle."""

REPORT_PERIOD_S = 0.5

COMMIT_PATIENCE_S = 120.0
"""A run of hours does not end with an error because somebody commits in its last second."""

ALREADY_THERE = "already in the dataset, labelled anew (exports use the newest labels)"
"""Says how many solutions are in the dataset from an earlier run, among the statistics."""


@dataclass
class LabellingRun:
    """A run in progress; an async context manager that owns the output folder while it is open."""

    parts: Parts
    out: Location
    resume: bool
    on_progress: Callable[[Progress], None]
    delegates_shards: bool = False
    """Other processes label the shards (`remote_shard`); no model is asked from here."""
    earlier_labels: EarlierLabels = "apart"
    patience_s: float = 0.0
    """How long a run that is at work on the same output is waited for."""
    _costs_of_shards: dict[str, dict[str, Cost]] = field(default_factory=dict)
    _done: int = 0
    _started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.out = located(self.out)
        self._model_names = sorted(self.parts.samplers)
        self.run_id, *self._known_as = run_ids(self.parts)
        self._recipe = self.parts.recipe
        self._work = storage_of(self.out).local / "_work"
        self.shards = plan_shards(
            self.parts.problems,
            self.parts.options.shards,
            self._work / self.run_id,
            self.parts.recipe.group_size,
        )
        self.provenance = Provenance(self.run_id, self.parts.config_sha, code_version(), "")

    async def __aenter__(self) -> LabellingRun:
        self._stack = AsyncExitStack()
        try:
            self._stack.enter_context(
                held(self._work / "run.lock", self.out, self.run_id, "labelling", self.patience_s)
            )
            self._refuse_unwanted_resume()
            refuse_if_locked_out(self.out)
            answering = {one.name: one.fingerprint for one in self.parts.environments}
            tell_others(self._work, self.parts.config_sha, answering, self.run_id)
            # Only now: this may start servers, which a run that is refused must not do.
            for name in [] if self.delegates_shards else self._model_names:
                await self.parts.samplers[name].ready()
            for environment in () if self.delegates_shards else self.parts.environments:
                await environment.ready()
            journal = self._stack.enter_context(Journal(self._work / "journal.sqlite"))
            if not self.delegates_shards:
                # Before the run has a folder: one that is refused here leaves nothing to resume.
                await probe_all(self.parts.samplers, self.parts.needs)
            make_folder(self._work / self.run_id)
            for sampler in self.parts.samplers.values():
                if isinstance(sampler, Remembers):
                    sampler.remember_in(self._work / self.run_id / "batches")
            self._journal = journal
            self._gather_journals()
            options = self.parts.options
            self._purse = Purse(self.parts.prices, journal, self.run_id)
            self._driver = Driver(
                routes(
                    self.parts.samplers,
                    self.parts.checker,
                    self.parts.sandbox,
                    self.parts.environments,
                ),
                journal,
                max_active=options.max_active,
                retry=Retry(options.attempts, options.longest_pause_s),
                purse=self._purse,
            )
            await self._stack.enter_async_context(self._driver)
            if not self.delegates_shards:
                self._recipe = await ready_recipe(
                    self.parts.recipe,
                    first_problems(self.parts.recipe, self.parts.problems),
                    len(self.parts.problems),
                    self.parts.prices,
                    self._driver,
                )
                reporting = asyncio.create_task(self._keep_reporting())
                self._stack.callback(reporting.cancel)
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._close()

    async def _close(self) -> None:
        await self._stack.aclose()
        await self.parts.aclose()

    def finished_version(self) -> int | None:
        """The version that this run wrote before, if it did."""
        return version_of_run(self.out, self.run_id, *self._known_as)

    def already_there(self, version: int) -> RunSummary:
        """The summary of a run that had been committed before."""
        n_problems = len(self.parts.problems)
        return RunSummary(self.out, self.run_id, version, n_problems, 0, {}, {}, {}, 0.0, True)

    def _refuse_unwanted_resume(self) -> None:
        if self.resume:
            return
        version = self.finished_version()
        if version is not None:
            raise DatasetError(
                f"{self.out}: version {version} already holds this run; "
                f"change the seed or the config, or see it with labeler stats {self.out}"
            )
        for name in (self.run_id, *self._known_as):
            if (self._work / name).exists():
                raise DatasetError(
                    f"{self.out}: holds this run unfinished; add --resume to go on, "
                    f"or delete {self._work / name} to start again"
                )

    def learned(self, dropped: Mapping[str, str]) -> None:
        """Takes down who is asked no more, and why, where another process has learned it."""
        self._recipe = replace(self._recipe, dropped=dropped)

    async def label(self, shard: Shard) -> ShardSummary:
        """Labels one shard and stages its rows; several may run at once."""

        def on_problem() -> None:
            self._done += 1
            self._report()

        costs = self._costs_of_shards[shard.name] = {}
        return await label_shard(
            shard, self._driver, self._recipe, self.provenance, costs, on_problem
        )

    def _report(self) -> None:
        costs = [cost for shard in self._costs_of_shards.values() for cost in shard.values()]
        self.on_progress(
            Progress(
                self._done,
                len(self.parts.problems),
                sum(cost.samples for cost in costs),
                sum(cost.completion_tokens for cost in costs),
            )
        )

    async def _keep_reporting(self) -> None:
        """Problems may take minutes each; tokens come all the time."""
        while True:
            self._report()
            await asyncio.sleep(REPORT_PERIOD_S)

    async def label_all(self) -> list[ShardSummary]:
        """All shards, a few at a time, in order."""
        room = asyncio.Semaphore(SHARDS_AT_ONCE)

        async def one(shard: Shard) -> ShardSummary:
            async with room:
                return await self.label(shard)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(shard)) for shard in self.shards]
        return [task.result() for task in tasks]

    def commit(
        self,
        summaries: Sequence[ShardSummary],
        *,
        replaces: bool = False,
        may_be_empty: bool = False,
    ) -> RunSummary:
        """Makes one new version of all shards, then removes what was staged.

        Rows that all say what the dataset says already make none, unless the run `replaces` them.
        Raises `DataError` where nothing was labelled, unless the version `may_be_empty`: a
        schedule's, which tells that these problems were tried.
        """
        whole = ShardSummary(rejections=list(self.parts.rejections))
        for summary in summaries:
            whole.add(summary)
        if not whole.n_rows and not may_be_empty:
            self._refuse_empty(whole.rejections)
        earlier = earlier_rows(self.out, self.parts.recipe.rule, self.earlier_labels)
        rows, learned = self._decided(earlier)
        labelers = self._told_of_labelers()
        again = repeated(self.out, rows)
        if again.version is not None and not replaces:
            self._clear()
            return self.already_there(again.version)
        if again.n_solutions and not replaces:
            whole.statistics[ALREADY_THERE] = Counter(solutions=again.n_solutions)
        info = log_entry(
            self.parts,
            self.run_id,
            self.provenance.code_version,
            whole,
            seconds=round(time.monotonic() - self._started, 3),
            consensus={"learned": learned} if learned else {},
            acquire=labelers,
            **money_of(self.parts, self._purse.spent),
        )
        self._list_rejections(whole.rejections)
        if earlier is None:
            version = commit(self.out, rows(), info, self._known_as, COMMIT_PATIENCE_S)
        else:
            version = commit_together(
                self.out, self.parts.recipe.rule, earlier, self._files(), info
            )
        self._clear()
        return RunSummary(
            self.out,
            self.run_id,
            version,
            len(self.parts.problems),
            whole.n_rows,
            dict(Counter(rejection.stage for rejection in whole.rejections)),
            whole.cost,
            {name: dict(counts) for name, counts in whole.statistics.items()},
            time.monotonic() - self._started,
            reasons=dict(Counter(one.reason for one in whole.rejections).most_common(3)),
            spent=self._purse.spent,
            currency=self.parts.prices.currency,
            labelers=labelers,
        )

    def _told_of_labelers(self) -> Mapping[str, Mapping[str, str]]:
        rule = self.parts.recipe.rule
        if self.parts.recipe.terms is None or not isinstance(rule, Fusion):
            return {}
        ready = fitted_to(rule, all_rows(None, self._files()))
        rows = labelled_rows(all_rows(None, self._files()))
        return told_of_labelers(self._recipe, self.parts.problems, rows, ready)

    def _refuse_empty(self, rejections: Sequence[Rejection]) -> None:
        """A version without a row would look like success."""
        self._list_rejections(rejections)
        self._clear()
        problems = f"none of {len(self.parts.problems):,} problems"
        raise DataError(
            f"{self.out}: {problems} was labelled, so there is no new version "
            f"({told_reasons(rejections) or 'no solution was written'}); see "
            f"{self.out}/_rejections/{self.run_id}.jsonl and change the problems or the run file"
        )

    def _clear(self) -> None:
        """Removes what was staged; the replies stay in the journal."""
        self._gather_journals()
        for name in (self.run_id, *self._known_as):
            shutil.rmtree(self._work / name, ignore_errors=True)

    def _gather_journals(self) -> None:
        """Replies that other processes of this run kept in journals of their own become ours."""
        for path in sorted((self._work / self.run_id).glob("*.sqlite")):
            self._journal.take_over(path)

    def _files(self) -> list[Path]:
        return [shard.rows_file for shard in self.shards]

    def _decided(
        self, earlier: Dataset | None
    ) -> tuple[Callable[[], Iterator[pa.RecordBatch]], Mapping[str, Any]]:
        """All staged rows, decided again by a rule that learns from them, and what it learned."""
        files = self._files()
        rule = self.parts.recipe.rule
        if not isinstance(rule, Learner):
            return lambda: read_shards(files), {}
        ready = fitted_to(rule, taught_by(self.out, self.earlier_labels, earlier, files))
        return lambda: recomputed_rows(read_shards(files), ready), ready.report()

    def _list_rejections(self, rejections: Sequence[Rejection]) -> None:
        lines = (json.dumps(_listed(one), ensure_ascii=False) + "\n" for one in rejections)
        content = (line.encode("utf-8", "replace") for line in lines)
        storage_of(self.out).write(f"_rejections/{self.run_id}.jsonl", content)


async def run_plainly(run: LabellingRun) -> RunSummary:
    """The whole run without Prefect."""
    async with run:
        version = run.finished_version()
        if version is not None:
            return run.already_there(version)
        try:
            summaries = await run.label_all()
        except ExceptionGroup as group:
            # One shard's error cancels the others; the first is the cause.
            raise group.exceptions[0] from None
        return run.commit(summaries)


def _listed(rejection: Rejection) -> dict[str, str]:
    """As it stands in the list; only replies have a text."""
    return {name: value for name, value in asdict(rejection).items() if name != "text" or value}
