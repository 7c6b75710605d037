"""Whether the process of a flow run is alive, and how the run ended: told by files, not by events.

    PREFECT_HOME/labeler/runs/<flow run id>.lock   held by the run's process until that is gone
    PREFECT_HOME/labeler/runs/<flow run id>.json   {"state": "Completed", "message": "..."}

The system lets go of a lock whose holder died, however it died, so a lock that is free means that
nobody is at work. The note is written before the server is told: a run of which the server never
heard the end has ended all the same (`flows.revival`). Does not cover runs of other machines, of
which there is no file here, and runs in a terminal, which nobody else takes over.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar, cast
from uuid import UUID

from prefect import runtime
from prefect.client.orchestration import get_client
from prefect.states import Completed

from labeler.dataset.lock import is_held
from labeler.shown import line

from .prefect_home import our_folder
from .reporting import shown

KEPT_DAYS = 30
"""As long as Prefect keeps its flow runs."""

Result = TypeVar("Result")
_held: list[object] = []
"""Locks of this process; never let go, for a process may still have to tell how its run ended."""


@dataclass(frozen=True, slots=True)
class End:
    """How a flow run ended: the name of Prefect's state, and its message."""

    state: str
    message: str


async def told(work: Coroutine[Any, Any, tuple[Result, str]]) -> Result:
    """Runs a flow's work, which gives its result and what came of it in one line.

    The line becomes the message of the final state. A run that has completed is not run again,
    whoever asks for it.
    """
    run_id = runtime.flow_run.id if runtime.deployment.id else None
    if run_id is None:
        return await _completed(*await work)
    before = end_of(run_id)
    if before is not None and before.state == "Completed":
        work.close()
        said = f"had completed before, not run again: {before.message}"
        return await _completed(None, said)
    _hold(run_id)
    try:
        result, said = await work
    except Exception as error:
        _note(run_id, End("Failed", line(f"{type(error).__name__}: {error}")))
        raise
    _note(run_id, End("Completed", said))
    return await _completed(result, said)


async def _completed(result: Result | None, said: str) -> Result:
    """What a flow returns for a result, so that its state carries a message.

    Whoever calls the flow is handed the result by Prefect. The run is named after the version that
    it made.
    """
    version, run_id = getattr(result, "version", None), runtime.flow_run.id
    if version is not None and run_id is not None:
        await shown(_rename(run_id, f"{runtime.flow_run.name}, version {version}"))
    return cast(Result, Completed(data=result, message=said))


async def _rename(run_id: str, name: str) -> None:
    async with get_client() as client:
        await client.update_flow_run(UUID(run_id), name=name)


def is_alive(run_id: str) -> bool | None:
    """Whether a run's process is there; None where this machine has never seen one."""
    file = _folder() / f"{run_id}.lock"
    return is_held(file) if file.exists() else None


def end_of(run_id: str) -> End | None:
    """How a run ended by its own account, None where it gave none."""
    try:
        return End(**json.loads((_folder() / f"{run_id}.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def forget(run_id: str) -> None:
    """Removes the lock of a process that is gone: the next attempt has not begun yet."""
    (_folder() / f"{run_id}.lock").unlink(missing_ok=True)


def forget_old() -> None:
    """Removes files of runs that ended long ago."""
    oldest = time.time() - KEPT_DAYS * 24 * 3600
    for file in _folder().glob("*"):
        with suppress(OSError):
            if file.stat().st_mtime < oldest and not is_held(file):
                file.unlink()


def _folder() -> Path:
    return our_folder("runs")


def _hold(run_id: str) -> None:
    from filelock import FileLock

    # With patience, for `is_held` holds it for a moment when it looks.
    lock = FileLock(_folder() / f"{run_id}.lock", timeout=5)
    lock.acquire()
    _held.append(lock)
    # Since what it says is of an earlier attempt.
    (_folder() / f"{run_id}.json").unlink(missing_ok=True)


def _note(run_id: str, end: End) -> None:
    file = _folder() / f"{run_id}.json"
    temporary = file.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(json.dumps(asdict(end)), encoding="utf-8")
    temporary.replace(file)
