"""Which failed shards are worth trying again."""

from __future__ import annotations

from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from labeler.errors import LabelerError


def is_retryable(task: Task[..., object], task_run: TaskRun, state: State[object]) -> bool:
    """A full disk or a wrong setting is not mended by trying again."""
    error = state.data if isinstance(state.data, BaseException) else None
    error = getattr(state.data, "error", error)
    return not isinstance(error, LabelerError) or error.retry_helps
