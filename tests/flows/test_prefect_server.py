"""SQLite under Prefect's server: who reads and then writes is not refused because another wrote."""

import asyncio
from contextlib import suppress

import pytest
from prefect.server.database.configurations import AioSqliteConfiguration
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from flows.prefect_server import LOCKED, TurnTaking

READ, WRITE = text("SELECT sum(n) FROM counted"), text("INSERT INTO counted VALUES (1)")


async def two_that_read_and_then_write(config):
    """The second comes while the first has read and not yet written; the sum at the end."""
    engine = await config.engine()
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE counted (n INTEGER)"))
    first_has_read, second_is_done = asyncio.Event(), asyncio.Event()

    async def first():
        async with await config.session(engine) as session, config.begin_transaction(session):
            await session.execute(READ)
            first_has_read.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(second_is_done.wait(), 0.5)
            await session.execute(WRITE)

    async def second():
        await first_has_read.wait()
        async with await config.session(engine) as session, config.begin_transaction(session):
            await session.execute(READ)
            await session.execute(WRITE)
        second_is_done.set()

    try:
        await asyncio.gather(first(), second())
        async with engine.connect() as connection:
            return (await connection.execute(READ)).scalar()
    finally:
        await engine.dispose()


def test_the_second_waits_for_its_turn(tmp_path):
    config = TurnTaking(f"sqlite+aiosqlite:///{tmp_path}/turns.db")
    assert asyncio.run(two_that_read_and_then_write(config)) == 2


def test_without_turns_the_first_is_refused_at_once(tmp_path):
    """So it still is in Prefect; when it no longer is, `flows.prefect_server` may go."""
    config = AioSqliteConfiguration(f"sqlite+aiosqlite:///{tmp_path}/none.db")
    with pytest.raises(OperationalError, match=LOCKED):
        asyncio.run(two_that_read_and_then_write(config))
