"""Labelled solutions brought into a dataset as a run brings them: a staged shard, then a commit."""

from __future__ import annotations

from pathlib import Path

from labeler.dataset import CommitInfo, commit, read_shards, write_shard
from labeler.records import LabeledSolution
from labeler.schema import Provenance, row


def committed(
    dataset: Path, info: CommitInfo, *solutions: LabeledSolution, shard: str = "0"
) -> int:
    """Appends them as the run that `info` names; the version. The staged file lies beside."""
    staged = dataset.parent / f"{info.run_id}.parquet"
    origin = Provenance(info.run_id, info.config_sha, info.code_version, shard)
    write_shard(staged, (row(one, origin) for one in solutions))
    return commit(dataset, read_shards([staged]), info)
