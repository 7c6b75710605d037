"""`labeler schedule list`: what is scheduled, from what source into what output, and how it goes.

The next run is the one that the server has planned; where it has not planned any yet, the one that
its own library computes from the cron line, in the schedule's time zone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from .schedule import all_of_ours, full_name
from .schedule_checks import source_of, version_of

if TYPE_CHECKING:
    from datetime import datetime

    from prefect.client.orchestration import PrefectClient
    from prefect.client.schemas.responses import DeploymentResponse
    from rich.table import Table


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A schedule as `labeler schedule list` shows it; times are ISO 8601 in its own time zone.

    `version` is the newest of its output, None where there is none yet; `last_message` what the
    last run said of itself.
    """

    name: str
    cron: str
    timezone: str
    active: bool
    pool: str | None
    source: str
    out: str
    version: int | None
    next_run: str | None
    last_run: str | None
    last_state: str | None
    last_message: str | None


async def listed() -> list[Scheduled]:
    """All schedules of this project on the server, by name."""
    from prefect.client.orchestration import get_client

    async with get_client() as client:
        found = [await _scheduled(client, deployment) for deployment in await all_of_ours(client)]
    return sorted(found, key=lambda schedule: schedule.name)


async def _scheduled(client: PrefectClient, deployment: DeploymentResponse) -> Scheduled:
    from prefect.client.schemas.filters import (
        DeploymentFilter,
        DeploymentFilterId,
        FlowRunFilter,
        FlowRunFilterStartTime,
        FlowRunFilterState,
        FlowRunFilterStateType,
    )
    from prefect.client.schemas.objects import StateType
    from prefect.client.schemas.sorting import FlowRunSort

    this = DeploymentFilter(id=DeploymentFilterId(any_=[deployment.id]))
    waiting = FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED]))
    following = await client.read_flow_runs(
        deployment_filter=this,
        flow_run_filter=FlowRunFilter(state=waiting),
        sort=FlowRunSort.EXPECTED_START_TIME_ASC,
        limit=1,
    )
    last = await client.read_flow_runs(
        deployment_filter=this,
        flow_run_filter=FlowRunFilter(start_time=FlowRunFilterStartTime(is_null_=False)),
        sort=FlowRunSort.START_TIME_DESC,
        limit=1,
    )
    schedules = [one.schedule for one in deployment.schedules]
    zones = [str(getattr(schedule, "timezone", None) or "UTC") for schedule in schedules]
    zone = ZoneInfo(zones[0]) if zones else ZoneInfo("UTC")
    active = not deployment.paused and any(one.active for one in deployment.schedules)
    planned = following[0].expected_start_time if following else None
    out = str((deployment.parameters or {}).get("out", ""))
    state = last[0].state if last else None
    return Scheduled(
        name=await full_name(client, deployment),
        cron=", ".join(str(getattr(schedule, "cron", schedule)) for schedule in schedules),
        timezone=", ".join(zones),
        active=active,
        pool=deployment.work_pool_name,
        source=source_of(deployment.parameters or {}),
        out=out,
        version=version_of(out),
        next_run=_time(planned or await _computed(schedules), zone) if active else None,
        last_run=_time(last[0].start_time, zone) if last else None,
        last_state=state.name if state else None,
        last_message=(state.message or None) if state else None,
    )


async def _computed(schedules: Sequence[Any]) -> datetime | None:
    """The next time of a cron line, by the server's own reckoning."""
    from prefect.server.schemas.schedules import CronSchedule

    dates = [
        await CronSchedule(cron=one.cron, timezone=one.timezone).get_dates(1)
        for one in schedules
        if getattr(one, "cron", None)
    ]
    return min((date for some in dates for date in some), default=None)


def _time(moment: Any, zone: ZoneInfo) -> str | None:
    return None if moment is None else moment.astimezone(zone).isoformat(timespec="seconds")


def schedule_table(schedules: Sequence[Scheduled]) -> Table:
    """Schedules as a person reads them."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0))
    columns = ("schedule", "cron", "", "pool", "source", "output", "version", "next run")
    for column in (*columns, "last run", "result"):
        table.add_column(column)
    for one in schedules:
        version = "-" if one.version is None else str(one.version)
        said = f"{one.last_state or ''}{f': {one.last_message}' if one.last_message else ''}"
        table.add_row(
            one.name, f"{one.cron} {one.timezone}", "active" if one.active else "paused",
            one.pool or "served", one.source, one.out, version, one.next_run or "-",
            one.last_run or "-", said,
        )  # fmt: skip
    return table
