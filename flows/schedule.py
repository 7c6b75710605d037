"""Schedules on a Prefect server: add, pause, resume, remove; `labeler schedule` calls this.

A schedule is a Prefect deployment with a cron line. With a work pool its runs go to whatever worker
is free; without one this process serves it until it is stopped. Deployments name their flow by its
module, so a worker needs this package installed, not this folder. What is checked when one is added
stands in `flows.schedule_checks`, what is listed in `flows.schedule_list`.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labeler.dataset.storage import Location, located
from labeler.errors import ConfigError
from labeler.shown import say

from . import SETTINGS
from .schedule_checks import (
    Taken,
    check_bounds,
    check_models,
    check_output,
    check_publication,
    check_source,
    refuse_clash,
)

if TYPE_CHECKING:
    from uuid import UUID

    from prefect.client.orchestration import PrefectClient
    from prefect.client.schemas.responses import DeploymentResponse
    from prefect.deployments.runner import RunnerDeployment
    from prefect.flows import Flow

TAG = "labeler"
N_FIELDS = 5
"""Minute, hour, day of the month, month, day of the week."""


async def add(deployment: RunnerDeployment, pool: str | None) -> tuple[str, bool]:
    """Registers a schedule; its full name, and whether it rests: one that rested goes on resting.

    Raises `ConfigError` where another schedule has its name or its output.
    """
    from prefect.client.orchestration import get_client
    from prefect.exceptions import ObjectNotFound

    async with get_client() as client:
        others = {await full_name(client, one): one for one in await all_of_ours(client)}
        taken = [Taken(name, one.parameters or {}) for name, one in others.items()]
        refuse_clash(deployment.full_name, deployment.parameters or {}, taken)
        before = others.get(deployment.full_name)
        if before is not None:
            deployment.paused = before.paused
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
    return deployment.full_name, bool(deployment.paused)


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
    flow: str, config: str, out: Location, settings: Sequence[str], *, models: bool = True
) -> dict[str, Any]:
    """What a scheduled run is given: the run file, the folder, and `key=value` for the flow.

    Raises `LabelerError` for all that can be known to be wrong now.
    """
    from labeler.config import load_config
    from labeler.config.load import setting

    known = inspect.signature(flow_named(flow).fn).parameters
    of_flow = [one for one in settings if one.partition("=")[0] in known]
    loaded = load_config(config, [one for one in settings if one not in of_flow])
    # A schedule always goes on with what an interrupted run left.
    usual = {"config": loaded.model_dump(mode="json"), "out": str(out), "resume": True}
    given = {name: value for name, value in usual.items() if name in known}
    if flow == "publish":
        # There it is the path of the run file that the card shows, where one is to be shown.
        del given["config"]
    given |= (setting(one, "sample=200") for one in of_flow)
    if flow == "publish" and given.get("config"):
        given["config"] = str(Path(str(given["config"])).resolve())
    check_output(flow, out)
    check_bounds(given)
    if flow == "publish":
        check_publication(given)
        _refuse_wrong_types(flow, given)
    else:
        _refuse_wrong_types(flow, given)
        check_source(flow, loaded)
        if models:
            check_models(loaded)
    return given


def _refuse_wrong_types(flow: str, given: dict[str, Any]) -> None:
    """What the flow itself would refuse, at the hour of its first run."""
    from prefect.exceptions import ParameterTypeError

    try:
        flow_named(flow).validate_parameters(given)
    except ParameterTypeError as error:
        first = str(error).splitlines()[1].strip(" -")
        raise ConfigError(f"--set {first}") from None


async def change(name: str, action: str) -> None:
    """Pauses, resumes or removes a schedule; what it labelled stays. Raises `ConfigError`.

    A pause and a removal hold at once: runs that wait or are about to begin are cancelled, runs at
    work go on.
    """
    from prefect.client.orchestration import get_client

    async with get_client() as client:
        names = {await full_name(client, d): d for d in await all_of_ours(client)}
        chosen = [full for full in names if name in (full, full.split("/")[1])]
        if len(chosen) != 1:
            known = ", ".join(chosen or sorted(names)) or "none"
            fault = "several schedules have this name" if chosen else "no such schedule"
            raise ConfigError(f"{name}: {fault}; choose among: {known}")
        deployment = names[chosen[0]].id
        if action == "resume":
            await client.resume_deployment(deployment)
            return
        await client.pause_deployment(deployment)
        await _cancel_waiting(client, deployment, f"its schedule was {action.rstrip('e')}ed")
        if action == "remove":
            await client.delete_deployment(deployment)


async def _cancel_waiting(client: PrefectClient, deployment: UUID, why: str) -> None:
    """Cancels runs that have not begun; the server itself has forgotten those of the future."""
    from prefect.client.schemas import filters
    from prefect.client.schemas.objects import StateType
    from prefect.states import Cancelled

    types = filters.FlowRunFilterStateType(any_=[StateType.SCHEDULED, StateType.PENDING])
    waiting = await client.read_flow_runs(
        deployment_filter=filters.DeploymentFilter(
            id=filters.DeploymentFilterId(any_=[deployment])
        ),
        flow_run_filter=filters.FlowRunFilter(state=filters.FlowRunFilterState(type=types)),
    )
    for run in waiting:
        await client.set_flow_run_state(run.id, Cancelled(message=why))


async def all_of_ours(client: PrefectClient) -> list[DeploymentResponse]:
    """The schedules of this project."""
    from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags

    ours = DeploymentFilter(tags=DeploymentFilterTags(all_=[TAG]))
    return list(await client.read_deployments(deployment_filter=ours))


async def full_name(client: PrefectClient, deployment: DeploymentResponse) -> str:
    """flow/name, as people call a schedule."""
    return f"{(await client.read_flow(deployment.flow_id)).name}/{deployment.name}"


async def add_schedule(
    config: str,
    out: str,
    flow: str,
    cron: str,
    timezone: str,
    pool: str | None,
    name: str | None,
    settings: Sequence[str],
    models: bool = True,
) -> None:
    """Adds a schedule and says so; without a pool this process then serves it until it ends."""
    folder = located(out)
    folder = folder.resolve() if isinstance(folder, Path) else folder
    parameters = parameters_for(flow, config, folder, settings, models=models)
    given = parameters.get("config")
    name = name or (given.get("name") if isinstance(given, dict) else None) or folder.name
    deployment = await deployment_of(flow, name, parameters, cron, timezone, pool)
    full, rests = await add(deployment, pool)
    if pool:
        paused = f"; it is paused, as before (`labeler schedule resume {full}`)" if rests else ""
        say(f"{full}: scheduled {cron} ({timezone}) on pool {pool}{paused}")
        return
    from prefect import aserve

    say(f"{full}: served here {cron} ({timezone}); Ctrl-C pauses it")
    await aserve(deployment, print_starting_message=False)
