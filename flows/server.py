"""`labeler server`: a local Prefect server, a work pool and a worker, in one command.

Everything ends with this process. State lies in Prefect's own folder (PREFECT_HOME), so schedules
are there again at the next start. An automation puts runs that died back into the queue: their
heartbeats cease, and the next free worker goes on where they were.
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from labeler.errors import BackendDown, ConfigError

if TYPE_CHECKING:
    from prefect.automations import AutomationCore

START_TIMEOUT_S = 180.0
STOP_TIMEOUT_S = 40.0
SILENCE_S = 90
"""Three heartbeats."""

REVIVAL = "labeler: run again what died"


async def prepare(pool: str) -> None:
    """Makes the work pool and the automation where they are missing."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectNotFound

    async with get_client() as client:
        try:
            await client.read_work_pool(pool)
        except ObjectNotFound:
            await client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
        if not await client.read_automations_by_name(REVIVAL):
            await client.create_automation(_revival())


def _revival() -> AutomationCore:
    from prefect.automations import AutomationCore, EventTrigger, Posture, ResourceSpecification
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ChangeFlowRunState

    final = ("Completed", "Failed", "Cancelled", "Crashed", "Cancelling", "AwaitingRetry")
    beat = "prefect.flow-run.heartbeat"
    return AutomationCore(
        name=REVIVAL,
        description="A run whose heartbeats cease is put back into the queue.",
        trigger=EventTrigger(
            after={beat},
            expect={beat, *(f"prefect.flow-run.{name}" for name in final)},
            match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
            # Runs without a deployment belong to a terminal, which nobody else can take over.
            match_related=ResourceSpecification(
                {
                    "prefect.resource.id": ["prefect.deployment.*"],
                    "prefect.resource.role": ["deployment"],
                }
            ),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=SILENCE_S),
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.SCHEDULED,
                name="AwaitingRetry",
                message="no heartbeat: the process died; run again from its journal",
                force=True,
            )
        ],
    )


def serve_all(port: int, pool: str, limit: int) -> None:
    """Starts all, then waits until one of them ends or this process is told to stop."""
    url = f"http://127.0.0.1:{port}"
    prefect = [sys.executable, "-m", "prefect"]
    _refuse_taken(port)
    children = [_child([*prefect, "server", "start", "--host", "127.0.0.1", "--port", str(port)])]
    try:
        _wait_until_healthy(f"{url}/api/health", children[0])
        asyncio.run(prepare(pool))
        work = ["worker", "start", "--pool", pool, "--type", "process", "--limit", str(limit)]
        children.append(_child([*prefect, *work, "--install-policy", "never"]))
        print(f"page {url}, pool {pool}, one worker; Ctrl-C stops all", flush=True)
        print(f"elsewhere: export PREFECT_API_URL={url}/api", flush=True)
        while all(child.poll() is None for child in children):
            time.sleep(0.5)
        raise BackendDown("the Prefect server or its worker ended by itself; see the lines above")
    except KeyboardInterrupt:
        print("stopping", flush=True)
    finally:
        _stop(children)


def _child(command: Sequence[str]) -> subprocess.Popen[bytes]:
    # Its own session: Ctrl-C reaches this process alone, which stops the others in order.
    return subprocess.Popen(command, start_new_session=True)


def _stop(children: Sequence[subprocess.Popen[bytes]]) -> None:
    """The worker first, so that its runs can still tell the server how they ended."""
    for child in reversed(children):
        if child.poll() is None:
            child.send_signal(signal.SIGINT)
        try:
            child.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _refuse_taken(port: int) -> None:
    import socket

    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise ConfigError(
                f"port {port} is taken, perhaps by a server that runs already; "
                "use it, or choose another with --port"
            )


def _wait_until_healthy(url: str, server: subprocess.Popen[bytes]) -> None:
    import httpx

    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if httpx.get(url, timeout=5).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.3)
    raise BackendDown(f"the Prefect server did not come up at {url}; see the lines above")
