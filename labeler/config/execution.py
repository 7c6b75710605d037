"""`execution:` of a run file: where shards are labelled."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from labeler.settings import Strict


class Execution(Strict):
    """In this process, or spread over the nodes of a Ray cluster; never changes labels.

    `address` is that of the cluster's head (`auto` finds the one this machine belongs to). Each
    shard takes `cpus` and `gpus` of a node, and the model is loaded once in every process that
    labels shards, so one GPU per shard is one engine per GPU. All nodes must see the output folder
    under the same path.
    """

    engine: Literal["local", "ray"] = "local"
    """Where shards are labelled."""
    address: str = "auto"
    """Of the cluster's head."""
    cpus: Annotated[float, Field(gt=0)] = 1.0
    """Processors of a node per shard."""
    gpus: Annotated[float, Field(ge=0)] = 0.0
    """GPUs per shard; fractions are allowed."""
    retries: Annotated[int, Field(ge=0)] = 5
    """How often a shard is begun again elsewhere after its node or process was lost."""
