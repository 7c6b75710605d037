"""Flow runs that use one engine share it: a limit on shards at once, kept by the Prefect server.

The limit has the engine's name (the servers' addresses, or this machine and its device) and can be
changed on Prefect's page or by `prefect gcl update`. A run that died gives its places back within
a minute. Without a server that keeps limits, runs go on unlimited.
"""

from __future__ import annotations

import re
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from prefect import get_run_logger
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.concurrency.asyncio import (
    AcquireConcurrencySlotTimeoutError,
    ConcurrencySlotAcquisitionError,
    concurrency,
)
from prefect.exceptions import ObjectNotFound

from labeler.labelling.run import SHARDS_AT_ONCE

from .parameters import Config
from .reporting import SERVER_ERRORS

LEASE_S = 60.0
PATIENCE_S = 600.0


def engine_name(config: Config) -> str:
    """The name of the limit: `engine-` and what the policy's model runs on."""
    urls = getattr(config.policy, "urls", None)
    device = getattr(config.policy, "device", "none")
    place = "-".join(urls) if urls else f"{socket.gethostname()}-{device}"
    return "engine-" + re.sub(r"[^A-Za-z0-9.]+", "-", place).strip("-")


@asynccontextmanager
async def place_on(engine: str) -> AsyncIterator[None]:
    """Holds a place on an engine while shards are labelled; nobody waits for ever.

    A server that lost its memory of who holds a place never gives it back, so after `PATIENCE_S`
    work goes on without one: slower on a busy engine, but never stuck.
    """
    place = concurrency(
        engine,
        timeout_seconds=PATIENCE_S,
        lease_duration=LEASE_S,
        strict=False,
        raise_on_lease_renewal_failure=False,
    )
    async with AsyncExitStack() as held:
        try:
            await held.enter_async_context(place)
        except (AcquireConcurrencySlotTimeoutError, ConcurrencySlotAcquisitionError) as error:
            get_run_logger().warning("no place on %s, going on without: %r", engine, error)
        yield


async def limited_engine(config: Config) -> str:
    """The name of the engine of a run, with a limit under it if there was none."""
    name = engine_name(config)
    try:
        async with get_client() as client:
            try:
                await client.read_global_concurrency_limit_by_name(name)
            except ObjectNotFound:
                wanted = GlobalConcurrencyLimitCreate(name=name, limit=SHARDS_AT_ONCE)
                await client.create_global_concurrency_limit(wanted)
    except SERVER_ERRORS as error:
        get_run_logger().warning("no limit on %s: the Prefect server says %r", name, error)
    return name
