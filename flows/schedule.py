"""Schedules on a Prefect server: add, list, pause, resume, remove; `labeler schedule` calls this.

A schedule is a Prefect deployment with a cron line. With a work pool its runs go to whatever worker
is free; without one this process serves it until it is stopped. Deployments name their flow by its
module, so a worker needs this package installed, not this folder.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labeler.dataset.storage import Location, located
from labeler.errors import ConfigError
from labeler.shown import say

from . import SETTINGS

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient
    from prefect.client.schemas.responses import DeploymentResponse
    from prefect.deployments.runner import RunnerDeployment
    from prefect.flows import Flow
    from rich.table import Table

TAG = "labeler"
N_FIELDS = 5
"""Minute, hour, day of the month, month, day of the week."""

WRITERS = ("label", "incremental", "refresh")
"""Flows that add versions to a dataset: one schedule of these per dataset."""


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A schedule as `labeler schedule list` shows it; times are ISO 8601 in UTC."""

    name: str
    cron: str
    timezone: str
    active: bool
    pool: str | None
    out: str
    next_run: str | None
    last_run: str | None
    last_state: str | None


async def add(deployment: RunnerDeployment, out: Location, pool: str | None) -> str:
    """Registers a schedule with the server; its full name. Refuses a second writer of a dataset."""
    from prefect.client.orchestration import get_client
    from prefect.exceptions import ObjectNotFound

    async with get_client() as client:
        for other in await _all(client):
            theirs = (other.parameters or {}).get("out")
            name = f"{await _flow_name(client, other)}/{other.name}"
            writes = {deployment.flow_name, name.partition("/")[0]} <= {*WRITERS}
            if writes and name != deployment.full_name and theirs == str(out):
                raise ConfigError(
                    f"schedule {name} writes {out} already; `labeler schedule remove {name}` "
                    "first, or choose another --out"
                )
        if pool is not None:
            try:
                await client.read_work_pool(pool)
            except ObjectNotFound:
                known = ", ".join(p.name for p in await client.read_work_pools()) or "none"
                raise ConfigError(
                    f"--pool {pool}: the server has no such work pool (it has: {known}); "
                    f"make it with `prefect work-pool create {pool} --type process`"
                ) from None
    await deployment.aapply(work_pool_name=pool)
    return deployment.full_name


async def deployment_of(
    flow: str,
    name: str,
    parameters: dict[str, Any],
    cron: str,
    timezone: str,
    pool: str | None,
) -> RunnerDeployment:
    """A checked deployment that is not yet on the server. Raises `ConfigError`."""
    from prefect.client.schemas.schedules import CronSchedule
    from prefect.schedules import Cron
    from prefect.types.entrypoint import EntrypointType
    from pydantic import ValidationError

    try:
        checked = CronSchedule(cron=cron, timezone=timezone)
        # Six and seven fields would count seconds: a labelling run never takes so little.
        key = "" if len(cron.split()) == N_FIELDS else "cron"
    except ValidationError as error:
        key = str(error.errors()[0]["loc"][0])
    if key:
        example = '"0 2 * * *" (every night at two)' if key == "cron" else "Europe/Berlin"
        given = cron if key == "cron" else timezone
        raise ConfigError(f"--{key} {given!r}: not a valid {key}; write for example {example}")
    return await flow_named(flow).ato_deployment(
        name,
        schedule=Cron(checked.cron, timezone=checked.timezone),
        parameters=parameters,
        tags=[TAG],
        work_pool_name=pool,
        job_variables={"env": SETTINGS} if pool else None,
        entrypoint_type=EntrypointType.MODULE_PATH,
    )


def flow_named(name: str) -> Flow[..., Any]:
    """One of our flows."""
    from .audit import audit
    from .incremental import incremental
    from .label import label
    from .publish import publish
    from .refresh import refresh

    flows = {flow.name: flow for flow in (label, incremental, refresh, publish, audit)}
    if name not in flows:
        raise ConfigError(f"--flow {name}: choose among {', '.join(flows)}")
    return flows[name]


def parameters_for(
    flow: str, config: str, out: Location, settings: Sequence[str]
) -> dict[str, Any]:
    """What a scheduled run is given: the run file, the folder, and `key=value` for the flow."""
    from labeler.config import load_config
    from labeler.config.load import setting

    known = inspect.signature(flow_named(flow).fn).parameters
    of_flow = [one for one in settings if one.partition("=")[0] in known]
    loaded = load_config(config, [one for one in settings if one not in of_flow])
    # A schedule always goes on with what an interrupted run left.
    usual = {"config": loaded.model_dump(mode="json"), "out": str(out), "resume": True}
    given = {name: value for name, value in usual.items() if name in known}
    given |= (setting(one, "sample=200") for one in of_flow)
    return given


async def listed() -> list[Scheduled]:
    """All schedules of this project on the server, by name."""
    from prefect.client.orchestration import get_client

    async with get_client() as client:
        found = [await _scheduled(client, deployment) for deployment in await _all(client)]
    return sorted(found, key=lambda schedule: schedule.name)


async def change(name: str, action: str) -> None:
    """Pauses, resumes or removes a schedule; what it labelled stays. Raises `ConfigError`."""
    from prefect.client.orchestration import get_client

    async with get_client() as client:
        names = {f"{await _flow_name(client, d)}/{d.name}": d for d in await _all(client)}
        chosen = [full for full in names if name in (full, full.split("/")[1])]
        if len(chosen) != 1:
            known = ", ".join(chosen or sorted(names)) or "none"
            fault = "several schedules have this name" if chosen else "no such schedule"
            raise ConfigError(f"{name}: {fault}; choose among: {known}")
        deployment = names[chosen[0]].id
        match action:
            case "pause":
                await client.pause_deployment(deployment)
            case "resume":
                await client.resume_deployment(deployment)
            case "remove":
                await client.delete_deployment(deployment)


async def _all(client: PrefectClient) -> list[DeploymentResponse]:
    from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags

    ours = DeploymentFilter(tags=DeploymentFilterTags(all_=[TAG]))
    return list(await client.read_deployments(deployment_filter=ours))


async def _flow_name(client: PrefectClient, deployment: DeploymentResponse) -> str:
    return (await client.read_flow(deployment.flow_id)).name


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
    return Scheduled(
        name=f"{await _flow_name(client, deployment)}/{deployment.name}",
        cron=", ".join(str(getattr(schedule, "cron", schedule)) for schedule in schedules),
        timezone=", ".join(str(getattr(schedule, "timezone", "")) for schedule in schedules),
        active=not deployment.paused and any(one.active for one in deployment.schedules),
        pool=deployment.work_pool_name,
        out=str((deployment.parameters or {}).get("out", "")),
        next_run=_time(following[0].expected_start_time) if following else None,
        last_run=_time(last[0].start_time) if last else None,
        last_state=last[0].state_name if last else None,
    )


def _time(moment: Any) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")


async def add_schedule(
    config: str,
    out: str,
    flow: str,
    cron: str,
    timezone: str,
    pool: str | None,
    name: str | None,
    settings: Sequence[str],
) -> None:
    """Adds a schedule and says so; without a pool this process then serves it until it ends."""
    folder = located(out)
    folder = folder.resolve() if isinstance(folder, Path) else folder
    parameters = parameters_for(flow, config, folder, settings)
    name = name or (parameters.get("config") or {}).get("name") or folder.name
    deployment = await deployment_of(flow, name, parameters, cron, timezone, pool)
    full_name = await add(deployment, folder, pool)
    if pool:
        say(f"{full_name}: scheduled {cron} ({timezone}) on pool {pool}")
        return
    from prefect import aserve

    say(f"{full_name}: served here {cron} ({timezone}); Ctrl-C pauses it")
    await aserve(deployment, print_starting_message=False)


def schedule_table(schedules: Sequence[Scheduled]) -> Table:
    """Schedules as a person reads them."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("schedule", "cron", "", "pool", "next run", "last run", ""):
        table.add_column(column)
    for one in schedules:
        table.add_row(
            one.name, f"{one.cron} {one.timezone}", "active" if one.active else "paused",
            one.pool or "served", one.next_run or "-", one.last_run or "-", one.last_state or "",
        )  # fmt: skip
    return table
