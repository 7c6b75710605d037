"""Two processes on one dataset: both are done, or the later one is told who is at work.

A run holds its output folder from its first problem on, but the dataset only while it commits. So
labels may be recomputed, reviewed and tagged meanwhile, and its rows come on top of theirs.
"""

import asyncio
import time
from threading import Thread

import pytest

from labeler.dataset.lock import only_committer
from labeler.dataset.reader import open_dataset
from labeler.dataset.tagging import set_tag, tags
from labeler.errors import DatasetError
from labeler.labelling import run as labelling
from labeler.labelling.run import LabellingRun, run_plainly
from labeler.view.viewer import Viewer
from labeler.wiring.consensus import recompute_labels
from tests.noisy_policy import parts

FEW = {"problems": {"kind": "oracle", "n": 6, "seed": 5}}


def opened(out, resume=False, **changes):
    return LabellingRun(parts(**FEW | changes), out, resume, lambda progress: None)


def label(out, resume=False, **changes):
    return asyncio.run(run_plainly(opened(out, resume, **changes)))


def rows(out, run_id, version=None):
    return [
        row | {"shard": ""} for row in open_dataset(out, version).rows() if row["run_id"] == run_id
    ]


def test_labels_are_recomputed_reviewed_and_tagged_while_a_run_is_at_work(tmp_path):
    out = tmp_path / "out"
    first, alone = label(out), label(tmp_path / "alone", seed=1)

    async def both():
        second = opened(out, seed=1)
        sampler = second.parts.samplers["policy"]
        sample, at_work, go_on = sampler.sample, asyncio.Event(), asyncio.Event()

        async def paused(batch):
            at_work.set()
            await go_on.wait()
            return await sample(batch)

        sampler.sample = paused
        task = asyncio.create_task(run_plainly(second))
        await at_work.wait()
        assert recompute_labels(out, "first_zero", {}).version == 1
        viewer = Viewer(open_dataset(out))
        viewer.review(1, 0, {0: -1})
        assert viewer.commit() == 2
        viewer.close()
        assert set_tag(out, "meanwhile") == 2
        go_on.set()
        return await task

    summary = asyncio.run(both())
    assert (summary.version, tags(out)) == (3, {"meanwhile": 2})
    assert rows(out, summary.run_id) == rows(tmp_path / "alone", alone.run_id)
    assert rows(out, first.run_id, 3) == rows(out, first.run_id, 2) != rows(out, first.run_id, 0)
    assert {row["run_id"] for row in open_dataset(out).rows()} == {first.run_id, summary.run_id}


def test_a_run_waits_for_who_commits_at_its_end(tmp_path):
    out = tmp_path / "out"
    label(out)
    left = []

    def committing():
        with only_committer(out, "consensus"):
            time.sleep(2)
            left.append(open_dataset(out).version)

    thread = Thread(target=committing)
    thread.start()
    time.sleep(0.2)
    summary = label(out, seed=1)
    thread.join()
    assert (left, summary.version) == ([0], 1)


def test_a_run_that_waits_in_vain_is_told_who_commits_and_resumes_without_asking(
    tmp_path, monkeypatch
):
    out = tmp_path / "out"
    alone = label(tmp_path / "alone")
    monkeypatch.setattr(labelling, "COMMIT_PATIENCE_S", 0.1)
    with (
        only_committer(out, "consensus"),
        pytest.raises(DatasetError, match=r"run consensus, process \d+ on .* is committing"),
    ):
        label(out)
    resumed, asked = opened(out, resume=True), []
    resumed.parts.samplers["policy"].sample = asked.append
    again = asyncio.run(run_plainly(resumed))
    assert rows(out, again.run_id) == rows(tmp_path / "alone", alone.run_id)
    assert asked == []
