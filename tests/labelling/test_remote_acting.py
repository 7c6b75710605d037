"""A shard that another process labels, as Ray's tasks do: its calls are made there."""

from __future__ import annotations

import asyncio
import pickle

import pytest

from labeler.dataset.reader import open_dataset
from labeler.errors import BackendDown
from labeler.labelling.remote_shard import ShardTask, label_shard_task
from labeler.labelling.run import LabellingRun, run_plainly
from tests.acting_policy import PASSAGES, corpus, parts


def labels(out):
    rows = list(open_dataset(out).rows())
    for row in rows:
        del row["shard"]
    return rows


def handed_out(out, library, there):
    """The version that a run commits whose shards are labelled with the parts of `there`."""
    run = LabellingRun(parts(library), out, False, lambda progress: None, delegates_shards=True)

    def task(shard):
        made = ShardTask(
            shard,
            run.provenance,
            {name: one.fingerprint for name, one in run.parts.samplers.items()},
            environments={one.name: one.fingerprint for one in run.parts.environments},
        )
        return pickle.loads(pickle.dumps(made))

    async def main():
        async with run:
            summaries = [await label_shard_task(task(shard), parts(there)) for shard in run.shards]
            return run.commit(summaries)

    return asyncio.run(main())


def test_shards_that_other_processes_label_have_the_same_labels(tmp_path):
    library = corpus(tmp_path / "passages.jsonl")
    handed_out(tmp_path / "there", library, library)
    run = LabellingRun(parts(library), tmp_path / "here", False, lambda progress: None)
    asyncio.run(run_plainly(run))
    assert labels(tmp_path / "there") == labels(tmp_path / "here")


def test_a_node_with_another_corpus_is_refused(tmp_path):
    library = corpus(tmp_path / "passages.jsonl")
    other = corpus(tmp_path / "other.jsonl", PASSAGES[1:])
    with pytest.raises(BackendDown, match="environment 'search' differs between the nodes"):
        handed_out(tmp_path / "out", library, other)
