"""`labeler server`: a local Prefect server, a work pool and a worker, in one command.

Everything ends with this process. State lies in Prefect's own folder (PREFECT_HOME), so schedules
are there again at the next start. What the server and the worker print goes to their logs; the
terminal shows which runs began and how they ended. One of the two that dies is started again, and
runs that died are put back into the queue (`flows.revival`).
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from threading import Event, Thread
from typing import TYPE_CHECKING

from labeler.errors import BackendDown, ConfigError
from labeler.shown import say

from .children import Child, log_of

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

    from .revival import Watch

START_TIMEOUT_S = 180.0
HOST = "127.0.0.1"

OLD_REVIVAL = "labeler: run again what died"
"""An automation of earlier versions, which ran again what had ended."""

DATABASE = "PREFECT_API_DATABASE_CONNECTION_URL"
"""Prefect's own setting; a Postgres that is there already is named by it."""


def prepare(client: SyncPrefectClient, pool: str) -> None:
    """Makes the work pool where it is missing, and takes away what earlier versions left."""
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectNotFound

    try:
        client.read_work_pool(pool)
    except ObjectNotFound:
        client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
    for automation in client.request("POST", "/automations/filter", json={}).json():
        if automation["name"] == OLD_REVIVAL:
            client.request("DELETE", "/automations/{id}", path_params={"id": automation["id"]})


def serve_all(port: int, pool: str, limit: int, *, postgres: bool) -> None:
    """Starts all, and keeps it at work until this process is told to stop."""
    from prefect.client.orchestration import get_client

    from .at_work import forget_old
    from .revival import Watch

    url = f"http://{HOST}:{port}"
    _refuse_taken(port)
    forget_old()
    with ExitStack() as started:
        children = []
        if postgres:
            children.append(_with_postgres(started))
        serve = [sys.executable, "-m", f"{__package__}.prefect_server", HOST, str(port)]
        children.append(_started(started, Child("server", serve, told)))
        _wait_until_healthy(f"{url}/api/health", children[-1])
        client = started.enter_context(get_client(sync_client=True))
        prepare(client, pool)
        watch = Watch(client, told)
        # Between the end of the worker and that of the server.
        started.callback(_put_back, watch)
        work = ["worker", "start", "--pool", pool, "--type", "process", "--limit", str(limit)]
        worker = [sys.executable, "-m", "prefect", *work, "--install-policy", "never"]
        children.append(_started(started, Child("worker", worker, told)))
        print(f"page {url}, pool {pool}, one worker; Ctrl-C stops all", flush=True)
        print(f"elsewhere: export PREFECT_API_URL={url}/api", flush=True)
        print(f"logs: {log_of('server')}, {log_of('worker')}", flush=True)
        over = Event()
        looking = Thread(target=_keep_looking, args=(watch.look, over), daemon=True)
        looking.start()
        try:
            while True:
                for child in children:
                    child.keep()
                time.sleep(0.5)
        except KeyboardInterrupt:
            print("stopping", flush=True)
        finally:
            over.set()


def told(words: str) -> None:
    """One of our lines in the terminal, with the time."""
    say(f"{datetime.now():%H:%M:%S} {words}")
    sys.stdout.flush()


def _put_back(watch: Watch) -> None:
    from .reporting import SERVER_ERRORS

    try:
        watch.put_back()
    except SERVER_ERRORS as error:
        told(f"runs at work were not put back: the server does not answer ({error!r})")


def _keep_looking(look: Callable[[], None], over: Event) -> None:
    from .reporting import SERVER_ERRORS
    from .revival import LOOK_S

    while not over.wait(LOOK_S):
        try:
            look()
        except (*SERVER_ERRORS, RuntimeError) as error:
            # The client is closed as soon as all is over.
            if not over.is_set():
                told(f"the server does not answer ({type(error).__name__}); asked again")


def _with_postgres(started: ExitStack) -> Child:
    """Postgres, which the server started next is told of."""
    from prefect.settings import get_current_settings

    from .postgres import place, serving

    if os.environ.get(DATABASE):
        raise ConfigError(f"--postgres: {DATABASE} names a database already; unset one of the two")
    where = place(get_current_settings().home)
    child = started.enter_context(serving(where, told))
    os.environ[DATABASE] = where.url
    return child


def _started(started: ExitStack, child: Child) -> Child:
    """The worker is stopped first, so that its runs can still tell the server how they ended."""
    started.callback(child.stop)
    return child


def _refuse_taken(port: int) -> None:
    import socket

    with socket.socket() as probe:
        if probe.connect_ex((HOST, port)) == 0:
            raise ConfigError(
                f"port {port} is taken, perhaps by a server that runs already; "
                "use it, or choose another with --port"
            )


def _wait_until_healthy(url: str, server: Child) -> None:
    import httpx

    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and not server.has_ended():
        try:
            if httpx.get(url, timeout=5).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.3)
    raise BackendDown(f"the Prefect server did not come up at {url}; see {log_of('server')}")
