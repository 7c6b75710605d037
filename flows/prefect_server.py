"""Prefect's server on SQLite, every transaction of which waits for its turn.

Prefect opens its transactions with BEGIN DEFERRED: they first read, then write. One that has read
when another commits may no longer write, and SQLite refuses it at once with "database is locked",
whatever the time-outs (a stale snapshot cannot be waited for). Here a transaction asks for the
right to write when it begins (BEGIN IMMEDIATE) and waits for it as long as Prefect's time-out says.
How long it waited is logged where that begins to hurt; `labeler doctor` reads it.

Does not change other databases: with Postgres this is Prefect's server as it is. Started by
`flows.server`; the database's part is put in by Prefect's own injection of dependencies.
Source: sqlite.org/lang_transaction.html, sqlite.org/rescode.html#busy_snapshot.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import uvicorn
from prefect.server.api.server import create_app
from prefect.server.database.configurations import SQLITE_BEGIN_MODE, AioSqliteConfiguration
from prefect.server.database.dependencies import MODELS_DEPENDENCIES
from prefect.settings import get_current_settings

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction

LONG_WAIT_S = 5.0
"""Longer than a person waits for a page; far less than the time-out at which requests fail."""

WAITED = "waited for the database"
LOCKED = "database is locked"
"""What stands in the server's log where SQLite is not enough."""


class TurnTaking(AioSqliteConfiguration):
    """SQLite whose transactions all may write, one after the other."""

    @asynccontextmanager
    async def begin_transaction(
        self, session: AsyncSession, with_for_update: bool = False
    ) -> AsyncGenerator[AsyncSessionTransaction, None]:
        """A transaction that holds the right to write, whatever `with_for_update` says."""
        async with session.begin() as transaction:
            began = time.monotonic()
            token = SQLITE_BEGIN_MODE.set("IMMEDIATE")
            try:
                await session.connection()
            finally:
                # Only this connection: sessions that are opened within must not wait for us.
                SQLITE_BEGIN_MODE.reset(token)
            waited_s = time.monotonic() - began
            if waited_s > LONG_WAIT_S:
                logging.getLogger("prefect.server").warning("%s: %.0f s", WAITED, waited_s)
            yield transaction


def main(host: str, port: int) -> None:
    """Serves until it is told to stop, as `prefect server start` does."""
    settings = get_current_settings().server
    url = settings.database.connection_url
    if url is not None and url.get_secret_value().startswith("sqlite"):
        MODELS_DEPENDENCIES["database_config"] = TurnTaking(url.get_secret_value())
    level = settings.logging_level.lower()
    keep_alive = settings.api.keepalive_timeout
    app = create_app(final=True)
    uvicorn.run(app, host=host, port=port, timeout_keep_alive=keep_alive, log_level=level)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
