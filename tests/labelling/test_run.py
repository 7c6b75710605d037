"""Whole runs: resumed = fresh, one shard = many, one at a time = all at once."""

import asyncio
import json
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from labeler.dataset.reader import open_dataset
from labeler.dataset.store import version_of_run
from labeler.driver.requests import Failed
from labeler.errors import BackendDown, DatasetError
from labeler.labelling.run import LabellingRun, run_plainly
from labeler.oracle.generate import Difficulty, generate_problems
from labeler.oracle.oracle import grade
from tests.journalled import journalled
from tests.noisy_policy import N_PROBLEMS, parts

ROOT = Path(__file__).parents[2]


def label(out, *, resume=False, given=None, **changes):
    run = LabellingRun(given or parts(**changes), out, resume, lambda progress: None)
    return asyncio.run(run_plainly(run))


def labels(out):
    """All rows without the name of the shard that wrote them."""
    rows = list(open_dataset(out).rows())
    for row in rows:
        del row["shard"]
    return rows


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    summary = label(out)
    return out, summary, labels(out)


def test_a_run_labels_what_the_oracle_confirms(undisturbed):
    """The noisy policy never recovers, so located first errors are right but for bad luck."""
    _, summary, rows = undisturbed
    truth = {p.problem.problem_id: p for p in generate_problems(N_PROBLEMS, 5, Difficulty())}
    kept = [row for row in rows if row["consensus"]["kept"]]
    right = sum(
        grade(truth[row["problem_id"]], [s["text"] for s in row["steps"]]).first_error
        == row["first_error"]
        for row in kept
    )
    assert summary.n_problems == N_PROBLEMS
    assert len(rows) == summary.n_solutions > 2 * N_PROBLEMS
    assert len(kept) > len(rows) / 2
    assert right > 0.95 * len(kept)


def test_the_commit_says_what_was_run_and_what_it_cost(undisturbed):
    out, summary, rows = undisturbed
    [version] = open_dataset(out).versions()
    info = version.info
    assert (info.run_id, info.model, info.seed) == (summary.run_id, "noisy", 0)
    assert info.counts["problems"] == N_PROBLEMS
    assert info.counts["solutions"] == len(rows)
    assert info.cost["completion_tokens"] == sum(
        cost["completion_tokens"] for cost in info.cost["by_asker"].values()
    )
    assert set(info.cost["by_asker"]) == {"solve", "monte_carlo", "omegaprm"}


@pytest.mark.parametrize("shards", [1, 3, 24])
def test_the_number_of_shards_does_not_matter(tmp_path, undisturbed, shards):
    label(tmp_path / "out", run={"shards": shards, "max_active": 50})
    assert labels(tmp_path / "out") == undisturbed[2]


def test_one_problem_at_a_time_gives_the_same_labels(tmp_path, undisturbed):
    label(tmp_path / "out", run={"shards": 1, "max_active": 1})
    assert labels(tmp_path / "out") == undisturbed[2]


def test_killed_at_random_moments_and_resumed_the_labels_are_the_same(tmp_path, undisturbed):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "tests.run_noisily", str(out)]
    rng = random.Random(1)
    killed = 0
    # Small steps first, so that a machine too busy to kill in time still kills often enough.
    for step in (20, 20, 20, 20, 20, 20, *([120] * 12)):
        child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        goal = journalled(out) + rng.randint(1, step)
        if staged(out):
            # All replies are there: die at any instant of replaying, staging and committing.
            with suppress(subprocess.TimeoutExpired):
                child.wait(timeout=rng.uniform(0.8, 2.5))
        while child.poll() is None and journalled(out) < goal and not staged(out):
            time.sleep(0.005)
        child.send_signal(signal.SIGKILL)
        killed += child.wait() == -signal.SIGKILL
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    assert killed >= 10
    assert labels(out) == undisturbed[2]
    assert len(open_dataset(out).versions()) == 1


def staged(out):
    """Whether the last shard is staged, or the work is done."""
    return any(out.glob("_work/*/shard-4-of-4.json")) or (out / "_delta_log").exists()


def test_a_run_that_died_repeats_no_call(tmp_path, undisturbed):
    asked = []

    class Dying:
        """Gives up after some batches, as an engine does."""

        def __init__(self, sampler, lives):
            self.sampler, self.lives = sampler, lives

        def __getattr__(self, name):
            return getattr(self.sampler, name)

        async def sample(self, batch):
            if len(asked) >= self.lives:
                raise BackendDown("engine gone")
            asked.append(len(batch))
            return await self.sampler.sample(batch)

    def given(lives):
        made = parts()
        made.samplers["policy"] = Dying(made.samplers["policy"], lives)
        return made

    out = tmp_path / "out"
    with pytest.raises(BackendDown, match="engine gone"):
        label(out, given=given(20))
    assert not (out / "_delta_log").exists()
    summary = label(out, given=given(10**6), resume=True)
    assert labels(out) == undisturbed[2]
    # `label` checks distinct answers once; calls to the model alone are counted here.
    total = sum(c.calls - c.reused for c in summary.cost.values())
    assert 0 < total < sum(c.calls for c in undisturbed[1].cost.values())


def test_a_shard_that_an_earlier_build_staged_is_made_anew_of_its_replies(tmp_path, undisturbed):
    out = tmp_path / "out"

    async def first_shard():
        run = LabellingRun(parts(), out, False, lambda progress: None)
        async with run:
            await run.label(run.shards[0])
            return run.shards[0].rows_file

    staged = asyncio.run(first_shard())
    table = pq.read_table(staged).drop_columns("samples")
    pq.write_table(table, staged)
    summary = label(out, resume=True)
    assert labels(out) == undisturbed[2]
    assert summary.cost["solve"].reused > 0


def test_without_resume_an_unfinished_run_is_not_touched(tmp_path):
    out = tmp_path / "out"
    made = parts()
    (out / "_work" / LabellingRun(made, out, False, print).run_id).mkdir(parents=True)
    with pytest.raises(DatasetError, match=r"holds this run unfinished; add --resume to go on"):
        label(out, given=made)


def test_a_finished_run_is_not_written_twice(tmp_path):
    out = tmp_path / "out"
    first = label(out)
    again = label(out, resume=True)
    assert (again.already_there, again.version) == (True, first.version)
    with pytest.raises(DatasetError, match="version 0 already holds this run"):
        label(out)


def test_another_seed_is_another_version_of_the_same_dataset(tmp_path):
    out = tmp_path / "out"
    first, second = label(out), label(out, seed=1)
    assert [first.version, second.version] == [0, 1]
    assert open_dataset(out, 0).scan().collect().height == first.n_solutions
    assert version_of_run(out, second.run_id) == 1


def test_two_runs_on_one_output_the_second_is_told_who_holds_it(tmp_path):
    async def both():
        first = LabellingRun(parts(), tmp_path / "out", False, print)
        second = LabellingRun(parts(seed=3), tmp_path / "out", False, print)
        async with first, second:
            pass

    with pytest.raises(DatasetError, match=r"run \w{16}, process \d+ on .* is labelling"):
        asyncio.run(both())


def test_a_run_that_is_refused_starts_no_model(tmp_path):
    started = []

    def noting(name, **changes):
        made = parts(**changes)

        async def ready():
            started.append(name)

        made.samplers["policy"].ready = ready
        return made

    async def both():
        first = LabellingRun(noting("first"), tmp_path / "out", False, print)
        second = LabellingRun(noting("second", seed=3), tmp_path / "out", False, print)
        async with first, second:
            pass

    with pytest.raises(DatasetError, match="is labelling"):
        asyncio.run(both())
    assert started == ["first"]


def rejections(out, summary):
    text = (out / "_rejections" / f"{summary.run_id}.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_one_problem_that_cannot_be_asked_does_not_stop_the_run(tmp_path):
    made = parts()
    script = made.samplers["policy"]._script
    bad = made.problems[3]
    made.samplers["policy"]._script = lambda prompt, index: (
        Failed("prompt has 9000 tokens, the model takes 1024")
        if prompt.messages[-1].content == bad.text
        else script(prompt, index)
    )
    summary = label(tmp_path / "out", given=made)
    listed = rejections(tmp_path / "out", summary)
    assert {
        "stage": "solve",
        "record_id": bad.problem_id,
        "reason": "prompt has 9000 tokens, the model takes 1024",
    } in listed
    assert summary.rejections["solve"] >= 1
    assert bad.problem_id not in {row["problem_id"] for row in labels(tmp_path / "out")}


def test_the_difficulty_filter_rejects_with_its_counts(tmp_path):
    summary = label(tmp_path / "out", difficulty_filter={"samples": 8, "above": 0.2, "below": 0.6})
    listed = rejections(tmp_path / "out", summary)
    reasons = [r["reason"] for r in listed if r["stage"] == "difficulty"]
    assert summary.rejections["difficulty"] == len(reasons) > 0
    assert all("of 8 samples right" in reason for reason in reasons)


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 300 kB, and the function that makes it larger."""
    disk = tmp_path / "disk"
    disk.mkdir()

    def mount(*options):
        command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(disk)]
        return subprocess.run(command, capture_output=True, check=False).returncode

    if mount("size=300k"):
        pytest.skip("mounting a small disk needs more rights than this process has")
    yield disk, lambda: mount("remount", "size=20m")
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_is_one_line_and_the_run_goes_on_when_there_is_room(small_disk, undisturbed):
    disk, enlarge = small_disk
    with pytest.raises(DatasetError, match=r"disk is full.*free disk space and run again with"):
        label(disk / "out")
    assert not (disk / "out" / "_delta_log").exists()
    enlarge()
    label(disk / "out", resume=True)
    assert labels(disk / "out") == undisturbed[2]


def test_a_disk_that_became_read_only_is_one_line_and_nothing_is_lost(small_disk, undisturbed):
    disk, enlarge = small_disk
    enlarge()
    made = parts()
    sample, batches = made.samplers["policy"].sample, []

    async def sample_for_a_while(batch):
        batches.append(len(batch))
        if len(batches) > 20:
            raise BackendDown("engine gone")
        return await sample(batch)

    made.samplers["policy"].sample = sample_for_a_while
    with pytest.raises(BackendDown):
        label(disk / "out", given=made)
    kept = journalled(disk / "out")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    with pytest.raises(DatasetError, match=r"cannot write .*: Read-only file system; check its"):
        label(disk / "out", resume=True)
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    assert journalled(disk / "out") == kept > 0
    label(disk / "out", resume=True)
    assert labels(disk / "out") == undisturbed[2]


def test_a_clock_that_jumps_changes_nothing(tmp_path, undisturbed, monkeypatch):
    """Hours forth and back between any two looks at it."""
    now, hours = time.time, iter(range(10**9))
    monkeypatch.setattr(time, "time", lambda: now() + 3600 * (-1) ** next(hours) * next(hours))
    label(tmp_path / "out", run={"longest_pause_s": 0.1})
    assert labels(tmp_path / "out") == undisturbed[2]


def test_every_row_holds_the_counts_of_all_samples_of_its_problem(undisturbed):
    """Two are drawn of each; equal ones are kept once, and searches add rows of their own."""
    _, summary, rows = undisturbed
    by_problem = {row["problem_id"]: row["samples"] for row in rows}
    assert all(row["samples"] == by_problem[row["problem_id"]] for row in rows)
    assert {samples["n"] for samples in by_problem.values()} == {2}
    right = sum(samples["n_correct"] for samples in by_problem.values())
    solving = summary.statistics["solve"]
    assert (solving["samples"], solving["right"]) == (2 * N_PROBLEMS, right)
