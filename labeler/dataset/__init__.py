"""Versioned datasets of labelled solutions: shards are staged, then one commit makes one version.

`shards` writes and reads whole Parquet files, `store` commits them to Delta Lake under the `lock`,
`reader` opens a version, `tagging` names versions. Nothing here labels, exports or publishes.
"""

from labeler.dataset.reader import Dataset, open_dataset
from labeler.dataset.shards import read_shards, write_shard
from labeler.dataset.store import CommitInfo, Version, commit
from labeler.dataset.tagging import resolve, set_tag, tags

__all__ = [
    "CommitInfo",
    "Dataset",
    "Version",
    "commit",
    "open_dataset",
    "read_shards",
    "resolve",
    "set_tag",
    "tags",
    "write_shard",
]
